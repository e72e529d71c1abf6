"""From the float encoder to one that is written for convolutions in bfloat16.

A runtime rounds all to eight bits of precision there; more than half of what that changed came
from the first convolution. Grey values as whole numbers are exact in bfloat16, and so is a kernel
as the sum of two: so that convolution loses nothing.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from training.learning.front import GAINS, WHITE, tones

_TOP = 255


def split_first(source: Path, target: Path) -> None:
    """Write an encoder that does the same in float, and nearly the same in bfloat16.

    Args:
        source: the float encoder, its first steps written by `training.learning.front`.
        target: the file to write.
    """
    model = onnx.load(source)
    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    first = next(node for node in graph.node if node.op_type == "Conv")
    times, most, unit = _whole(tones(graph))
    kernel = numpy_helper.to_array(constants[first.input[1]]) * unit
    high = bfloat16(kernel)
    new = {
        GAINS: np.concatenate([times, times], axis=1),
        WHITE: np.concatenate([most, most], axis=1),
        first.input[1]: np.concatenate([high, kernel - high], axis=1),
    }
    for name, values in new.items():
        if name in constants:
            constants[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _whole(gains: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return factor, upper limit and unit of each tone, each (1, c, 1, 1), for whole numbers.

    min(grey * gain / 255, 1) is min(grey * factor, limit) * unit.
    """
    ends = _TOP / gains
    whole = ends == np.round(ends)  # the tone is white from a grey on that there is
    times, most = np.where(whole, 1, gains), np.where(whole, ends, _TOP)
    return tuple(part.reshape(1, -1, 1, 1) for part in (times, most, 1 / most))


def bfloat16(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to the nearest of 8 bits of precision, which bfloat16 has."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(np.float64)

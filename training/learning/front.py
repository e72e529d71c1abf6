"""The first steps of an exported encoder, from bytes to what the first convolution sees.

Keras' exporter writes them a pixel at a time, which took two thirds of the default encoder.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from training.learning.graph import drop_unused, replace_before

TILES, GREY = "tiles", "grey"
"""The encoder's input, and the same with an axis for channels: uint8, exactly the tile."""
GAINS, WHITE = "gains", "white"
"""What grey values are multiplied with, and what they are at most where some gain is above 1."""


def shorten(file: Path, gains: Sequence[float]) -> None:
    """Put the same function in place of all nodes before the first convolution.

    (n, side, side) uint8 -> (n, len(gains), side, side) float32: grey values times
    gain / 255, at most 1.
    """
    model = onnx.load(file)
    graph = model.graph
    first = next(node for node in graph.node if node.op_type == "Conv").input[0]
    factors = (np.array(gains, np.float32) / np.float32(255)).reshape(1, -1, 1, 1)
    scaled = first if max(gains) <= 1 else "tones"
    nodes = [
        helper.make_node("Unsqueeze", [TILES, "channel_axis"], [GREY]),
        helper.make_node("Cast", [GREY], ["values"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["values", GAINS], [scaled]),
    ]
    constants = {"channel_axis": np.array([1]), GAINS: factors}
    if scaled != first:
        nodes.append(helper.make_node("Min", [scaled, WHITE], [first]))
        constants[WHITE] = np.array(1, np.float32)
    replace_before(graph, first, nodes)
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    drop_unused(graph)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def tones(graph: onnx.GraphProto) -> NDArray[np.float64]:
    """Return the (c,) gains of a graph that `shorten` wrote."""
    stored = next(constant for constant in graph.initializer if constant.name == GAINS)
    gains: NDArray[np.float64] = numpy_helper.to_array(stored).astype(np.float64).ravel() * 255
    return gains.round(3)

"""Channels of a network's values made more alike, so that one scale of bytes suits them all.

A channel divided by a number before a ReLU, and multiplied by it after, is the same: one kernel
takes the division, the next the multiplication.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bundle.arrays import Tiles
from training.learning.inside import inner_values

_BETWEEN = ("Relu", "MaxPool")
"""What a factor passes through; not Clip, whose limit would have to change with it."""
_LEAST = 1e-2
"""Part of the largest channel that each counts as at least: none is blown up without end."""


def equalise(model: onnx.ModelProto, tiles: Tiles) -> None:
    """Share out each channel's range between two convolutions that follow one another.

    Half of it, as a square root, goes to either: bytes hold the values and the kernels of the
    second. The model stays the same function, but for rounding of float.

    Args:
        model: whose convolutions have kernel and bias; it is changed.
        tiles: (m, side, side) uint8 to see the ranges on.
    """
    pairs = [*_pairs(model.graph)]
    ranges = _ranges(model, [second.input[0] for _, second in pairs], tiles)
    constants = {constant.name: constant for constant in model.graph.initializer}
    for first, second in pairs:
        kernel, bias, after = (
            numpy_helper.to_array(constants[name]) for name in (*first.input[1:], second.input[1])
        )
        most = ranges[second.input[0]]
        size = np.abs(after)
        relative = size / size.max(axis=(1, 2, 3), keepdims=True).clip(np.finfo(size.dtype).tiny)
        factors = np.sqrt(
            np.maximum(most, _LEAST * most.max()) / relative.max(axis=(0, 2, 3)).clip(_LEAST)
        )
        changed = {
            first.input[1]: kernel / factors[:, None, None, None],
            first.input[2]: bias / factors,
            second.input[1]: after * factors[:, None, None],
        }
        for name, values in changed.items():
            constants[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))


def _pairs(graph: onnx.GraphProto) -> Iterator[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """Yield convolutions whose values reach one other, and nothing else."""
    takers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            takers.setdefault(name, []).append(node)
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        after = takers.get(node.output[0], [])
        while len(after) == 1 and after[0].op_type in _BETWEEN:
            after = takers.get(after[0].output[0], [])
        if len(after) == 1 and after[0].op_type == "Conv" and _groups(after[0]) == 1:
            yield node, after[0]


def _groups(node: onnx.NodeProto) -> int:
    return next((one.i for one in node.attribute if one.name == "group"), 1)


def _ranges(
    model: onnx.ModelProto, names: list[str], tiles: Tiles
) -> dict[str, NDArray[np.float32]]:
    """Return how large each channel of the values becomes."""
    if not names:
        return {}
    runs = inner_values(model, names, tiles)
    most = [[np.abs(values).max(axis=(0, 2, 3)) for values in run] for run in runs]
    return {name: np.max(parts, axis=0) for name, *parts in zip(names, *most, strict=True)}

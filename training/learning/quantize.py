"""From the float encoder to one that multiplies bytes: static quantisation, calibrated on tiles."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from bundle.arrays import Tiles
from training.learning.equalise import equalise
from training.learning.front import GREY, TILES
from training.learning.graph import drop_unused, makers, replace_before
from training.learning.levels import level

CALIBRATION_TILES = 128
_AT_ONCE = 8
_ROUNDS = "QuantizeLinear"
_QUANTISED = ("Conv", "Relu", "Clip", "MaxPool")


def quantize(source: Path, target: Path, tiles: Tiles) -> None:
    """Write an encoder whose convolutions multiply 8-bit integers, per output channel.

    Scales are fixed here, by the range that each value takes on the tiles: an answer cannot
    depend on the other tiles of its batch. One scale holds for all channels of a value, so
    they are made more alike before. What matters to neighbours stays in float: what the last
    convolution gives, dense layers, and where there are maps the first convolution, which sees
    three tones of a byte, and the last ones, which become latents and maps. Grey bytes that
    go into a convolution as they are need no rounding, so nothing is lost there. What is shifted
    alike on all tiles is set right at the end (`training.learning.levels`).

    Args:
        source: the float encoder.
        target: the file to write.
        tiles: (m, side, side) uint8 to calibrate on.
    """
    with TemporaryDirectory(prefix="quantize-") as folder, _silent():
        prepared, named = Path(folder) / "prepared.onnx", Path(folder) / "named.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True, skip_optimization=True)
        model = onnx.load(prepared)
        for number, node in enumerate(model.graph.node):
            node.name = f"{node.op_type}_{number}"
        equalise(model, tiles)
        onnx.save(model, named)
        first = next(node for node in model.graph.node if node.op_type == "Conv").input[0]
        has_maps = len(model.graph.output) > 1
        quantize_static(
            named,
            target,
            _Reader(tiles),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            reduce_range=not has_maps,
            nodes_to_quantize=_chosen(model.graph, has_maps=has_maps),
            extra_options={} if has_maps else {"TensorQuantOverrides": _bytes_as_they_are(first)},
        )
    if not has_maps:
        _feed_bytes(target, first)
        level(source, target, tiles)


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, tiles: Tiles) -> None:
        self._parts = (tiles[at : at + _AT_ONCE] for at in range(0, len(tiles), _AT_ONCE))

    def get_next(self) -> dict[str, Tiles] | None:
        part = next(self._parts, None)
        return None if part is None else {TILES: part}


def _chosen(graph: onnx.GraphProto, *, has_maps: bool) -> list[str]:
    nodes = [node for node in graph.node if node.op_type in _QUANTISED]
    if has_maps:
        last = _last(graph)
        inner = [node for node in nodes if node.op_type == "Conv" and node.name not in last][1:]
        made = {node.output[0] for node in inner}
        nodes = inner + [node for node in nodes if node.input[0] in made]
    return [node.name for node in nodes]


def _last(graph: onnx.GraphProto) -> set[str]:
    """Return the convolutions whose values reach an output through no other one."""
    made_by = makers(graph)
    found: set[str] = set()
    todo = [output.name for output in graph.output]
    while todo:
        maker = made_by.get(todo.pop())
        if maker is not None and maker.op_type == "Conv":
            found.add(maker.name)
        elif maker is not None:
            todo.extend(maker.input)
    return found


def _bytes_as_they_are(name: str) -> dict[str, list[dict[str, object]]]:
    scale, zero = np.array(1 / 255, np.float32), np.array(0, np.uint8)
    return {name: [{"scale": scale, "zero_point": zero, "quant_type": QuantType.QUInt8}]}


def _feed_bytes(file: Path, name: str) -> None:
    """Let the bytes of a tile go in where they would be scaled and rounded back to themselves."""
    model = onnx.load(file)
    graph = model.graph
    rounds = next(node for node in graph.node if node.op_type == _ROUNDS and node.input[0] == name)
    grey = next(node for node in graph.node if GREY in node.output)
    _leave_float(graph)
    for node in graph.node:
        taken = [GREY if value == rounds.output[0] else value for value in node.input]
        del node.input[:]
        node.input.extend(taken)
    replace_before(graph, rounds.output[0], [grey])
    drop_unused(graph)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _leave_float(graph: onnx.GraphProto) -> None:
    """Round nothing after the last convolution: what rounded stood for a ReLU as well."""
    last = max(at for at, node in enumerate(graph.node) if node.op_type == "Conv")
    rounding = {node.output[0]: node for node in graph.node[last:] if node.op_type == _ROUNDS}
    back = [node for node in graph.node if node.input[0] in rounding]
    for node in rounding.values():
        node.CopyFrom(helper.make_node("Relu", node.input[:1], node.output, node.name))
    plain = {node.output[0]: node.input[0] for node in back}
    kept = [node for node in graph.node if node.output[0] not in plain]
    for node in kept:
        for at, name in enumerate(node.input):
            node.input[at] = plain.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)


@contextmanager
def _silent() -> Iterator[None]:
    """Hold back the quantiser's advice, which goes to the root logger."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)

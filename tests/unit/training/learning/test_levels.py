"""What rounding shifts alike on all tiles is set right, on tiles that it never saw as well."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bundle.arrays import Tiles
from tests.tiny import tiny_tiles, write_encoder
from training.learning.levels import level

INPUTS = 16 * 16
LATENTS = 6
STILL = 2
"""A latent that is the same on all tiles."""


def write_dense(
    file: Path, *, gain: float = 1.0, shift: float = 0.0, computed: bool = False
) -> None:
    """Write tiles -> Flatten, a gain and a shift as rounding leaves them, a dense layer, Relu.

    computed: the layer's kernel is made by a node, and is no constant.
    """
    rng = np.random.default_rng(8)
    kernel = rng.normal(size=(INPUTS, LATENTS)) / INPUTS
    kernel[:, STILL] = 0
    constants = {
        "gain": np.array(gain / 255),
        "shift": np.array(shift),
        "kernel": kernel,
        "bias": rng.uniform(0.1, 0.2, LATENTS),
    }
    nodes = [
        helper.make_node("Cast", ["tiles"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["values"], ["row"]),
        helper.make_node("Mul", ["row", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["shifted"]),
        helper.make_node("MatMul", ["shifted", "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["latents"]),
    ]
    if computed:
        constants["half"] = constants.pop("kernel") / 2
        nodes.insert(0, helper.make_node("Add", ["half", "half"], ["kernel"]))
    stored = [
        numpy_helper.from_array(values.astype(np.float32), name)
        for name, values in constants.items()
    ]
    source = helper.make_tensor_value_info("tiles", TensorProto.UINT8, ["n", 16, 16])
    result = helper.make_tensor_value_info("latents", TensorProto.FLOAT, ["n", LATENTS])
    graph = helper.make_graph(nodes, "dense", [source], [result], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, file)


def latents(file: Path, tiles: Tiles) -> NDArray[np.float32]:
    """Return what a model gives."""
    found: NDArray[np.float32] = onnxruntime.InferenceSession(file).run(None, {"tiles": tiles})[0]
    return found


def test_a_gain_and_a_shift_of_all_tiles_are_undone(tmp_path: Path) -> None:
    """Latents of other tiles are the float ones again; one that never changes is only shifted."""
    source, target = tmp_path / "float.onnx", tmp_path / "rounded.onnx"
    write_dense(source)
    write_dense(target, gain=1.04, shift=0.02)
    tiles = tiny_tiles(48)
    others = tiles[24:]
    before = np.abs(latents(target, others) - latents(source, others)).max()
    level(source, target, tiles[:24])
    after = np.abs(latents(target, others) - latents(source, others))
    assert before > 1e-3
    assert after.max() < before / 1000
    assert np.ptp(latents(target, others)[:, STILL]) == 0


@pytest.mark.parametrize(
    ("write", "rounding"),
    [(write_encoder, {"drift": 0.1}), (partial(write_dense, computed=True), {"gain": 1.04})],
)
def test_what_does_not_end_in_a_dense_layer_of_constants_stays(
    write: Callable[..., None], rounding: dict[str, float], tmp_path: Path
) -> None:
    """To the byte."""
    source, target = tmp_path / "float.onnx", tmp_path / "rounded.onnx"
    write(source)
    write(target, **rounding)
    before = target.read_bytes()
    level(source, target, tiny_tiles(8))
    assert target.read_bytes() == before

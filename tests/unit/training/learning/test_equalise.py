"""Channels are made alike without changing what the network does."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bundle.arrays import Tiles
from tests.tiny import tiny_tiles
from training.learning.equalise import equalise


def two_convolutions() -> onnx.ModelProto:
    """Return tiles -> Conv, Relu, MaxPool, Conv, of channels that differ a hundredfold."""
    rng = np.random.default_rng(3)
    spread = np.array([1, 0.1, 0.01, 1]).reshape(4, 1, 1, 1)
    constants = {
        "axis": np.array([1]),
        "first": rng.normal(size=(4, 1, 3, 3)) * spread,
        "first_bias": rng.normal(size=4) * spread.ravel(),
        "second": rng.normal(size=(2, 4, 3, 3)),
        "second_bias": rng.normal(size=2),
    }
    nodes = [
        helper.make_node("Unsqueeze", ["tiles", "axis"], ["grey"]),
        helper.make_node("Cast", ["grey"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["values", "first", "first_bias"], ["a"], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["c", "second", "second_bias"], ["out"], pads=[1] * 4),
    ]
    stored = [
        numpy_helper.from_array(values if name == "axis" else values.astype(np.float32), name)
        for name, values in constants.items()
    ]
    source = helper.make_tensor_value_info("tiles", TensorProto.UINT8, ["n", 16, 16])
    result = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2, 8, 8])
    graph = helper.make_graph(nodes, "two", [source], [result], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def values(model: onnx.ModelProto, tiles: Tiles, name: str) -> NDArray[np.float32]:
    """Return one value inside a model."""
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    seen.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(seen.SerializeToString())
    found: NDArray[np.float32] = session.run([name], {"tiles": tiles})[0]
    return found


def test_channels_come_nearer_and_the_function_stays() -> None:
    """Ranges that differ a hundredfold differ tenfold; what comes out is the same."""
    model, tiles = two_convolutions(), tiny_tiles(12)
    before, inner = values(model, tiles, "out"), values(model, tiles, "c").max(axis=(0, 2, 3))
    equalise(model, tiles)
    after = values(model, tiles, "c").max(axis=(0, 2, 3))
    np.testing.assert_allclose(values(model, tiles, "out"), before, rtol=1e-4, atol=1e-3)
    assert inner.max() / inner.min() > 50
    assert after.max() / after.min() < 0.3 * inner.max() / inner.min()


def test_what_forks_is_left() -> None:
    """A value that something else takes as well keeps its range."""
    model = two_convolutions()
    model.graph.node.append(helper.make_node("Identity", ["b"], ["beside"]))
    model.graph.output.append(helper.make_tensor_value_info("beside", TensorProto.FLOAT, None))
    before = model.SerializeToString()
    equalise(model, tiny_tiles(4))
    assert model.SerializeToString() == before


@pytest.mark.parametrize("between", ["Identity", "Clip", "depthwise"])
def test_what_a_factor_cannot_pass_is_left(between: str) -> None:
    """A limit would have to change with it; a depthwise kernel has no channels to share it."""
    model = two_convolutions()
    node = model.graph.node[3]
    if between == "depthwise":
        own = {"own": np.ones((4, 1, 3, 3), np.float32), "own_bias": np.ones(4, np.float32)}
        model.graph.initializer.extend(numpy_helper.from_array(own[name], name) for name in own)
        node.CopyFrom(helper.make_node("Conv", ["a", *own], ["b"], pads=[1] * 4, group=4))
    else:
        node.CopyFrom(helper.make_node(between, ["a"], ["b"]))
    kernels = [one.SerializeToString() for one in model.graph.initializer if one.name == "first"]
    equalise(model, tiny_tiles(4))
    assert kernels == [
        one.SerializeToString() for one in model.graph.initializer if one.name == "first"
    ]


def test_a_kernel_of_zeros_is_no_reason_to_fail() -> None:
    """A channel that nothing comes of, as networks have them, leaves all numbers finite."""
    model, tiles = two_convolutions(), tiny_tiles(4)
    stored = next(one for one in model.graph.initializer if one.name == "second")
    kernel = numpy_helper.to_array(stored).copy()
    kernel[1] = 0
    stored.CopyFrom(numpy_helper.from_array(kernel, "second"))
    before = values(model, tiles, "out")
    equalise(model, tiles)
    np.testing.assert_allclose(values(model, tiles, "out"), before, rtol=1e-4, atol=1e-3)

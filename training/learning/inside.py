"""Values inside an exported model, on some tiles."""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from bundle.arrays import Tiles
from training.learning.front import TILES

_AT_ONCE = 8


def inner_values(
    model: onnx.ModelProto, names: Sequence[str], tiles: Tiles
) -> Iterator[list[NDArray[np.float32]]]:
    """Yield some values of a model, of a few tiles at a time, in the order of the names.

    Args:
        model: stays as it is.
        names: of values in its graph.
        tiles: (m, side, side) uint8.
    """
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    seen.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
    )
    session = onnxruntime.InferenceSession(seen.SerializeToString())
    for at in range(0, len(tiles), _AT_ONCE):
        yield session.run(names, {TILES: tiles[at : at + _AT_ONCE]})

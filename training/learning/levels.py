"""Latents of a rounded encoder set right: the level and the spread of each, as the float one has.

Nearly all that rounding changes in the study's latents it changes in the same way on every tile,
as black film and flat tissue give the same rounded values everywhere. A factor and a shift of each
latent, which the last dense layer takes up, undo that. Figures: docs/decisions.md.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bundle.arrays import Tiles
from training.learning.graph import makers
from training.learning.inside import inner_values

_FACTORS = (0.8, 1.25)
"""Least and most that a latent is stretched by; beyond it there is too little to tell from."""
_STILL = 1e-9
"""Variance of a latent below which it is the same on all tiles."""


def level(source: Path, target: Path, tiles: Tiles) -> None:
    """Change the last dense layer of `target`, so that its latents are on average as they were.

    Least squares of each latent before it is cut at zero. An encoder that does not end in a dense
    layer, a sum and a cut is left as it is.

    Args:
        source: the float encoder.
        target: the same one, rounded; it is changed.
        tiles: (m, side, side) uint8 to see both on.
    """
    model = onnx.load(target)
    graph = model.graph
    dense = _dense(graph)
    if dense is None:
        return
    wanted, found = (_before_cut(one, tiles) for one in (onnx.load(source), model))
    middle, spread = found.mean(axis=0), found.var(axis=0)
    together = ((found - middle) * (wanted - wanted.mean(axis=0))).mean(axis=0)
    factor = np.where(spread > _STILL, (together / spread.clip(_STILL)).clip(*_FACTORS), 1)
    shift = wanted.mean(axis=0) - factor * middle
    constants = {constant.name: constant for constant in graph.initializer}
    kernel, bias = (numpy_helper.to_array(constants[name]).astype(np.float64) for name in dense)
    changed = zip(dense, (kernel * factor, bias * factor + shift), strict=True)
    for name, values in changed:
        constants[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _dense(graph: onnx.GraphProto) -> tuple[str, str] | None:
    """Return the names of kernel and bias of the layer that ends the graph, if constants do."""
    made_by, constants = makers(graph), {constant.name for constant in graph.initializer}
    cut = made_by[graph.output[0].name]
    added = made_by.get(cut.input[0])
    if cut.op_type != "Relu" or added is None or added.op_type != "Add":
        return None
    product = made_by.get(added.input[0])
    if product is None or product.op_type != "MatMul":
        return None
    kernel, bias = product.input[1], added.input[1]
    return (kernel, bias) if constants.issuperset({kernel, bias}) else None


def _before_cut(model: onnx.ModelProto, tiles: Tiles) -> NDArray[np.float64]:
    """Return (m, d) latents before the last ReLU."""
    (cut,) = (node for node in model.graph.node if model.graph.output[0].name in node.output)
    runs = inner_values(model, [cut.input[0]], tiles)
    return np.concatenate([latents for (latents,) in runs]).astype(np.float64)

"""From Keras to ONNX: the two files that serve."""

import warnings
from itertools import starmap
from pathlib import Path

import keras
import numpy as np
import onnx
from keras import KerasTensor, layers, ops
from numpy.typing import NDArray
from onnx import helper

from training.learning.front import shorten
from training.learning.halves import bfloat16
from training.learning.network import Autoencoder
from training.learning.screener import TONES

_OPSET = 17
_REPEATS = {
    "coordinate_transformation_mode": "asymmetric",
    "mode": "nearest",
    "nearest_mode": "floor",
}
"""How ONNX makes a picture larger by repeating its places."""


def export(network: Autoencoder, folder: Path) -> None:
    """Write encoder.onnx and decoder.onnx into the folder.

    encoder: (n, side, side) uint8 -> (n, d) float32 latents and, where the network makes
    them, (n, 3, g, g) float32 maps; scaling to [0, 1] is inside, the three equal channels of
    the study are folded into the first kernel, batch normalisation into the convolution
    before it; the first steps are written anew, see `training.learning.front`. Where there are
    maps, kernels of convolutions are rounded to what bfloat16 holds: an encoder in it has the same.
    decoder: (n, d) float32 -> (n, side, side) float32 in [0, 1], the mean of its channels.
    """
    side = network.encoder.input_shape[1]
    tiles = keras.Input((side, side), dtype="uint8", name="tiles")
    grey = ops.expand_dims(tiles, -1)
    if network.examiner is None:
        found = folded(network.encoder)(grey)
    else:
        latents, maps = folded(network.examiner, rounded=True)(grey)
        found = [latents, ops.transpose(maps, (0, 3, 1, 2))]
    _write(keras.Model(tiles, found), folder / "encoder.onnx")
    shorten(folder / "encoder.onnx", (1.0,) if network.examiner is None else TONES)
    codes = keras.Input(network.decoder.input_shape[1:], name="latents")
    pictures = ops.mean(folded(network.decoder)(codes), axis=-1)
    _write(keras.Model(codes, pictures), folder / "decoder.onnx")


def folded(model: keras.Model, *, rounded: bool = False) -> keras.Model:
    """Return the same function in float32 with fewer steps, see `export`."""
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    follows = {id(norm.input): norm for norm in norms}
    result = keras.models.clone_model(model, clone_function=_clone, call_function=_call)
    for layer in model.layers:
        weights = layer.get_weights()
        if _convolves(layer):
            norm = follows.get(id(layer.output))
            one_channel = result.get_layer(layer.name).kernel.shape[2] == 1
            kernel, shift = _merge(layer, norm, one_channel=one_channel)
            weights = [bfloat16(kernel) if rounded else kernel, shift]
        if weights and layer not in norms:
            result.get_layer(layer.name).set_weights(weights)
    return result


def _convolves(layer: keras.Layer) -> bool:
    return isinstance(layer, layers.Conv2D | layers.Conv2DTranspose | layers.DepthwiseConv2D)


def _clone(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, layers.UpSampling2D):
        # The same as one step: the exporter writes the other as fifteen that move axes about.
        _, height, width, _ = layer.output.shape
        return layers.Resizing(height, width, interpolation="nearest", name=layer.name)
    same_thrice = isinstance(layer, layers.Concatenate) and len({*map(id, layer.input)}) == 1
    if same_thrice or isinstance(layer, layers.BatchNormalization):
        return layers.Identity(name=layer.name)
    settings = layer.get_config() | {"dtype": "float32"}
    if _convolves(layer):
        settings["use_bias"] = True
    return type(layer).from_config(settings)


def _call(
    layer: keras.Layer, inputs: KerasTensor | list[KerasTensor], **_masks: object
) -> KerasTensor:
    one = isinstance(layer, layers.Identity) and isinstance(inputs, list)
    return layer(inputs[0] if one else inputs)


def _merge(
    layer: keras.Layer, norm: keras.Layer | None, *, one_channel: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return kernel and bias that do what the layer and its normalisation do together."""
    kernel, *bias = (values.astype(np.float64) for values in layer.get_weights())
    # Kernels are (h, w, in, out), of these (h, w, out, in) and (h, w, out, 1).
    transposed = isinstance(layer, layers.Conv2DTranspose | layers.DepthwiseConv2D)
    shift = bias[0] if bias else np.zeros(kernel.shape[2 if transposed else 3])
    if norm is not None:
        gamma, beta, mean, variance = norm.get_weights()
        gain = gamma / np.sqrt(variance + norm.epsilon)
        kernel = kernel * (gain[:, None] if transposed else gain)
        shift = (shift - mean) * gain + beta
    if one_channel and not transposed:
        kernel = kernel.sum(axis=2, keepdims=True)
    return kernel, shift


def _write(model: keras.Model, file: Path) -> None:
    with warnings.catch_warnings():
        # Keras mends tf2onnx for NumPy 2 by asking NumPy for a name that it is about to drop.
        warnings.filterwarnings("ignore", category=FutureWarning, message=r".*np\.object")
        signature = [model.input]
        model.export(
            file, format="onnx", verbose=False, opset_version=_OPSET, input_signature=signature
        )
    written = onnx.load(file)
    for node in written.graph.node:
        if node.op_type == "Resize":
            # The same for whole factors; a runtime warns of the exporter's way at every load.
            del node.attribute[:]
            node.attribute.extend(starmap(helper.make_attribute, _REPEATS.items()))
    onnx.save(written, file)

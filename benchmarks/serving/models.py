"""The `study` bundle's encoder in the forms that peers load.

    python -m benchmarks.serving.models BUNDLE OUT

OUT gets `encoder.onnx` as it is in the bundle, and for TensorFlow `encoder.keras` and
`saved_model/`: the study's network, (n, 128, 128, 3) float32 in [0, 1] -> (n, 150), with the
very weights of the ONNX file. Batch normalisation, folded there, is kept as a step that does
nothing, since those who serve a Keras model serve it unfolded.
"""

import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from benchmarks.serving.peers.tiles import for_keras
from bundle import open_bundle
from bundle.errors import InputError
from training.learning.network import study_autoencoder

_WEIGHTED = {"Conv", "MatMul", "Gemm", "Add"}
_TOLERANCE = 1e-3

Weights = list[NDArray[np.float32]]


def weights(model: onnx.ModelProto) -> Weights:
    """Return kernel and bias of every layer, in order, as Keras lays them out."""
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found = [
        stored[name]
        for node in model.graph.node
        if node.op_type in _WEIGHTED
        for name in node.input
        if name in stored and stored[name].ndim
    ]
    return [one.transpose(2, 3, 1, 0) if one.ndim == 4 else one for one in found]


def keras_encoder(found: Weights) -> keras.Model:
    """Return the study's encoder with these weights.

    Raises:
        InputError: they are not those of the study's network.
    """
    grey = study_autoencoder().encoder
    first = next(n for n, one in enumerate(grey.layers) if isinstance(one, keras.layers.Conv2D))
    tiles = keras.Input((*grey.input_shape[1:3], 3), name="tiles")
    latents = tiles
    for layer in grey.layers[first:]:
        latents = layer(latents)
    model = keras.Model(tiles, latents)
    pairs = list(zip(found[::2], found[1::2], strict=False))
    weighted = [
        one for one in model.layers if isinstance(one, keras.layers.Conv2D | keras.layers.Dense)
    ]
    if len(pairs) != len(weighted):
        raise InputError(f"The encoder has {len(pairs)} layers with weights, not {len(weighted)}.")
    norms = iter(one for one in model.layers if isinstance(one, keras.layers.BatchNormalization))
    for layer, (kernel, bias) in zip(weighted, pairs, strict=True):
        if isinstance(layer, keras.layers.Dense):
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights(
            [
                np.broadcast_to(
                    kernel / (layer.kernel.shape[2] / kernel.shape[2]), layer.kernel.shape
                )
            ]
        )
        norm = next(norms)
        one = np.ones_like(bias)
        norm.set_weights([one, bias, 0 * one, one - norm.epsilon])
    return model


def write(bundle_path: Path, out: Path) -> None:
    """Write all three forms, and check that the Keras one gives the stored latents.

    Raises:
        InputError: the bundle is not of the study's profile, or the latents differ.
    """
    bundle = open_bundle(bundle_path)
    if bundle.manifest.profile != "study":
        raise InputError(f"{bundle_path} is of profile {bundle.manifest.profile}, not study.")
    model = keras_encoder(weights(onnx.load(bundle_path / "encoder.onnx")))
    wanted = np.asarray(bundle.arrays["probe_latents.npy"])
    latents = model.predict(for_keras(list(bundle.arrays["probes.npy"])), verbose=0)
    difference = float(np.abs(latents - wanted).max())
    if not difference <= _TOLERANCE * float(np.abs(wanted).max()):
        raise InputError(
            f"The Keras encoder's latents differ from the bundle's by {difference:.3g}."
        )
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / "encoder.keras")
    model.export(out / "saved_model", verbose=False)
    shutil.copyfile(bundle_path / "encoder.onnx", out / "encoder.onnx")
    print(f"largest difference of the probe tiles' latents: {difference:.3g}")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))

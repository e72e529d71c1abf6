"""The two autoencoders, encoder and decoder apart: the study's and the default one.

Both take (n, side, side, 1) uint8 grey tiles and scale them to [0, 1] themselves; both
give latents and pictures in float32 whatever the precision of the layers between.
"""

from dataclasses import dataclass, field
from pathlib import Path

import keras
from keras import KerasTensor, layers, ops

from bundle.screening import PEAK_CELLS
from training.indexing.scaler import SURE_FROM, SURE_SLOPE
from training.learning.config import START, FitConfig
from training.learning.screener import build_screener, load_start

STUDY_SIDE = 128
STUDY_LATENT = 150
LAYOUT = 45
"""Latents of the default profile that say where things are; the others say what there is."""
_HALVINGS = 4
_LEAK = 0.2


@dataclass(frozen=True)
class Autoencoder:
    """encoder: (n, side, side, 1) uint8 -> (n, d) float32 latents.

    decoder: (n, d) float32 -> (n, side, side, channels) float32 in [0, 1].
    examiner: as the encoder, with maps (n, g, g, 3) of evidence beside the latents; None
        for a network that makes none.
    """

    encoder: keras.Model = field(repr=False)
    decoder: keras.Model = field(repr=False)
    examiner: keras.Model | None = field(default=None, repr=False)


def build(config: FitConfig, start: Path = START) -> Autoencoder:
    """Return the untrained network of a profile; the screener in it with these weights."""
    if config.profile == "study":
        return study_autoencoder()
    return default_autoencoder(config.side, config.width, start)


def study_autoencoder() -> Autoencoder:
    """Return the study's network: 4,478,745 parameters, 4,478,105 of them trainable.

    Source: the study's notebook. Grey is repeated to three equal channels inside.
    """
    tiles = keras.Input((STUDY_SIDE, STUDY_SIDE, 1), dtype="uint8", name="tiles")
    x = layers.Rescaling(1 / 255)(tiles)
    x = layers.Concatenate()([x, x, x])
    for filters in (128, 64, 32):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(256)(x)
    x = layers.Dense(STUDY_LATENT, activation="relu", dtype="float32", name="latents")(x)
    encoder = keras.Model(tiles, x, name="encoder")

    latents = keras.Input((STUDY_LATENT,), name="latents")
    x = layers.Dense(256)(latents)
    x = layers.Dense(16 * 16 * 32, activation="relu")(x)
    x = layers.Reshape((16, 16, 32))(x)
    for filters in (32, 64):
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2DTranspose(128, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(3, 1, activation="sigmoid", dtype="float32", name="pictures")(x)
    return Autoencoder(encoder, keras.Model(latents, x, name="decoder"))


def default_autoencoder(side: int, width: int, start: Path = START) -> Autoencoder:
    """Return the default network: the screener with the weights in a file, and a layout.

    The latent joins three parts: a dense one for the layout, learnt here; the maximum of each
    of the screener's features over the whole tile, which a short stroke anywhere raises; and
    last how sure the screener is of lettering somewhere. Source: docs/decisions.md.
    """
    screener = build_screener(side)
    load_start(screener, start)
    screener.trainable = False
    deep, features, maps = screener.output
    x = _convolve(deep, width, 1)
    layout = layers.Dense(LAYOUT, dtype="float32", name="layout")(layers.Flatten()(x))
    strokes = layers.GlobalMaxPooling2D(dtype="float32", name="strokes")(features)
    sure = Sureness(dtype="float32", name="sure")(maps)
    latents = layers.Concatenate(dtype="float32", name="latents")([layout, strokes, sure])
    encoder = keras.Model(screener.input, latents, name="encoder")
    examiner = keras.Model(screener.input, [latents, maps], name="examiner")
    decoder = _default_decoder(side, width, encoder.output_shape[-1])
    return Autoencoder(encoder, decoder, examiner)


class Sureness(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """How sure the maps are of lettering: (n, g, g, 3) log-odds -> (n, 1) in [0, 1].

    The sigmoid of the peak that bundle.screening takes: tiles that the screener is
    rather sure about come to lie together, one way or the other.
    """

    def call(self, maps: KerasTensor) -> KerasTensor:
        """Take the mean of the highest cells of the first layer.

        Added up column by column: the runtime's own mean of a row rounds by where the row lies
        in memory, so that a tile's last latent would depend on its place in the batch.
        """
        cells = ops.reshape(maps[..., 0], (-1, maps.shape[1] * maps.shape[2]))
        count = min(PEAK_CELLS, cells.shape[1])
        highest, _ = ops.top_k(cells, k=count)
        total = highest[:, :1]
        for at in range(1, count):
            total += highest[:, at : at + 1]
        return ops.sigmoid(SURE_SLOPE * (total / count - SURE_FROM))


def _default_decoder(side: int, width: int, latent: int) -> keras.Model:
    small = side // 2**_HALVINGS
    latents = keras.Input((latent,), name="latents")
    # Leaky, since places where every feature is cut to zero learn through the bias alone:
    # bright tissue came back as flat mid-grey.
    x = layers.LeakyReLU(_LEAK)(layers.Dense(small * small * 2 * width)(latents))
    x = layers.Reshape((small, small, 2 * width))(x)
    for filters in (2 * width, width, width):
        x = layers.UpSampling2D(2)(x)
        x = layers.LeakyReLU(_LEAK)(_normalised(x, filters, 3))
    # The last doubling: four pixels from each place, at a quarter of a convolution's price.
    x = layers.Conv2D(4, 3, padding="same")(x)
    x = layers.Reshape((side // 2, side // 2, 2, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    x = layers.Reshape((side, side, 1))(x)
    x = layers.Activation("sigmoid", dtype="float32", name="pictures")(x)
    return keras.Model(latents, x, name="decoder")


def _halve(x: KerasTensor, filters: int, kernel: int = 3) -> KerasTensor:
    return _convolve(x, filters, kernel, strides=2)


def _convolve(x: KerasTensor, filters: int, kernel: int, strides: int = 1) -> KerasTensor:
    return layers.ReLU()(_normalised(x, filters, kernel, strides))


def _normalised(x: KerasTensor, filters: int, kernel: int, strides: int = 1) -> KerasTensor:
    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    # A small set is trained in a few hundred steps; Keras' 0.99 would still remember the start.
    return layers.BatchNormalization(momentum=0.9)(x)

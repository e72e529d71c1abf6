"""The network that finds lettering: features of every place of a tile, and maps of evidence.

It is trained once, on planted lettering (`python -m training pretrain`), and its weights come
with the project; a fit builds its encoder on them.
"""

import zipfile
import zlib
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np
from keras import KerasTensor, layers

from bundle.errors import InputError
from training.learning.config import SIDE

LAYERS = 3
"""Lettering, film edge, mask: the order of bundle.screening.REASONS."""
START = Path(str(files("training.learning").joinpath("screener.npz")))
TONES = (1.0, 2.5, 8.0)
"""Gains that the grey values are seen at; most lettering lies on film that is nearly black."""
_RARE = -3.0
_LARGEST_HALF = 6e4
_UNREADABLE = (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def build_screener(side: int = SIDE) -> keras.Model:
    """Return the untrained screener.

    (n, side, side, 1) uint8 -> a list of: deep (n, g / 2, g / 2, 96), features (n, g, g, 64)
    and maps (n, g, g, 3) log-odds, all float32 with g = side / 8.
    """
    tiles = keras.Input((side, side, 1), dtype="uint8", name="tiles")
    tones = [layers.ReLU(max_value=1.0)(layers.Rescaling(gain / 255)(tiles)) for gain in TONES]
    x = layers.Concatenate()(tones)
    x = _convolve(x, 16, strides=2)
    x = _convolve(x, 32, strides=2)
    x = _convolve(x, 32)
    x = _convolve(x, 64, strides=2)
    local = x = _convolve(x, 64)
    x = _convolve(x, 96, strides=2)
    x = layers.ReLU()(layers.Add()([x, _normalised(_convolve(x, 96), 96)]))
    wide = _convolve(_convolve(x, 96, strides=2), 96)
    deep = layers.Add(name="deep", dtype="float32")([x, _enlarge(wide, 96)])
    x = layers.Add()([local, _enlarge(deep, 64)])
    features = layers.Activation("linear", dtype="float32", name="features")(_convolve(x, 64))
    maps = layers.Conv2D(
        LAYERS,
        1,
        bias_initializer=keras.initializers.Constant(_RARE),
        dtype="float32",
        name="maps",
    )(features)
    return keras.Model(tiles, [deep, features, maps], name="screener")


def load_start(screener: keras.Model, file: Path = START) -> None:
    """Give a screener stored weights, if nothing else is said those that come with the project.

    Raises:
        InputError: the file is missing or of another network.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            weights = [stored[name].astype(np.float32) for name in sorted(stored.files)]
        screener.set_weights(weights)
    except _UNREADABLE as error:
        raise InputError(
            f"{file} does not hold the starting weights ({error}). Restore it from the "
            "repository, or make it anew: python -m training pretrain --help."
        ) from error


def save_start(screener: keras.Model, file: Path) -> None:
    """Write a screener's weights, in half precision where that holds them, without pickle."""
    arrays = {
        f"w{number:03d}": values.astype(
            np.float16 if np.abs(values).max() < _LARGEST_HALF else np.float32
        )
        for number, values in enumerate(screener.get_weights())
    }
    with file.open("wb") as stream:  # NumPy would add .npz to a name without it
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def _enlarge(x: KerasTensor, filters: int) -> KerasTensor:
    return layers.UpSampling2D(2)(_convolve(x, filters, kernel=1))


def _convolve(x: KerasTensor, filters: int, *, kernel: int = 3, strides: int = 1) -> KerasTensor:
    return layers.ReLU()(_normalised(x, filters, kernel=kernel, strides=strides))


def _normalised(x: KerasTensor, filters: int, *, kernel: int = 3, strides: int = 1) -> KerasTensor:
    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.97)(x)

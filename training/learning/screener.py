"""The network that finds lettering: features of every place of a tile, and maps of evidence.

What is above its trunk is trained once, on planted lettering (`python -m training pretrain`), and
its weights come with the project; a fit builds its encoder on them.
"""

import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np
from keras import KerasTensor, layers
from numpy.typing import NDArray

from bundle.errors import InputError
from training.learning.config import SIDE, START
from training.learning.trunk import trunk

LAYERS = 3
"""Lettering, film edge, mask: the order of bundle.screening.REASONS."""
TONES = (1.0, 2.5, 8.0)
"""Gains that the grey values are seen at; most lettering lies on film that is nearly black."""
_RARE = -3.0
_LARGEST_HALF = 6e4
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    AttributeError,  # a member that is no array
    RuntimeError,  # one that is encrypted, or compressed in some other way
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)


def build_screener(side: int = SIDE, *, original: bool = False) -> keras.Model:
    """Return the untrained screener, see `training.learning.trunk.trunk` for `original`.

    (n, side, side, 1) uint8 -> a list of: deep (n, g / 2, g / 2, 96), features (n, g, g, 104),
    40 of them the trunk's, and maps (n, g, g, 3) log-odds, all float32 with g = side / 8.
    """
    tiles = keras.Input((side, side, 1), dtype="uint8", name="tiles")
    eighth, x = trunk(tones(tiles), original=original)
    x = _convolve(x, 96)
    wide = _convolve(_convolve(x, 96, strides=2), 96)
    deep = layers.Add(name="deep", dtype="float32")([x, _enlarge(wide, 96)])
    x = layers.Add()([_convolve(eighth, 64), _enlarge(deep, 64)])
    x = _convolve(_convolve(x, 64), 64)
    features = layers.Concatenate(dtype="float32", name="features")([eighth, x])
    maps = layers.Conv2D(
        LAYERS,
        1,
        bias_initializer=keras.initializers.Constant(_RARE),
        dtype="float32",
        name="maps",
    )(x)
    return keras.Model(tiles, [deep, features, maps], name="screener")


def tones(tiles: KerasTensor) -> KerasTensor:
    """(n, side, side, 1) uint8 -> (n, side, side, 3) in [0, 1], see `TONES`."""
    seen = [layers.ReLU(max_value=1.0)(layers.Rescaling(gain / 255)(tiles)) for gain in TONES]
    return layers.Concatenate()(seen)


def load_start(screener: keras.Model, file: Path = START) -> None:
    """Give a screener stored weights, if nothing else is said those that come with the project.

    Raises:
        InputError: the file is missing or of another network.
    """
    try:
        screener.set_weights(_read(file))
    except _UNREADABLE as error:
        raise InputError(
            f"{file} does not hold the starting weights ({error}). Restore it from the "
            "repository, or make it anew: python -m training pretrain --help."
        ) from error


def read_trunk(file: Path) -> list[NDArray[np.float32]]:
    """Return the weights that `python -m benchmarks.trunk` wrote.

    Raises:
        InputError: the file is missing or of another network.
    """
    try:
        weights = _read(file)
        screener = build_screener(original=True)
        wanted = sum(len(layer.weights) for layer in screener.layers if not layer.trainable)
        if len(weights) != wanted:
            raise ValueError(f"{len(weights)} arrays where there should be {wanted}")
        screener.set_weights([*weights, *screener.get_weights()[wanted:]])
    except _UNREADABLE as error:
        raise InputError(
            f"{file} does not hold the weights of a trunk ({error}). "
            "Make it: python -m benchmarks.trunk OUT.npz."
        ) from error
    return weights


def _read(file: Path) -> list[NDArray[np.float32]]:
    with file.open("rb") as stream:
        if not zipfile.is_zipfile(stream):  # NumPy would say how to load it unsafely
            raise ValueError("it is no .npz file")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as stored:
            return [stored[name].astype(np.float32) for name in sorted(stored.files)]


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

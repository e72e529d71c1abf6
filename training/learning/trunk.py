"""The trunk of the screener: what EfficientNet-lite0 knows of pictures, frozen.

Its blocks, from a quarter of the resolution to a sixteenth, keep the weights that they learnt on a
million photographs (ImageNet): a network taught on ten films alone takes other digitisers' films
for something else. What comes before them, the half of the price, is a smaller front that was
taught to give what the first blocks give (`training.learning.fronting`). Source: Tan and Le 2019,
https://arxiv.org/abs/1905.11946. The lite variant and its weights are Google's (Apache License
2.0), read by `python -m benchmarks.trunk`. Figures: docs/decisions.md.
"""

from typing import NamedTuple

from keras import KerasTensor, layers

_STEM = 32
_FRONT = ((16, 2), (40, 2), (40, 1))
"""Filters and strides of the front's convolutions before the last, which only mixes channels."""
_MOST = 6.0
_PLAIN = {"padding": "same", "use_bias": False}


class Stage(NamedTuple):
    """Blocks alike but for the first, which halves where `strides` is 2.

    widened: channels inside a block for each that goes in.
    """

    blocks: int
    filters: int
    strides: int
    widened: int
    kernel: int


_TO_QUARTER = (Stage(1, 16, 1, 1, 3), Stage(2, 24, 2, 6, 3))
_TO_EIGHTH = (Stage(2, 40, 2, 6, 5),)
_TO_SIXTEENTH = (Stage(3, 80, 2, 6, 3), Stage(3, 112, 1, 6, 5))
TRUNK_BLOCKS = sum(stage.blocks for stage in _TO_QUARTER + _TO_EIGHTH + _TO_SIXTEENTH)
"""Of the sixteen that the whole network has."""


def trunk(x: KerasTensor, *, original: bool = False) -> tuple[KerasTensor, KerasTensor]:
    """Return what the trunk makes of a picture: at an eighth of its resolution, and a sixteenth.

    (n, side, side, 3) -> (n, side / 8, side / 8, 40) and (n, side / 16, side / 16, 112).

    Args:
        x: the picture, in [0, 1].
        original: begin with the original's first blocks, in place of the front.
    """
    quarter = first_blocks(x) if original else front(x, learns=False)
    eighth = _staged(quarter, _TO_EIGHTH)
    return eighth, _staged(eighth, _TO_SIXTEENTH)


def front(x: KerasTensor, *, learns: bool) -> KerasTensor:
    """Give, for less, nearly what `first_blocks` gives: (n, side / 4, side / 4, 24)."""
    for filters, strides in _FRONT:
        x = layers.Conv2D(filters, 3, strides=strides, trainable=learns, **_PLAIN)(x)
        x = layers.ReLU()(_normalised(x, learns=learns))
    x = layers.Conv2D(_TO_QUARTER[-1].filters, 1, trainable=learns, **_PLAIN)(x)
    return _normalised(x, learns=learns)


def first_blocks(x: KerasTensor) -> KerasTensor:
    """Return what the original's first blocks make of a picture: (n, side / 4, side / 4, 24)."""
    x = layers.Conv2D(_STEM, 3, strides=2, trainable=False, **_PLAIN)(x)
    return _staged(_capped(_normalised(x)), _TO_QUARTER)


def _staged(x: KerasTensor, stages: tuple[Stage, ...]) -> KerasTensor:
    for stage in stages:
        for number in range(stage.blocks):
            x = _block(x, stage, strides=stage.strides if number == 0 else 1)
    return x


def _block(x: KerasTensor, stage: Stage, *, strides: int) -> KerasTensor:
    """Widen, look at each channel's surroundings, narrow; and add what went in where it fits."""
    before, channels = x, x.shape[-1]
    fixed = {"trainable": False, **_PLAIN}
    if stage.widened > 1:
        x = _capped(_normalised(layers.Conv2D(channels * stage.widened, 1, **fixed)(x)))
    x = layers.DepthwiseConv2D(stage.kernel, strides=strides, **fixed)(x)
    x = _normalised(layers.Conv2D(stage.filters, 1, **fixed)(_capped(_normalised(x))))
    return layers.Add()([x, before]) if strides == 1 and channels == stage.filters else x


def _normalised(x: KerasTensor, *, learns: bool = False) -> KerasTensor:
    return layers.BatchNormalization(momentum=0.97, epsilon=1e-3, trainable=learns)(x)


def _capped(x: KerasTensor) -> KerasTensor:
    return layers.ReLU(max_value=_MOST)(x)

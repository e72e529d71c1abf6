"""What film and scanner do to every tile, planted or clean alike.

Whatever were done to planted tiles alone (noise, blur, rounding, resampling) would be the
very shortcut that this project exists to find.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]
Step = tuple[Pixels, float]
"""The tile after a step, and the share of its resolution that the step leaves."""
_COARSEST = 0.2
"""Least share of the resolution that is left when a tile was enlarged."""
_COARSE_BLOCKS = 0.3
"""Share of coarse tiles that were stored as JPEG before they were enlarged."""


@dataclass(frozen=True)
class Worn:
    """A tile as film, scanner and storage leave it.

    pixels: (h, w) uint8.
    detail: share of its resolution that is left, at most 1: what was n pixels high is now told
        by n times this.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    detail: float


def wear(rng: np.random.Generator, pixels: Pixels) -> Worn:
    """Change a tile as film, scanner and storage would: (h, w) float32 in [0, 1]."""
    detail = 1.0
    for chance, step in _STEPS:
        if rng.random() < chance:
            pixels, left = step(rng, pixels)
            detail *= left
    noise = np.exp(rng.uniform(np.log(0.001), np.log(0.03)))
    if rng.random() < 0.6:
        pixels = pixels + noise * rng.standard_normal(pixels.shape, dtype=np.float32)
    rounding = 0.5
    if rng.random() < 0.5:
        rounding = rng.random()
    levels = (pixels * 255 + rounding).clip(0, 255)
    result = levels.astype(np.uint8)
    if rng.random() < 0.1:  # the study's recipe: pure white becomes black
        result[result == 255] = 0
    return Worn(result, detail)


def _coarse(rng: np.random.Generator, pixels: Pixels) -> Step:
    """Lose detail: shrink and enlarge, as a tile of fewer pixels is enlarged."""
    height, width = pixels.shape
    share = rng.uniform(_COARSEST, 1)
    page = Image.fromarray(pixels)
    small = page.resize(
        (max(8, round(width * share)), max(8, round(height * share))), Image.Resampling.BILINEAR
    )
    if rng.random() < _COARSE_BLOCKS:
        small = Image.fromarray(_blocks(rng, np.asarray(small))[0])
    way = Image.Resampling.BILINEAR if rng.random() < 0.7 else Image.Resampling.NEAREST
    return np.asarray(small.resize((width, height), way), dtype=np.float32), share


def _blur(rng: np.random.Generator, pixels: Pixels) -> Step:
    page = Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8))
    radius = rng.uniform(0.3, 1.6)
    blurred = np.asarray(page.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)
    return blurred / np.float32(255), 1 / (1 + 0.5 * radius)


def _sharpen(rng: np.random.Generator, pixels: Pixels) -> Step:
    page = Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8))
    radius = rng.uniform(1, 8)
    soft = np.asarray(page.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / 255
    return (pixels + rng.uniform(0.2, 1.5) * (pixels - soft)).clip(0, 1), 1.0


def _tone(rng: np.random.Generator, pixels: Pixels) -> Step:
    gamma = np.exp(rng.normal(0, 0.35))
    low, high = rng.uniform(-0.08, 0.1), rng.uniform(0.55, 1.3)
    toned = (low + (high - low) * pixels.clip(0, 1) ** gamma).clip(0, 1)
    return toned.astype(np.float32), 1.0


def _streaks(rng: np.random.Generator, pixels: Pixels) -> Step:
    """Add what a line scanner adds: rows or columns a little too light or dark."""
    strength = np.exp(rng.uniform(np.log(0.002), np.log(0.02)))
    across = rng.random() < 0.5
    size = pixels.shape[1] if across else pixels.shape[0]
    lines = (strength * rng.standard_normal(size)).astype(np.float32)
    return pixels + (lines[None] if across else lines[:, None]), 1.0


def _blocks(rng: np.random.Generator, pixels: Pixels) -> Step:
    """Store as JPEG in between."""
    stream = BytesIO()
    page = Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8))
    page.save(stream, "JPEG", quality=int(rng.integers(25, 95)))
    return np.asarray(Image.open(stream), dtype=np.float32) / np.float32(255), 1.0


def _brighten(rng: np.random.Generator, pixels: Pixels) -> Step:
    """Show what was stored brighter, with what storing left in the dark."""
    return pixels.clip(0, 1) ** np.float32(rng.uniform(0.4, 1)), 1.0


_STEPS: tuple[tuple[float, Callable[[np.random.Generator, Pixels], Step]], ...] = (
    (0.5, _tone),
    (0.45, _coarse),
    (0.25, _blur),
    (0.2, _sharpen),
    (0.15, _streaks),
    (0.15, _blocks),
    (0.1, _brighten),
)

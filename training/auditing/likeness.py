"""How alike two tiles are by their pixels, and how alike a tile and its own copy are."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from bundle.arrays import Grey, Tiles
from bundle.bundle import Bundle
from bundle.preprocess import resize
from bundle.runtime import Encoder
from bundle.spread import spread

SIDE = 64
"""Pixels at which tiles are compared."""
_BLUR = 2.0
_FLAT = 0.5
"""Grey levels: a part with less detail than this is flat, and like any other."""
_LEAST_TOLD = 0.3
_SCALE, _FULL = 32.0, 127.0
_COPIES = 200
_KEPT = 0.95
"""Share of copies that the bounds of distance and likeness find."""
_STRANGERS = 0.999
"""Share of pairs of different scans that the bound of likeness keeps out."""
_LEAST_LIKENESS = 0.5

Details = NDArray[np.int8]


@dataclass(frozen=True)
class Bounds:
    """From where two tiles are near duplicates, taken from the bundle's own tiles.

    distance: between their points, at most. likeness: correlation of their detail, at least.
    copies: how many copies it comes from. strangers: how many pairs of different scans.
    """

    distance: float
    likeness: float
    copies: int
    strangers: int


class Looks:
    """Details of stored tiles, made when they are asked for and kept: 4 KiB a tile."""

    def __init__(self, bundle: Bundle) -> None:
        """Begin without any; memory that is not asked for is not taken."""
        self._bundle = bundle
        self._details: Details = np.zeros((len(bundle), SIDE * SIDE), dtype=np.int8)
        self._made = np.zeros(len(bundle), dtype=bool)

    def likeness(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return (p,) correlations of p pairs of rows, 0 where one is flat."""
        rows = np.unique(np.concatenate([first, second]))
        for row in rows[~self._made[rows]].tolist():
            self._details[row] = detail(self._bundle.tile(row))
            self._made[row] = True
        return _correlations(self._details[first], self._details[second])


def detail(tile: Grey) -> Details:
    """Return (4096,) int8: a tile's grain and strokes, as strong in each of its parts.

    Two films may have the same shades, and any two film edges look alike; grain is a tile's
    own. All 0 for a tile of which more than two thirds are flat.
    """
    small = resize(tile, SIDE).astype(np.float32)
    fine = small - gaussian_filter(small, _BLUR, truncate=2)
    local = np.sqrt(gaussian_filter(fine * fine, _BLUR, truncate=2))
    told = local > _FLAT
    if told.mean() < _LEAST_TOLD:
        return np.zeros(SIDE * SIDE, dtype=np.int8)
    even = np.where(told, fine / np.maximum(local, _FLAT), 0).ravel()
    result: Details = np.clip(even * _SCALE, -_FULL, _FULL).astype(np.int8)
    return result


def _correlations(first: Details, second: Details) -> NDArray[np.float64]:
    a, b = first.astype(np.float32), second.astype(np.float32)
    lengths = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    together = np.einsum("ij,ij->i", a, b)
    found: NDArray[np.float64] = np.where(lengths > 0, together / np.maximum(lengths, 1e-9), 0)
    return found.astype(np.float64)


def copied(rng: np.random.Generator, tile: Grey) -> Grey:
    """Return a copy as archives make them: another exposure, stored as JPEG, moved by a pixel."""
    toned = np.clip(tile * rng.uniform(0.85, 1.15) + rng.uniform(-8, 8), 0, 255)
    stream = BytesIO()
    Image.fromarray(toned.astype(np.uint8)).save(stream, "JPEG", quality=int(rng.integers(60, 96)))
    stored = np.asarray(Image.open(stream))
    down, right = rng.integers(-1, 2, 2).tolist()
    padded = np.pad(stored, 1, mode="edge")
    height, width = stored.shape
    return np.ascontiguousarray(padded[1 + down : 1 + down + height, 1 + right : 1 + right + width])


def take_bounds(
    bundle: Bundle, encoder: Encoder, looks: Looks, seed: int, advance: Callable[[int], object]
) -> Bounds:
    """Copy stored tiles, and see how far from themselves they come to lie.

    Args:
        bundle: the stored tiles.
        encoder: the bundle's own.
        looks: their details.
        seed: of the copies.
        advance: told of each tile copied.
    """
    rng = np.random.default_rng([seed, 3])
    away, like = [], []
    for row in spread(len(bundle), _COPIES).tolist():
        tile = bundle.tile(row)
        advance(1)
        if not detail(tile).any():
            continue
        copy = copied(rng, tile)
        both: Tiles = np.stack([tile, copy])
        points = bundle.scale(encoder.examine(both).latents)
        away.append(float(np.linalg.norm(points[0] - points[1])))
        like.append(float(_correlations(detail(tile)[None], detail(copy)[None])[0]))
    if not away:
        return Bounds(0.0, 1.0, 0, 0)
    strangers = _strangers(bundle, looks)
    likeness = max(
        _LEAST_LIKENESS,
        float(np.quantile(like, 1 - _KEPT)),
        float(np.quantile(strangers, _STRANGERS)) if len(strangers) else 0.0,
    )
    return Bounds(float(np.quantile(away, _KEPT)), likeness, len(away), len(strangers))


def _strangers(bundle: Bundle, looks: Looks) -> NDArray[np.float64]:
    """Return the likeness of random pairs of different scans, which can be no copies."""
    rows = spread(len(bundle), 5 * _COPIES)
    half = len(rows) // 2
    rows, others = rows[:half], rows[half : 2 * half]  # each pair once
    scans = np.asarray(bundle.arrays["scan_numbers.npy"])
    apart = (scans[rows] != scans[others]) & (scans[rows] >= 0) & (scans[others] >= 0)
    if not apart.any():
        return np.empty(0)
    return looks.likeness(rows[apart], others[apart])

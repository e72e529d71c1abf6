"""The planted benchmark: what share of annotations is found on tiles not trained on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.manifest import PlantedBenchmark, Recall
from training.planting.annotations import KINDS
from training.planting.plant import Planted, Wanted, plant

Values = NDArray[np.float64]
Look = Callable[[Tiles], Values]
"""(m, side, side) uint8 tiles -> (m,) evidence for lettering."""

SIZES = ((6.0, 10.0), (10.0, 20.0), (20.0, 60.0), (60.0, 180.0))
"""Heights of letters in pixels of the tile, from and below."""
CONTRASTS = ((0.05, 0.15), (0.15, 0.4), (0.4, 1.0))
FALSE_POSITIVE_RATE = 0.01
EACH = 8
"""Plantings of each kind, size and contrast."""
CELLS = len(KINDS) * len(SIZES) * len(CONTRASTS)
"""Kinds, sizes and contrasts that are told apart."""
PLAIN_SIZE, PLAIN_CONTRAST = 10.0, 0.15
_AT_ONCE = 64
_TRIES = 20
_VISIBLE = 12
_MAIN_PART = 0.7
_LEFT = 0.5
"""Share of its contrast that a planting must keep."""


@dataclass(frozen=True)
class Grounds:
    """Tiles to plant on.

    tiles: (m, side, side) uint8, not trained on and, as far as one can know, clean.
    tile_side: pixels of the tiles as they were given, which sizes are told in.
    """

    tiles: Tiles = field(repr=False)
    tile_side: float


@dataclass(frozen=True)
class Try:
    """One planting: its kind, and bounds of its letters' height in pixels and of its contrast."""

    kind: str
    size: tuple[float, float]
    contrast: tuple[float, float]

    @property
    def plain(self) -> bool:
        """Whether anyone would see it, as most real lettering can be seen."""
        return self.size[0] >= PLAIN_SIZE and self.contrast[0] >= PLAIN_CONTRAST


def plant_all(
    grounds: Grounds, look: Look, *, each: int, seed: int, advance: Callable[[int], object]
) -> tuple[list[Try], Values, NDArray[np.bool_]]:
    """Plant every kind, size and contrast, and take the evidence.

    No letter is made taller than the tile: the largest on small tiles are as tall as that.

    Returns: t tries, (t,) float64 evidence of each, and (t,) bool whether anyone would see it
        where it fell: some lie on tissue as bright as they are, or show a sliver.
    """
    rng = np.random.default_rng([seed, 5])
    tries = [Try(*one) for one in product(KINDS, SIZES, CONTRASTS) for _ in range(each)]
    found, clear = [], list[bool]()
    for start in range(0, len(tries), _AT_ONCE):
        some = [_planted(rng, grounds, one) for one in tries[start : start + _AT_ONCE]]
        tiles = [(planting.pixels * 255 + 0.5).astype(np.uint8) for planting in some]
        found.append(look(np.stack(tiles)))
        clear += [planting.clear for planting in some]
        advance(len(some))
    return tries, np.concatenate(found), np.array(clear)


def _planted(rng: np.random.Generator, grounds: Grounds, wanted: Try) -> Planted:
    """Plant as drawn, at another place where the tile hides it; the last try counts anyhow."""
    tile = grounds.tiles[rng.integers(len(grounds.tiles))].astype(np.float32) / 255
    unit = len(tile) / grounds.tile_side
    size = min(_between(rng, wanted.size) * unit, len(tile))
    asked = Wanted(wanted.kind, size, _between(rng, wanted.contrast))
    for _ in range(_TRIES):
        planting = plant(rng, tile, asked)
        if _shows(planting):
            break
    return planting


def _shows(planting: Planted) -> bool:
    """Tell whether the main part of a letter, or much of the tile, is there to be seen.

    Letters on tissue as bright as themselves are not.
    """
    if planting.box is None or int(planting.ink.sum()) < _VISIBLE or planting.left < _LEFT:
        return False
    left, top, right, bottom = planting.box
    enough = min(_MAIN_PART * planting.size, 0.5 * len(planting.pixels))
    return max(right - left, bottom - top) >= enough


def _between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))


def summarise(
    tries: list[Try], evidence: Values, clean: Values, *, scans: int, tiles: int
) -> PlantedBenchmark:
    """Return the recall of each kind, size and contrast at 1 % false positives.

    Args:
        tries: what was planted.
        evidence: (t,) of it.
        clean: (c,) evidence of clean tiles.
        scans: how many those are of.
        tiles: how many those are of, without turns.
    """
    bound = float(np.quantile(clean, 1 - FALSE_POSITIVE_RATE))
    hits = evidence > bound
    return PlantedBenchmark(
        false_positive_rate=FALSE_POSITIVE_RATE,
        evidence=bound,
        clean_tiles=tiles,
        scans=scans,
        recalls=list(_recalls(tries, hits)),
    )


def _recalls(tries: list[Try], hits: NDArray[np.bool_]) -> Iterator[Recall]:
    for kind, size, contrast in product(KINDS, SIZES, CONTRASTS):
        chosen = [number for number, one in enumerate(tries) if one == Try(kind, size, contrast)]
        yield Recall(
            kind=kind,
            letter_px=size,
            contrast=contrast,
            tiles=len(chosen),
            recall=float(hits[chosen].mean()),
        )

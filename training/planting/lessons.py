"""Lessons: worn tiles, with and without plantings, and what the network must say of them."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.planting.distractors import distract
from training.planting.film import synthetic_film
from training.planting.grounds import NO, UNSAID, YES, Ground
from training.planting.plant import Planted, cover, plant
from training.planting.wear import Worn, wear

CELL = 8
"""Pixels of a cell of the evidence map."""
_PLANTED, _SECOND, _DISTRACTED = 0.55, 0.25, 0.5
_ENOUGH = 0.12
_ALONE = ("letters", "digits", "arrow")
_LEAST_ALONE, _LEAST_IN_LINE = 9.0, 5.0
"""Pixels of detail that a letter must have left to be told from a speck."""
_LEAST_CHANGE = 4.0
"""Grey levels of 255 that a planting must change the worn tile by, on average at its ink."""
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class Lesson:
    """One example.

    tile: (side, side) uint8, the network's input.
    cells: (g, g, 3) uint8 of NO, YES, UNSAID for lettering, film edge and mask.
    lettering: NO, YES or UNSAID for the whole tile.
    kind: what was planted, or what distracts, or "plain".
    """

    tile: NDArray[np.uint8] = field(repr=False)
    cells: NDArray[np.uint8] = field(repr=False)
    lettering: int
    kind: str


def make_lesson(rng: np.random.Generator, ground: Ground | None, side: int) -> Lesson:
    """Make a lesson on a ground; without one, on synthetic film.

    What a ground is believed to hold is said where nothing was planted.
    """
    ground = (
        Ground(synthetic_film(rng, side), rim=False) if ground is None else _turned(rng, ground)
    )
    pixels = ground.pixels
    edge = masked = np.zeros((side, side), dtype=bool)
    kind = "plain"
    if rng.random() < _DISTRACTED:
        found = distract(rng, pixels)
        pixels, edge, masked = found.pixels, found.edge, found.masked
        kind = "+".join(found.kinds) or kind
    clean, plantings = pixels, list[Planted]()
    if rng.random() < _PLANTED:
        for _ in range(1 + (rng.random() < _SECOND)):
            later = plant(rng, pixels)
            if later.paper is not None:
                plantings = [cover(planting, later.paper) for planting in plantings]
            plantings.append(later)
            pixels = later.pixels
        kind = plantings[0].kind
    seed = int(rng.integers(2**63))
    worn = wear(np.random.default_rng(seed), pixels)
    twin = wear(np.random.default_rng(seed), clean).pixels if plantings else worn.pixels
    told = [(planting, can_be_told(planting, worn, twin)) for planting in plantings]
    ink = np.zeros((side, side), dtype=bool)
    for planting in plantings:
        ink |= planting.ink
    rest = UNSAID if ground.rim else NO
    layers = (
        _lettering(told, side),
        _cells(edge & ~ink, rest=rest),
        _cells(masked & ~ink, rest=rest),
    )
    cells, verdict = np.stack(layers, axis=-1), _verdict(plantings, layers[0])
    if ground.believed is not None:
        cells = np.where((cells == NO) | (ground.believed == YES), ground.believed, cells)
        verdict = YES if YES in (verdict, ground.lettering) else max(verdict, ground.lettering)
    return Lesson(worn.pixels, cells, verdict, kind)


def can_be_told(planting: Planted, worn: Worn, twin: NDArray[np.uint8]) -> bool:
    """Tell whether a planting can still be told from dust and grain after the wear.

    Letters of a few pixels, coarsened, are specks; to call them lettering would teach that
    specks are. A letter that stands alone must be larger than one in a line.
    """
    if not planting.clear or planting.box is None:
        return False
    least = _LEAST_ALONE if planting.kind in _ALONE else _LEAST_IN_LINE
    left, top, right, bottom = planting.box
    seen = min(planting.size, max(right - left, bottom - top)) * worn.detail
    if seen < least:
        return False
    changed = np.abs(worn.pixels.astype(np.int16) - twin)[planting.ink].mean()
    part = twin[max(0, top - 8) : bottom + 8, max(0, left - 8) : right + 8].astype(np.int16)
    grain = float(np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean())
    return bool(changed >= max(_LEAST_CHANGE, grain))


def synthetic_tiles(count: int, side: int, seed: int) -> NDArray[np.uint8]:
    """Make worn synthetic film without lettering, half of it with distractors.

    Returns: (count, side, side) uint8.
    """
    rng = np.random.default_rng([seed, 11])
    made = np.empty((count, side, side), dtype=np.uint8)
    for row in range(count):
        pixels = synthetic_film(rng, side)
        if rng.random() < _DISTRACTED:
            pixels = distract(rng, pixels).pixels
        made[row] = wear(rng, pixels).pixels
    return made


def _turned(rng: np.random.Generator, ground: Ground) -> Ground:
    turns, mirror = int(rng.integers(0, 4)), bool(rng.random() < 0.5)
    believed = None if ground.believed is None else _turn(ground.believed, turns, mirror=mirror)
    return replace(ground, pixels=_turn(ground.pixels, turns, mirror=mirror), believed=believed)


def _turn(values: NDArray[_Number], turns: int, *, mirror: bool) -> NDArray[_Number]:
    turned = np.rot90(values, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirror else turned)


def _lettering(told: list[tuple[Planted, bool]], side: int) -> NDArray[np.uint8]:
    cells = np.full((side // CELL, side // CELL), NO, dtype=np.uint8)
    for planting, clear in told:
        wide = _widened(planting.ink, planting.size)
        share = _share(wide)
        yes = YES if clear else UNSAID
        cells = np.where(share >= _ENOUGH, np.where(cells == YES, YES, yes), cells)
        cells = np.where((share > 0) & (share < _ENOUGH) & (cells == NO), UNSAID, cells)
    return cells.astype(np.uint8)


def _widened(ink: NDArray[np.bool_], size: float) -> NDArray[np.bool_]:
    """Grow strokes a little: what lies between them belongs to the letter."""
    reach = 1 + 2 * max(1, min(3, round(size * 0.1)))
    page = Image.fromarray(ink.astype(np.uint8) * 255)
    return np.asarray(page.filter(ImageFilter.MaxFilter(reach))) > 0


def _cells(where: NDArray[np.bool_], *, rest: int) -> NDArray[np.uint8]:
    share = _share(where)
    return np.select([share >= 0.25, share > 0], [YES, UNSAID], rest).astype(np.uint8)


def _share(where: NDArray[np.bool_]) -> NDArray[np.float64]:
    grid = where.shape[0] // CELL
    shares: NDArray[np.float64] = where.reshape(grid, CELL, grid, CELL).mean(axis=(1, 3))
    return shares


def _verdict(plantings: list[Planted], cells: NDArray[np.uint8]) -> int:
    if not plantings:
        return NO
    return YES if (cells == YES).any() else UNSAID

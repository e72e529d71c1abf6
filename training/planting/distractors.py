"""What else is bright or sharp on a film and no lettering, drawn on tiles, by kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.planting import body_marks, film_marks
from training.planting.canvas import Plane

_MARKS: dict[str, Callable[[np.random.Generator, Plane], Plane]] = {
    "pectoral": body_marks.draw_pectoral,
    "implant": body_marks.draw_implant,
    "skin_fold": body_marks.draw_skin_fold,
    "vessel": body_marks.draw_vessel,
    "calcification": body_marks.draw_calcification,
    "clip": body_marks.draw_clip,
    "wire": body_marks.draw_wire,
    "coil": body_marks.draw_coil,
    "node": body_marks.draw_node,
    "marker_bead": body_marks.draw_marker_bead,
    "grid": film_marks.draw_grid,
    "fog": film_marks.draw_fog,
    "stain": film_marks.draw_stain,
    "roller": film_marks.draw_roller,
    "scratch": film_marks.draw_scratch,
    "dust": film_marks.draw_dust,
    "specks": film_marks.draw_specks,
    "hair": film_marks.draw_hair,
    "hole": film_marks.draw_hole,
    "streaks": film_marks.draw_streaks,
    "weave": film_marks.draw_weave,
    "blocks": film_marks.draw_blocks,
}
KINDS: tuple[str, ...] = (*_MARKS, "film_edge", "mask")
"""All kinds, in the order in which they come to lie on each other: body, film, scanner."""

_SHARES = {
    "film_edge": 5.0,
    "mask": 5.0,
    "weave": 3.0,
    "specks": 4.0,
    "dust": 2.0,
    "marker_bead": 2.0,
}  # those that share the most with plates
_COUNTS = (0.25, 0.4, 0.23, 0.12)  # shares of tiles with none, one, two, three


@dataclass(frozen=True)
class Distracted:
    """A tile with distractors.

    pixels: (side, side) float32 in [0, 1].
    edge: (side, side) bool, where a film edge or a bright border bar was drawn.
    masked: (side, side) bool, where a scanner's mask of one constant grey was drawn.
    kinds: names of what was drawn, from `KINDS`, lowest first.
    """

    pixels: Plane = field(repr=False)
    edge: NDArray[np.bool_] = field(repr=False)
    masked: NDArray[np.bool_] = field(repr=False)
    kinds: tuple[str, ...]


def distract(
    rng: np.random.Generator, pixels: Plane, kinds: Sequence[str] | None = None
) -> Distracted:
    """Draw none to three distractors, or exactly the named ones, on a tile.

    pixels: (side, side) float32 in [0, 1]; not changed.
    Raises ValueError if a kind is not one of `KINDS`.
    """
    named = _drawn_kinds(rng) if kinds is None else tuple(sorted(kinds, key=_rank))
    edge = np.zeros(pixels.shape, bool)
    masked = np.zeros(pixels.shape, bool)
    for kind in named:
        if kind == "film_edge":
            pixels, cover = film_marks.draw_film_edge(rng, pixels)
            edge |= cover > 0
        elif kind == "mask":
            pixels, cover = film_marks.draw_mask(rng, pixels)
            masked |= cover > 0
        else:
            pixels = _MARKS[kind](rng, pixels)
        pixels = np.clip(pixels, 0, 1).astype(np.float32)
    return Distracted(pixels.copy(), edge & ~masked, masked, named)


def _drawn_kinds(rng: np.random.Generator) -> tuple[str, ...]:
    """None to three different kinds, lowest first."""
    count = int(rng.choice(len(_COUNTS), p=_COUNTS))
    shares = np.array([_SHARES.get(kind, 1.0) for kind in KINDS])
    chosen = rng.choice(len(KINDS), count, replace=False, p=shares / shares.sum())
    return tuple(KINDS[number] for number in sorted(chosen))


def _rank(kind: str) -> int:
    """Where a kind lies among the others."""
    if kind not in KINDS:
        raise ValueError(f"Unknown distractor {kind!r}: choose from {', '.join(KINDS)}.")
    return KINDS.index(kind)

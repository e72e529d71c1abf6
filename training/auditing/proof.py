"""Clean and prove: a classifier taught with and without the dropped tiles, then shown letters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from bundle.arrays import Grey, Tiles
from bundle.preprocess import resize
from training.auditing.resampling import Flags, Groups, Values
from training.planting.plant import Wanted, plant

SIDE = 64
"""Pixels of the tiles that classifiers see."""
MOST_TAUGHT, MOST_SCORED = 4000, 600
FEWEST = 20
"""Tiles of a class below which nothing is taught or scored."""
KINDS = ("letters", "digits", "text", "plate", "sticker", "strip")
ARMS = ("with", "without")
SETS = ("plain", "planted", "same")
"""Plain tiles; letters on the other class; letters on the lettered class (a control)."""
_SIZE, _CONTRAST = (0.08, 0.35), (0.3, 0.9)
_LEAST_INK = 0.003
_TRIES = 20
_FOLDS = 3


@dataclass(frozen=True)
class Case:
    """What is taught: m tiles.

    picture: from a position to (h, h) uint8, the tile as it is stored.
    inside: (m,) tiles of the class that has the lettering.
    dropped: (m,) tiles that cleaning drops. blank: (m,) tiles that are not scored.
    groups: (m,) what is held out together. contents: (m,) equal for near duplicates.
    taught: (m,) tiles that may be taught by the user's own split; None without one.
    """

    picture: Callable[[int], Grey]
    inside: Flags = field(repr=False)
    dropped: Flags = field(repr=False)
    blank: Flags = field(repr=False)
    groups: Groups = field(repr=False)
    contents: Groups = field(repr=False)
    taught: Flags | None = field(repr=False)


@dataclass(frozen=True)
class Run:
    """What the two classifiers of one seed say of held-out tiles.

    taught: how many tiles each was taught on. inside, groups: (s,) of the tiles scored.
    scores: arm -> set -> (s,) log-odds of the class that has the lettering.
    """

    seed: int
    taught: int
    inside: Flags = field(repr=False)
    groups: Groups = field(repr=False)
    scores: dict[str, dict[str, Values]] = field(repr=False)


class Scorer(Protocol):
    """Whatever scores tiles."""

    def scores(self, tiles: Tiles, /) -> Values:
        """(m, SIDE, SIDE) uint8 -> (m,) log-odds of the class."""
        ...


Teach = Callable[[Tiles, Flags, int], Scorer]
"""From (m, SIDE, SIDE) uint8 tiles, (m,) bool whether of the class, and a seed to a scorer."""


class CannotProve(Exception):
    """There are too few tiles to teach or to score; the message says of what."""


def prove(case: Case, seed: int, teach: Teach) -> Run:
    """Teach the two classifiers of one seed and score them on the same held-out tiles.

    Both are taught on equally many tiles of each class, so that only what they show differs.

    Raises:
        CannotProve: a class has too few tiles.
    """
    rng = np.random.default_rng([seed, 4])
    shown, held_out = _halves(case, seed)
    scored = _scored(case, held_out, rng)
    scored, planted = _planted(case, scored, rng)
    plain = _small([case.picture(at) for at in scored.tolist()])
    inside = case.inside[scored]
    sets = {
        "plain": plain,
        "planted": np.where(inside[:, None, None], plain, planted),
        "same": np.where(inside[:, None, None], planted, plain),
    }
    scores = {}
    for arm in ARMS:
        rows = _taught(case, shown, rng, cleaned=arm == "without")
        tiles = _small([case.picture(at) for at in rows.tolist()])
        model = teach(tiles, case.inside[rows], seed)
        scores[arm] = {name: model.scores(some) for name, some in sets.items()}
    return Run(seed, len(rows), inside, case.groups[scored], scores)


def _halves(case: Case, seed: int) -> tuple[Flags, Flags]:
    """Return (m,) what may be taught and (m,) what is held out: other groups, other contents."""
    if case.taught is not None:
        shown = case.taught
    else:
        fewest = min(len(np.unique(case.groups[case.inside == one])) for one in (True, False))
        if fewest < 2:  # noqa: PLR2004  (a pair)
            raise CannotProve("a class is of one group alone, so none of it can be held out")
        folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
        # Groups of unlike sizes fall into the same folds whatever the seed: each takes its own.
        all_of_them = list(folds.split(case.inside, case.inside, case.groups))
        taught, _ = all_of_them[seed % len(all_of_them)]
        shown = np.isin(np.arange(len(case.inside)), taught)
    known = np.isin(case.groups, case.groups[shown]) | np.isin(case.contents, case.contents[shown])
    return shown, ~shown & ~known


def _scored(case: Case, held_out: Flags, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw of each class apart, as a rare one would hardly be among the drawn of both."""
    chosen = []
    for one in (True, False):
        pool = np.flatnonzero(held_out & ~case.dropped & ~case.blank & (case.inside == one))
        chosen.append(rng.permutation(pool)[: MOST_SCORED // 2])
    rows = np.sort(np.concatenate(chosen))
    _check(case, rows, "held out of the groups taught")
    return rows


def _taught(
    case: Case, shown: Flags, rng: np.random.Generator, *, cleaned: bool
) -> NDArray[np.intp]:
    """Draw as many tiles of each class as are left of it after cleaning."""
    chosen = []
    for one in (True, False):
        own = shown & (case.inside == one)
        count = min(int((own & ~case.dropped).sum()), MOST_TAUGHT // 2)
        pool = np.flatnonzero(own & ~case.dropped if cleaned else own)
        chosen.append(rng.permutation(pool)[:count])
    rows = np.sort(np.concatenate(chosen))
    _check(case, rows, "to teach")
    return rows


def _check(case: Case, rows: NDArray[np.intp], what: str) -> None:
    inside = int(case.inside[rows].sum())
    fewest = min(inside, len(rows) - inside)
    if fewest < FEWEST:
        which = "the class with the letters" if inside == fewest else "the other class"
        raise CannotProve(
            f"{which} has {fewest} tiles {what}, and {FEWEST} are needed: add tiles of it, of "
            "other patients"
        )


def _planted(
    case: Case, rows: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], Tiles]:
    """Plant letters on tiles; return those on which they can be seen, planted and made small."""
    kept, made = [], []
    for row in rows.tolist():
        tile = lettered(case.picture(row), rng)
        if tile is not None:
            kept.append(row)
            made.append(tile)
    found = np.array(kept, dtype=np.intp)
    _check(case, found, "on which planted letters can be seen")
    return found, _small(made)


def lettered(tile: Grey, rng: np.random.Generator) -> Grey | None:
    """Return a tile with letters that anyone would see, or None where none can be seen.

    Nothing but the letters' own pixels changes: no wear, no resampling.
    """
    ground = tile.astype(np.float32) / np.float32(255)
    for _ in range(_TRIES):
        share = float(np.exp(rng.uniform(*np.log(_SIZE))))
        wanted = Wanted(str(rng.choice(KINDS)), share * len(tile), float(rng.uniform(*_CONTRAST)))
        made = plant(rng, ground, wanted)
        if made.clear and made.ink.mean() >= _LEAST_INK:
            return (made.pixels * 255 + np.float32(0.5)).astype(np.uint8)
    return None


def _small(tiles: list[Grey]) -> Tiles:
    return np.stack([resize(tile, SIDE) for tile in tiles])

"""Which tiles train and which validate: whole patients or scans on one side."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.tiles import TileSet

Unit: TypeAlias = Literal["patient", "scan", "tile"]
_MIN_PATIENTS = 3
"""Fewest patients to part by: of two, validation would take half of what there is to learn."""


@dataclass(frozen=True)
class Owners:
    """What must not be on both sides: patients, scans, or nothing but the tile itself.

    numbers: (n,) int64, equal for tiles that stay together; -1 for those that stand alone.
    named: numbers below this are of a known patient or scan, as `unit` says.
    """

    unit: Unit
    numbers: NDArray[np.int64]
    named: int


@dataclass(frozen=True)
class Split:
    """Row numbers, ascending: train (a,) int64, validation (b,) int64.

    by: what was kept on one side. counts: known patients or scans that train and validate.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    by: Unit
    counts: tuple[int, int]


def owners_of(tiles: TileSet) -> Owners:
    """Return whose each tile is: patients if three are known, else scans if there are two.

    Neighbouring windows of a scan overlap, and scans of a patient look alike: split by tile,
    validation would be half a copy of training. Where patients are known, a scan without
    one stays together; a tile of unknown scan counts as a scan of its own.
    """
    known = tiles.scan_numbers >= 0
    there = [tiles.scans[number] for number in np.unique(tiles.scan_numbers[known])]
    names = sorted({scan.patient for scan in there if scan.patient})
    if len(names) >= _MIN_PATIENTS:
        place = {name: number for number, name in enumerate(names)}
        of_scan = np.array(
            [
                place.get(scan.patient or "", len(names) + number)
                for number, scan in enumerate(tiles.scans)
            ]
        )
        return Owners("patient", np.where(known, of_scan[tiles.scan_numbers], -1), len(names))
    numbers = tiles.scan_numbers.astype(np.int64)
    if known.any() and len(np.unique(numbers)) > 1:
        return Owners("scan", numbers, len(tiles.scans))
    return Owners("tile", np.full(len(tiles), -1), 0)


def split(owners: Owners, share: float, rng: np.random.Generator) -> Split:
    """Hold out about `share` of the tiles, no owner on both sides.

    Args:
        owners: of the tiles, at least two of them.
        share: of the tiles, between 0 and 1.
        rng: draws the owners.
    """
    numbers = owners.numbers
    alone = np.arange(len(numbers)) + numbers.max(initial=0) + 1
    groups = np.where(numbers >= 0, numbers, alone)
    _, member_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    held = np.isin(member_of, _choose(sizes, share * len(numbers), rng))
    train, validation = (np.unique(groups[side]) for side in (~held, held))
    counts = (int((train < owners.named).sum()), int((validation < owners.named).sum()))
    return Split(np.flatnonzero(~held), np.flatnonzero(held), owners.unit, counts)


def sentence(parts: Split) -> str:
    """Say how many tiles train and validate, and of how many scans or patients."""
    if parts.by == "tile":
        train, validation = len(parts.train), len(parts.validation)
        return f"{train} tiles train, {validation} validate: drawn singly, not by scan."
    sides = zip((parts.train, parts.validation), parts.counts, strict=True)
    train_of, validate_of = (
        f"{len(rows)} tiles of {count} {parts.by}{'' if count == 1 else 's'}"
        for rows, count in sides
    )
    return f"{train_of} train, {validate_of} validate."


def _choose(sizes: NDArray[np.int64], wanted: float, rng: np.random.Generator) -> list[int]:
    """Take groups in random order as long as each brings the sum nearer to what is wanted."""
    chosen: list[int] = []
    total = 0
    for group in rng.permutation(len(sizes)).tolist():
        if abs(total + sizes[group] - wanted) < abs(total - wanted):
            chosen.append(group)
            total += int(sizes[group])
    return chosen or [int(sizes.argmin())]

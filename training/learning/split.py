"""Which tiles train and which validate: whole scans on one side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Split:
    """Row numbers, ascending: train (a,) int64, validation (b,) int64.

    by_scan: false when there were not two scans to part, so single tiles were.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    by_scan: bool


def split(scan_numbers: NDArray[np.int32], share: float, rng: np.random.Generator) -> Split:
    """Hold out about `share` of the tiles, no scan on both sides.

    Neighbouring windows of a scan overlap: split by tile, validation would be half a copy
    of training. A tile of unknown scan counts as a scan of its own.

    Args:
        scan_numbers: (n,) int32, -1 when not known; n at least 2.
        share: of the tiles, between 0 and 1.
        rng: draws the scans.
    """
    known = scan_numbers >= 0
    by_scan = bool(known.any()) and len(np.unique(scan_numbers)) > 1
    alone = np.arange(len(scan_numbers)) + scan_numbers.max(initial=0) + 1
    groups = np.where(known, scan_numbers, alone) if by_scan else alone
    _, member_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    held = np.isin(member_of, _choose(sizes, share * len(scan_numbers), rng))
    return Split(np.flatnonzero(~held), np.flatnonzero(held), by_scan)


def _choose(sizes: NDArray[np.int64], wanted: float, rng: np.random.Generator) -> list[int]:
    """Take groups in random order as long as each brings the sum nearer to what is wanted."""
    chosen: list[int] = []
    total = 0
    for group in rng.permutation(len(sizes)).tolist():
        if abs(total + sizes[group] - wanted) < abs(total - wanted):
            chosen.append(group)
            total += int(sizes[group])
    return chosen or [int(sizes.argmin())]

"""Scans as the pages show them: how much lettering each holds, and where."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.screening import REASONS, VERDICTS, Verdict
from service.pages.sheets import Page, page_of
from service.pictures.mosaic import Layout, layout
from service.stored.findings import Findings

SCANS_A_PAGE = 60
SORTS = {"lettering": "most lettering first", "name": "by name"}
LEVELS = 5
_ENDS = np.array([0.1, 0.3, 0.5, 0.9])
"""Lettering scores at which the heat map's levels begin; the map of all tiles has the same."""
_LETTERING = REASONS.index("LETTERING")


@dataclass(frozen=True)
class Cell:
    """A tile's place in the picture of its scan, in pixels of the scan. level: 0 to 4."""

    id: str
    score: float
    verdict: Verdict
    level: int
    top: int
    left: int


@dataclass(frozen=True)
class Heat:
    """The heat map of a scan. here: the id of a tile to be marked."""

    height: int
    width: int
    cell_height: int
    cell_width: int
    cells: list[Cell]


@dataclass(frozen=True)
class Scanned:
    """A scan. told: its tiles with lettering; dropped, for_review: those of a verdict."""

    name: str
    patient: str | None
    tiles: int
    told: int
    dropped: int
    for_review: int
    rows: NDArray[np.intp]


def levels(scores: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the level of the heat map, 0 to 4, of each lettering score."""
    return np.searchsorted(_ENDS, scores, side="right")


def heat(findings: Findings, laid: Layout | None) -> Heat | None:
    """Return the heat map of a scan's tiles; None where no place is known."""
    if laid is None:
        return None
    ids, scores = findings.catalog.ids, findings.scores[laid.rows, _LETTERING]
    # Where tiles overlap, the middle of each is its own.
    inset = (laid.sizes - np.array(laid.cell)) // 2
    corners = (laid.corners + inset).tolist()
    cells = [
        Cell(ids[row], float(score), findings.verdict(row), int(level), top, left)
        for row, score, level, (top, left) in zip(
            laid.rows.tolist(), scores, levels(scores), corners, strict=True
        )
    ]
    return Heat(laid.height, laid.width, *laid.cell, cells)


def heat_of(findings: Findings, row: int) -> Heat | None:
    """Return the heat map of the scan that a tile was cut from, if it and its place are known."""
    bundle = findings.catalog.bundle
    numbers = bundle.arrays["scan_numbers.npy"]
    if numbers[row] < 0 or bundle.position(row) is None:
        return None
    return heat(findings, layout(bundle, np.flatnonzero(numbers == numbers[row])))


def scanned(findings: Findings, rows: NDArray[np.intp], name: str) -> Scanned:
    """Count what the tiles of one scan hold."""
    verdicts = np.bincount(findings.verdicts[rows], minlength=len(VERDICTS)).tolist()
    scan = findings.catalog.bundle.scan(int(rows[0]))
    return Scanned(
        name=name,
        patient=scan.patient if scan else None,
        tiles=len(rows),
        told=int(findings.told[rows, _LETTERING].sum()),
        dropped=verdicts[VERDICTS.index("drop")],
        for_review=verdicts[VERDICTS.index("review")],
        rows=rows,
    )


def wall(findings: Findings, order: str, asked: str) -> tuple[list[Scanned], Page]:
    """Return one page of the scans that have tiles, in one of `SORTS`."""
    bundle = findings.catalog.bundle
    numbers = np.asarray(bundle.arrays["scan_numbers.npy"])
    present = np.unique(numbers[numbers >= 0])
    told = np.bincount(
        numbers[numbers >= 0],
        weights=findings.told[numbers >= 0, _LETTERING],
        minlength=len(bundle.scans),
    )
    names = [bundle.scans[number].name for number in present]
    keys = sorted(
        zip(present.tolist(), names, strict=True),
        key=lambda one: (-told[one[0]] if order == "lettering" else 0, one[1]),
    )
    page = page_of(asked, len(keys), SCANS_A_PAGE)
    shown = [
        scanned(findings, np.flatnonzero(numbers == number), name)
        for number, name in keys[page.start : page.end]
    ]
    return shown, page

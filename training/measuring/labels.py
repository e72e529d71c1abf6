"""Hand-made labels of tiles: a CSV, joined on the ids or the scan positions of a bundle."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Scan
from bundle.errors import InputError
from training.cutting.scans import DICOM_SUFFIXES, PICTURE_SUFFIXES
from training.tables import find_row, read_lines

FORMS = (("id", "label"), ("scan", "y", "x", "label"))
Place: TypeAlias = tuple[str, int, int]
_SUFFIXES = PICTURE_SUFFIXES | DICOM_SUFFIXES
_SHOWN = 5


class Stored(Protocol):
    """Tiles that labels are joined on: a bundle, or whatever knows its tiles as one does."""

    def __len__(self) -> int:
        """Return the number of tiles."""
        ...

    def id(self, row: int, /) -> str:
        """Return the id of a row."""
        ...

    def find(self, tile_id: str, /) -> int | None:
        """Return the row of an id, None where no tile has it."""
        ...

    def scan(self, row: int, /) -> Scan | None:
        """Return the scan of a tile, if known."""
        ...

    def position(self, row: int, /) -> tuple[int, int] | None:
        """Return y and x of a tile in its scan, if known."""
        ...


@dataclass(frozen=True)
class LabelCsv:
    """Which labels to read, and what they mean.

    positive: the label to be found. left_out: the label of tiles that nobody could decide. Either
        in capitals or not.
    """

    path: Path
    positive: str = "lettering"
    left_out: str = "ambiguous"


@dataclass(frozen=True)
class Labelled:
    """The stored tiles that have a label.

    rows: (m,) rows of the bundle, ascending.
    positive: (m,) bool.
    unmatched: labels for which the bundle holds no tile. left_out: labels left out. empty: lines
    without a label.
    """

    rows: NDArray[np.intp] = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)
    unmatched: int
    left_out: int
    empty: int = 0

    def __len__(self) -> int:
        """Return the number of labelled tiles."""
        return len(self.rows)

    def keep(self, kept: NDArray[np.bool_]) -> "Labelled":
        """Return some of the tiles; `kept` is (m,) bool."""
        return replace(self, rows=self.rows[kept], positive=self.positive[kept])


def read_labels(table: LabelCsv, bundle: Stored) -> Labelled:
    """Read labels and find their tiles.

    The columns are `id, label`, or `scan, y, x, label`, where `scan` may be a file's name. Lines
    without a label are passed over.

    Raises:
        InputError: the file is no such table, says two things about one tile, spells a label in
            two ways, or none of its labels is of a tile in the bundle, or those are all positive
            or none of them.
    """
    lines = _read_lines(table.path)
    find = _finder(bundle, next(iter(lines.values())))
    found: dict[int, str] = {}
    unmatched = empty = 0
    spelling: dict[str, str] = {}
    for number, line in lines.items():
        label = line["label"].strip()
        if not label:
            empty += 1
            continue
        if (known := spelling.setdefault(label.casefold(), label)) != label:
            raise InputError(
                f"{table.path} line {number}: a label is spelt {label!r} here and {known!r} "
                "before. Spell it in one way."
            )
        try:
            row = find(line)
        except ValueError as error:
            raise InputError(
                f"{table.path} line {number}: y and x must be whole pixels ({error})."
            ) from error
        if row is None:
            unmatched += 1
        elif found.setdefault(row, label) != label:
            raise InputError(
                f"{table.path} line {number}: tile {bundle.id(row)} is {label!r} here and "
                f"{found[row]!r} before. Keep one of the lines."
            )
    return replace(_labelled(found, unmatched, table), empty=empty)


def _read_lines(path: Path) -> dict[int, dict[str, str]]:
    columns, lines = read_lines(path)
    if not any(set(form) <= set(columns) for form in FORMS):
        forms = " or ".join(", ".join(form) for form in FORMS)
        raise InputError(f"{path} has the columns {', '.join(columns)}; needed: {forms}.")
    if not lines:
        raise InputError(f"{path} holds no label: there is no line below its columns.")
    return lines


def _finder(bundle: Stored, line: dict[str, str]) -> Callable[[dict[str, str]], int | None]:
    if "id" in line:
        return partial(_by_id, bundle)
    places = {
        (_stem(scan.name), *position): row
        for row in range(len(bundle))
        if (scan := bundle.scan(row)) and (position := bundle.position(row))
    }
    return partial(_by_place, places)


def _by_id(bundle: Stored, line: dict[str, str]) -> int | None:
    return find_row(bundle, line["id"])


def _by_place(places: dict[Place, int], line: dict[str, str]) -> int | None:
    return places.get((_stem(line["scan"].strip()), int(line["y"]), int(line["x"])))


def _stem(scan: str) -> str:
    """Drop the suffix of a picture file, and no other: names of scans hold dots."""
    suffix = PurePosixPath(scan).suffix
    return scan.removesuffix(suffix) if suffix.lower() in _SUFFIXES else scan


def _labelled(found: dict[int, str], unmatched: int, table: LabelCsv) -> Labelled:
    if not found:
        raise InputError(
            f"None of the {unmatched} labels in {table.path} is of a tile in the bundle. "
            "Fit the bundle on tiles of the same scans, cut with the same window and stride."
        )
    wanted, left_out = table.positive.strip().casefold(), table.left_out.strip().casefold()
    labels = {row: label.casefold() for row, label in found.items()}
    rows = np.array(sorted(row for row, label in labels.items() if label != left_out), dtype=int)
    positive = np.array([labels[row] == wanted for row in rows.tolist()], dtype=bool)
    if not positive.any():
        told = ", ".join(sorted({label[:40] for label in found.values()})[:_SHOWN])
        raise InputError(
            f"No labelled tile of the bundle is {table.positive!r}; its labels are {told}. "
            "Name the one to be found by --positive."
        )
    if positive.all():
        raise InputError(
            f"Every labelled tile of the bundle is {table.positive!r}; label other tiles too."
        )
    return Labelled(rows, positive, unmatched, len(found) - len(rows))

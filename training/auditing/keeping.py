"""Which tiles are dropped: by the bundle's verdicts, a list of kept tiles, or decisions."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.errors import InputError
from bundle.screening import VERDICTS
from training.tables import find_row, read_lines

_DROP = VERDICTS.index("drop")
_DECIDED = ("decision", "state")
_VALUES = {"keep", "drop", "review", "conflict", ""}


@dataclass(frozen=True)
class Dropping:
    """Which stored tiles are dropped.

    dropped: (n,) bool. source: by what, in words. sha256: of the list, None without one.
    unmatched: its ids without a tile.
    """

    dropped: NDArray[np.bool_] = field(repr=False)
    source: str
    sha256: str | None = None
    unmatched: list[str] = field(default_factory=list, repr=False)


def read_dropping(bundle: Bundle, kept: Path | None) -> Dropping:
    """Return what is dropped.

    Without a list it is what the bundle's verdicts drop. A table with a column decision (or
    state) holds decisions of people: drop is dropped, keep and review are not, and tiles
    without a decision go by the verdict. So are verdicts read where the column file stands
    beside them, as `python -m client screen --out` writes it. Any other table with ids names
    the tiles kept, as `python -m training screen --out` writes it, whatever their verdicts.

    Raises:
        InputError: the list cannot be used.
    """
    verdicts = np.asarray(bundle.verdicts) == _DROP
    if kept is None:
        return Dropping(verdicts, "the bundle's verdicts")
    columns, lines = read_lines(kept)
    if "id" not in columns or not lines:
        raise InputError(
            f"{kept} is no list of tiles: it has {len(lines)} lines and the columns "
            f"{', '.join(columns) or 'none'}; id is needed. Give what `screen --out` wrote, or an "
            "export of decisions."
        )
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    rows = [find_row(bundle, line["id"]) for line in lines.values()]
    if all(row is None for row in rows):
        raise InputError(
            f"None of the {len(lines):,} ids in {kept} is a tile of the bundle. Give a list of "
            "the same bundle."
        )
    unmatched = [line["id"] for line, row in zip(lines.values(), rows, strict=True) if row is None]
    column, source = _column(columns)
    if column is not None:
        decided = _decided(kept, lines, rows, column, verdicts)
        return Dropping(decided, source, digest, unmatched)
    told = [line.get("verdict") == "drop" for line in lines.values()]
    if all(told):
        raise InputError(
            f"Every tile in {kept} has the verdict drop: it looks like the list of --dropped. "
            "Give the list of tiles kept."
        )
    dropped = np.ones(len(bundle), dtype=bool)
    dropped[[row for row in rows if row is not None]] = False
    if any(told) and not dropped.any():
        raise InputError(
            f"{kept} keeps every tile of the bundle, those with the verdict drop too: it looks "
            "like a table of all verdicts. Take the lines of tiles to be dropped out."
        )
    return Dropping(dropped, source, digest, unmatched)


def _column(columns: list[str]) -> tuple[str | None, str]:
    """Return the column that says what is dropped, None for a list of tiles kept; and a name."""
    decided = next((name for name in _DECIDED if name in columns), None)
    if decided is not None:
        return decided, "decisions"
    if "verdict" in columns and "file" in columns:
        return "verdict", "the verdicts of a table"
    return None, "a list of tiles kept"


def _decided(
    file: Path,
    lines: dict[int, dict[str, str]],
    rows: list[int | None],
    column: str,
    verdicts: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    dropped = verdicts.copy()
    seen: dict[int, str] = {}
    for (number, line), row in zip(lines.items(), rows, strict=True):
        value = line[column].strip().lower()
        if value not in _VALUES:
            raise InputError(
                f"{file} line {number}: {column} is {line[column]!r}; it can be keep, drop, "
                "review, conflict, or empty where nobody decided."
            )
        if row is None or not value:
            continue
        if seen.setdefault(row, value) != value:
            raise InputError(
                f"{file} line {number}: tile {line['id']} is {seen[row]} before and {value} here. "
                "Export the state of each tile, one line for each."
            )
        dropped[row] = value == "drop"
    return dropped

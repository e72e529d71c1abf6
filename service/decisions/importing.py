"""Decisions from a CSV: of one's own making, or the list that an export wrote."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from bundle.cells import original, separator
from bundle.errors import TilescreenError, UnknownTile
from service.answering import tables as screening
from service.decisions.events import DECISIONS, Decision
from service.decisions.reviewed import Brought, Wanted
from service.errors import BadLine, BadReviewer, BadTable, RoleTooLow
from service.exports import table
from service.keys import Role
from service.requests.reviewers import checked
from service.state import Serving

_LINES = 200_000
_TOLD = 10
"""Columns that a sentence names at most."""
_OWN = ("id", "decision", "reason", "comment", "reviewer")
_READ = {*_OWN, "state", "reviewers", "by", "content"}
_LISTS = {
    "by": {*table.COLUMNS},
    "verdict": {*screening.COLUMNS, "file", "error"},
    "at": {"state", "at"},
}
"""Columns of the lists that we write, by one that each list has: an export, verdicts, decisions."""
_BEYOND = "beyond the columns"
_REASON, _COMMENT = 80, 2000  # as service.schemas.decisions has them


@dataclass(frozen=True)
class Line:
    """A line: what each reviewer decided, nothing where nobody did; or what is wrong with it."""

    number: int
    id: str
    row: int = -1
    brought: tuple[Brought, ...] = ()
    error: TilescreenError | None = None


def read_lines(serving: Serving, data: bytes, reviewer: str, role: Role) -> list[Line]:
    """Read the table; a line that cannot be used holds its error.

    Raises:
        BadTable: it cannot be read as a table of decisions.
    """
    found: list[Line] = []
    seen: dict[tuple[str, int], int] = {}
    for number, cells in _rows(data):
        name = original(cells["id"])
        try:
            if _BEYOND in cells:
                raise BadLine("It has more cells than the first line. Put quotes round commas.")
            row = _row(serving, cells)
            brought = tuple(_brought(cells, row, reviewer, role))
            for one in brought:
                first = seen.setdefault((one.reviewer, row), number)
                if first != number:
                    raise BadLine(f"Line {first} decides about this tile already. Keep one.")
            if len({one.reviewer for one in brought}) < len(brought):
                raise BadLine("It has a reviewer twice in `reviewers`. Keep one.")
        except TilescreenError as error:
            # Without its traceback, which would keep all that was at hand: there may be 200,000.
            found.append(Line(number, name, error=error.with_traceback(None)))
        else:
            found.append(Line(number, serving.catalog.ids[row], row, brought))
    return found


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable("It is no CSV in UTF-8. Save the sheet as CSV UTF-8.") from error
    if max(text.count("\n"), text.count("\r")) > _LINES:
        raise BadTable(f"It has more than {_LINES:,} lines. Send it in parts.")
    # newline="": a line may end as Windows has it, or as old Macs had it.
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator(text), strict=True)
    begun = 1
    try:
        names = next(reader, [])
        begun = reader.line_num + 1
        _check(names)
        columns = {name: at for at, name in enumerate(names) if name in _READ}
        for cells in filter(None, reader):
            found = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
            if len(cells) > len(names):
                found[_BEYOND] = ""
            yield reader.line_num, found
            begun = reader.line_num + 1
    except csv.Error as error:
        raise BadTable(
            f"What begins on line {begun} is no line of a CSV ({error}): a quote is not closed "
            "there, or a cell is longer than 131,072 characters."
        ) from error


def _check(names: list[str]) -> None:
    """See to it that the first line names columns that are known, each once.

    Raises:
        BadTable: it does not.
    """
    known = _READ.union(*(names_of for mark, names_of in _LISTS.items() if mark in names))
    unknown = [f"{name[:40]!r}{_meant(name)}" for name in names if name not in known]
    if "id" not in names or not {"decision", "state"} & {*names}:
        raise BadTable(
            "The first line must name the columns, in small letters: `id` and `decision` at least. "
            f"It has {_few(unknown) or _few(names) or 'none'}."
        )
    if unknown:
        own = ", ".join(f"`{name}`" for name in _OWN)
        raise BadTable(
            f"The first line has columns that are not known: {_few(unknown)}. Known are {own}, and "
            "those of the lists that this service writes. Name each so, or take it away."
        )
    if len({*names}) < len(names):
        raise BadTable("The first line names a column twice. Keep one of them.")


def _meant(name: str) -> str:
    """Return which column is written otherwise, in brackets; empty where none is like it."""
    plain = name.strip().lower()
    return f" (write {plain!r})" if plain in _READ else ""


def _few(names: list[str]) -> str:
    return ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if names[_TOLD:] else "")


def _row(serving: Serving, cells: dict[str, str]) -> int:
    """Find the tile: by what it shows where the line says so, else by its id."""
    rows, given = serving.catalog.rows, cells["id"]
    content = cells.get("content", "")
    if "by" not in cells or not content:
        row = rows.get(given, rows.get(original(given)))
    else:
        try:
            wanted = bytes.fromhex(content)
        except ValueError as error:
            raise BadLine(f"`content` is {content[:40]!r}, no hash in hex.") from error
        row = serving.reviewed.contents.find(wanted, rows.get(original(given)))
    if row is None:
        raise UnknownTile(given[:200], ())
    return row


def _brought(cells: dict[str, str], row: int, reviewer: str, role: Role) -> Iterator[Brought]:
    if "by" in cells and cells["by"] != "decision":
        return
    reason = original(cells.get("reason", "")).strip() or None
    comment = original(cells.get("comment", "")).strip() or None
    pairs = [_pair(one) for one in original(cells.get("reviewers", "")).split(",") if one]
    if "by" not in cells or not pairs:
        said = cells.get("decision") or cells.get("state", "")
        pairs = [(original(cells.get("reviewer", "")).strip() or reviewer, said)]
    whose = len(pairs) == 1  # else the line does not say whose the reason is
    if not whose:
        reason = comment = None
    if "\0" in f"{reason}{comment}":
        raise BadLine("A reason or a comment holds a NUL, which no database keeps.")
    if len(reason or "") > _REASON or len(comment or "") > _COMMENT:
        raise BadLine(f"A reason has {_REASON} characters at most, a comment {_COMMENT}.")
    for who, said in pairs:
        if not said.strip():
            continue
        name = checked(who)
        if not name:
            raise BadReviewer("The name of the reviewer is empty.")
        if name != reviewer and role < Role.ADMIN:
            raise RoleTooLow(Role.ADMIN.name.lower(), role.name.lower())
        wanted = Wanted(row, _decision(said), reason, comment)
        yield Brought(name, wanted, whose and "reason" in cells, whose and "comment" in cells)


def _pair(text: str) -> tuple[str, str]:
    who, _, said = text.partition(":")
    return who, said


def _decision(said: str) -> Decision:
    for decision in DECISIONS:
        if said.strip().lower() == decision:
            return decision
    raise BadLine(f"The decision is {said[:40]!r}; it must be keep, review or drop, or empty.")

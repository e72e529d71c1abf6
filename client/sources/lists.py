"""Tiles that a list names: a CSV manifest, or paths on standard input."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePath

from ..cells import original
from ..errors import InputUnusable
from .tile import Tile, of_path

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Columns:
    """Which columns of a manifest hold the path and the id of a tile."""

    path: str = "path"
    id: str = "id"


def is_manifest(name: str) -> bool:
    """Whether a name is that of a table, by its ending."""
    return PurePath(name).suffix.lower() in _SEPARATORS


def tiles_in_manifest(table: Path, columns: Columns) -> Iterator[Tile]:
    """Yield the tiles that a table names; paths are relative to its folder.

    Commas, tabs or semicolons part it, as its first line has them. A table without a column of
    paths names tiles by id: ID.png beside it, as `python -m training fit --manifest` has it.
    Files that are not there fail in their turn.

    Raises:
        InputUnusable: it cannot be read, has none of the columns, no row, a row without a path,
            or two files under one id.
    """
    lines = _lines(table)
    names = next(lines)[1]
    if not {columns.path, columns.id} & {*names}:
        raise InputUnusable(
            f"{table} has no column {columns.path!r} of paths and none {columns.id!r} of "
            f"ids; it has {', '.join(names) or 'nothing'}. Name yours with --path-column."
        )
    blank = [""] * len(names)
    found = [
        (line, _tile(dict(zip(names, [*cells, *blank], strict=False)), table, columns, line))
        for line, cells in lines
    ]
    if not found:
        raise InputUnusable(f"{table} names no tile: it has a header and no row.")
    if columns.id in names:
        _tell_apart(found, table)
    yield from (tile for _, tile in found)


def _lines(table: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of the first line and of those after it that hold any, with its number."""
    text = _text(table)
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    usual = _SEPARATORS[table.suffix.lower()]
    separator = next((sign for sign in (usual, *",\t;") if sign in first), usual)
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begun = 1
    try:
        yield begun, next(rows, [])
        begun = rows.line_num + 1
        for cells in rows:
            if cells:
                yield begun, cells
            begun = rows.line_num + 1
    except csv.Error as error:
        raise InputUnusable(
            f"What begins on line {begun} of {table} is no line of a table ({error}): a quote is "
            "not closed there, or a cell is longer than 131,072 characters. Mend it."
        ) from error


def _text(table: Path) -> str:
    try:
        data = table.read_bytes()
        # The mark that Excel puts before UTF-8 is not part of the first column's name.
        text = data.decode("utf-8-sig")
        wrong = data.find(b"\0")
    except OSError as error:
        raise InputUnusable(f"{table} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        wrong = error.start
    if wrong < 0:
        return text
    line = len((data[:wrong] + b".").splitlines())
    raise InputUnusable(
        f"{table} is no table in UTF-8: look at line {line}. Save the sheet as CSV UTF-8."
    )


def _tell_apart(found: list[tuple[int, Tile]], table: Path) -> None:
    """See to it that no two files have one id, by which results are told."""
    seen: dict[str, tuple[int, Tile]] = {}
    for line, tile in found:
        before, other = seen.setdefault(tile.id, (line, tile))
        if tile.where != other.where:
            raise InputUnusable(
                f"Lines {before} and {line} of {table} name two files with the id {tile.id!r}. "
                "Give each an id of its own, or leave the column of ids out."
            )


def _tile(row: dict[str, str], table: Path, columns: Columns, line: int) -> Tile:
    tile_id = original(row.get(columns.id, "").strip())
    file = original(row.get(columns.path, "").strip()) if columns.path in row else f"{tile_id}.png"
    if not file or file == ".png":
        raise InputUnusable(f"Line {line} of {table} names no tile.")
    return of_path(table.parent / file, PurePath(file).as_posix(), tile_id or None)


def listed(lines: Iterable[str]) -> list[Tile]:
    """Return the tiles of a list of paths, one a line; empty lines do not count.

    Where a NUL is in it, as `find -print0` has it, paths end there and not with the line.

    Raises:
        InputUnusable: there is none.
    """
    found = list(lines)
    if any("\0" in line for line in found):
        paths = "".join(found).split("\0")
    else:
        paths = [line.rstrip("\r\n") for line in found]
    tiles = [of_path(Path(path), PurePath(path).as_posix()) for path in paths if path.strip()]
    if not tiles:
        raise InputUnusable("Standard input names no tile; it should hold a path a line.")
    return tiles

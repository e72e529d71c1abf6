"""Tiles that a list names: a CSV manifest, or paths on standard input."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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

    A table without a column of paths names them by id: ID.png beside it, as
    `python -m training fit --manifest` has it. Files that are not there fail in their turn.

    Raises:
        InputUnusable: it cannot be read, has none of the columns, no row or a row without a path.
    """
    try:
        # The mark that Excel puts before UTF-8 is not part of the first column's name.
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream, delimiter=_SEPARATORS[table.suffix.lower()], strict=True)
            names = rows.fieldnames or []
            if not {columns.path, columns.id} & set(names):
                raise InputUnusable(
                    f"{table} has no column {columns.path!r} of paths and none {columns.id!r} of "
                    f"ids; it has {', '.join(names) or 'nothing'}. Name yours with --path-column."
                )
            found = [_tile(row, table, columns, rows.line_num) for row in rows]
    except OSError as error:
        raise InputUnusable(f"{table} cannot be read: {error.strerror}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputUnusable(f"{table} is no table in UTF-8: {error}.") from error
    if not found:
        raise InputUnusable(f"{table} names no tile: it has a header and no row.")
    yield from found


def _tile(row: dict[str, str | None], table: Path, columns: Columns, line: int) -> Tile:
    tile_id = original((row.get(columns.id) or "").strip())
    file = (
        original((row.get(columns.path) or "").strip()) if columns.path in row else f"{tile_id}.png"
    )
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

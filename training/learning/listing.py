"""Which tiles there are: from a folder of PNGs or from a table that names them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bundle.cells import original
from bundle.errors import InputError
from training.folders import files_in
from training.tables import read_table

TABLE = "tiles.csv"
"""The table that `python -m training tile` writes beside its tiles."""
_SHOWN = 5
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Listed:
    """One tile before its file is opened; scan, patient and position None when not known."""

    id: str
    file: Path
    scan: str | None = None
    patient: str | None = None
    position: tuple[int, int] | None = None


@dataclass(frozen=True)
class Table:
    """A CSV table that names the tiles.

    file: the CSV.
    id_column: the column with the ids; a tile's file is its id and `.png`.
    where: (column, value) pairs that a row must all have.
    """

    file: Path
    id_column: str = "id"
    where: tuple[tuple[str, str], ...] = ()


def list_tiles(folder: Path, table: Table | None = None) -> list[Listed]:
    """List the tiles of a folder, in ascending order of their ids' UTF-8 bytes.

    Without a table every PNG in the folder and below is a tile, its id the name without
    `.png`; a `tiles.csv` in the folder adds scans and positions. With a table its rows are.

    Raises:
        InputError: the folder or table cannot be used, no tile is left, or two have one id.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}. Give the folder that holds the PNG tiles.")
    tiles = _from_folder(folder) if table is None else _from_table(folder, table)
    _refuse_twins(tiles, table)
    return sorted(tiles, key=lambda tile: tile.id.encode("utf-8", "surrogateescape"))


def shown(names: Sequence[str]) -> str:
    """Return the first few names, printable, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(printable(name) for name in names[:_SHOWN]) + more


def printable(name: str) -> str:
    """Return a name without line breaks and stray bytes, fit for a message and for JSON."""
    plain = name.encode("utf-8", "backslashreplace").decode()
    return plain if plain.isprintable() else repr(plain)[1:-1]


def _from_folder(folder: Path) -> list[Listed]:
    files = list(_pngs(folder))
    if not files:
        raise InputError(
            f"There is no PNG in {folder}. Cut scans into tiles first: "
            f"python -m training tile SCANS --out {folder}."
        )
    known: dict[str, dict[str, str]] = {}
    if (folder / TABLE).is_file():
        # Without ids it is someone else's table.
        known = {row.get("id", ""): row for row in read_table(folder / TABLE)[1]}
    return [_listed(file.stem, file, known.get(file.stem, {})) for file in files]


def _pngs(folder: Path) -> Iterable[Path]:
    # A hidden "._c1.png" is what macOS leaves beside c1.png on foreign disks.
    return (file for file in files_in(folder) if file.name.lower().endswith(".png"))


def _from_table(folder: Path, table: Table) -> list[Listed]:
    columns, rows = read_table(table.file)
    _require_columns(table, columns)
    kept = [row for row in rows if all(row[column] == value for column, value in table.where)]
    if not kept:
        raise InputError(_no_row(table, rows))
    tiles = []
    for number, row in enumerate(kept, 1):
        tile_id = row[table.id_column]
        if not (folder / f"{tile_id}.png").exists():
            tile_id = original(tile_id)  # the list of an export marks what a spreadsheet would run
        if not tile_id or ".." in Path(tile_id).parts or Path(tile_id).is_absolute():
            raise InputError(
                f"{table.file}: {tile_id!r} (chosen row {number}) is no id: with .png behind "
                f"it, it must name a file in {folder}."
            )
        tiles.append(_listed(tile_id, folder / f"{tile_id}.png", row))
    if not all(tile.file.is_file() for tile in tiles):
        below = _by_name(folder)
        tiles = [replace(tile, file=below.get(tile.id, tile.file)) for tile in tiles]
    _refuse_missing(tiles, folder, table)
    return tiles


def _by_name(folder: Path) -> dict[str, Path]:
    """Return the PNGs of a folder and those below it, but for names that stand there twice."""
    found: dict[str, Path] = {}
    twice = set[str]()
    for file in _pngs(folder):
        if found.setdefault(file.stem, file) != file:
            twice.add(file.stem)
    return {name: file for name, file in found.items() if name not in twice}


def _no_row(table: Table, rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return f"{table.file} has no row, so there is no tile to fit. Give a table that names some."
    filters = ", ".join(f"{column}={value}" for column, value in table.where)
    values = "; ".join(
        f"{column} is {shown(sorted({row[column] or '(empty)' for row in rows}))}"
        for column in dict(table.where)
    )
    return f"No row of {table.file} has {filters}: there is no tile to fit. There, {values}."


def _require_columns(table: Table, columns: Sequence[str]) -> None:
    there = shown([column or "(unnamed)" for column in columns]) or "none"
    if table.id_column not in columns:
        raise InputError(
            f"{table.file} has no column {table.id_column!r}; its columns are {there}. "
            "Name the one with the ids by --id-column."
        )
    for column, _ in table.where:
        if column not in columns:
            raise InputError(
                f"{table.file} has no column {column!r} for --where; its columns are {there}."
            )


def _listed(tile_id: str, file: Path, row: Mapping[str, str]) -> Listed:
    y, x = row.get("y", ""), row.get("x", "")
    position = (int(y), int(x)) if _WHOLE.fullmatch(y) and _WHOLE.fullmatch(x) else None
    return Listed(tile_id, file, row.get("scan") or None, row.get("patient") or None, position)


def _refuse_missing(tiles: Sequence[Listed], folder: Path, table: Table) -> None:
    missing = [tile.file.name for tile in tiles if not tile.file.is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(tiles)} tiles that {table.file} names are not in {folder}: "
            f"{shown(missing)}. Give the folder that holds them, or take their rows out."
        )


def _refuse_twins(tiles: Sequence[Listed], table: Table | None) -> None:
    seen: dict[str, Path] = {}
    for tile in tiles:
        other = seen.setdefault(tile.id, tile.file)
        if other is not tile.file:
            if table is not None:
                raise InputError(
                    f"Two rows of {table.file} have the id {tile.id!r}. Take one of them out."
                )
            raise InputError(
                f"Two tiles have the id {tile.id!r}: {printable(f'{other} and {tile.file}')}. "
                "Each needs an id of its own: rename one, or give one folder at a time."
            )

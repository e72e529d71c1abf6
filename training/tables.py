"""CSV tables as users have them."""

import csv
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Protocol

from bundle.cells import original, separator
from bundle.errors import InputError

_BEYOND = "\0"
"""What cells beyond the columns are filed under; no column can be called so."""


class Named(Protocol):
    """Tiles that have ids."""

    def find(self, tile_id: str, /) -> int | None:
        """Return the row of an id, None where no tile has it."""
        ...


def read_table(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return a CSV's column names and its rows, see `read_lines`.

    Raises:
        InputError: the file is no table.
    """
    columns, lines = read_lines(file)
    return columns, list(lines.values())


def read_lines(file: Path) -> tuple[list[str], dict[int, dict[str, str]]]:
    """Return a CSV's column names, and its rows by the number of the line that each ends on.

    A cell that is not there is empty; an empty line is no row, and is counted. Commas, tabs or
    semicolons part cells, as the first line has them.

    Raises:
        InputError: the file is missing, is no text, names a column twice, or has a line with more
            cells than columns.
    """
    text = _text(file)
    lines = StringIO(text, newline="")
    reader = csv.DictReader(lines, restkey=_BEYOND, restval="", delimiter=separator(text))
    rows: dict[int, dict[str, str]] = {}
    try:
        columns = list(reader.fieldnames or [])
        _check_columns(file, columns)
        for row in reader:
            if row.pop(_BEYOND, None):
                raise InputError(
                    f"{file} line {reader.line_num} has more cells than the first line. Put quotes "
                    "round what holds a comma."
                )
            rows[reader.line_num] = row
    except csv.Error as error:
        raise InputError(
            f"{file} cannot be read as a CSV table: {error}. Give a CSV with commas."
        ) from error
    return columns, rows


def _text(file: Path) -> str:
    try:
        # The mark that Excel puts before UTF-8 is not part of the first column's name.
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{file} does not exist. Check the name of the table.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} cannot be read as a CSV table: it is not UTF-8 text. Save it as CSV UTF-8."
        ) from error
    except OSError as error:
        raise InputError(
            f"{file} cannot be read as a CSV table: {error.strerror}. Give a CSV with commas."
        ) from error
    if not text.strip():
        raise InputError(f"{file} is empty. Its first line must name the columns.")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(
            f"{file} cannot be read as a CSV table: line {line} holds a NUL, which no text does. "
            "Save it as CSV UTF-8."
        )
    return text


def _check_columns(file: Path, columns: list[str]) -> None:
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    if twice:
        raise InputError(f"{file} names the column {twice[0]!r} twice. Keep one of them.")


def find_row(bundle: Named, cell: str) -> int | None:
    """Return the row of the tile that a cell names, as it is or marked for spreadsheets."""
    given = cell.strip()
    found = bundle.find(given)
    return bundle.find(original(given)) if found is None else found

"""Cells of a CSV that a spreadsheet shows and never runs, and what parts them."""

import csv
import re
from collections.abc import Iterable
from typing import TextIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula.

    One more before a text that begins with one itself, so that `original` finds every text again.
    """
    return _MARK + text if text.startswith((*_FORMULA, _MARK)) else text


def original(cell: str) -> str:
    """Return the text that `harmless` made a cell of."""
    return cell[1:] if cell.startswith(tuple(_MARK + sign for sign in (*_FORMULA, _MARK))) else cell


def separator(text: str) -> str:
    """Return what parts the cells of a table: a comma, a tab or a semicolon, as line 1 has it."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return next((sign for sign in ",\t;" if sign in first), ",")


class _LineFeeds:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        self._stream.write(line.removesuffix("\r\n") + "\n")


def write_csv(stream: TextIO, rows: Iterable[Iterable[object]]) -> None:
    """Write rows as CSV, lines that end with a line feed.

    Python quotes cells for the line ends that it writes itself: here for a carriage return, too.
    """
    csv.writer(_LineFeeds(stream), lineterminator="\r\n").writerows(rows)

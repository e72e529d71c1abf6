"""Cells of a CSV that a spreadsheet shows and never runs, written as the service writes them."""

import csv
from collections.abc import Iterable
from typing import TextIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run, or that begins with one."""
    runs = isinstance(cell, str) and cell.startswith((*_FORMULA, _MARK))
    return f"{_MARK}{cell}" if runs else cell


def original(cell: str) -> str:
    """Return the text that `harmless` made a cell of."""
    return cell[1:] if cell.startswith(tuple(_MARK + sign for sign in (*_FORMULA, _MARK))) else cell


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

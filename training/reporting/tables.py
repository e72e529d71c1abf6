"""Small tables of a report, all text."""

from collections.abc import Mapping
from dataclasses import dataclass

_GROUPED = 4  # digits from which a count is grouped by thousands


@dataclass(frozen=True)
class Table:
    """A small table: a caption, the head's cells and the rows' cells, all text."""

    caption: str
    head: list[str]
    rows: list[list[str]]


def pairs(caption: str, head: tuple[str, str], values: Mapping[str, object]) -> Table:
    """Return a table of two columns, a row for each name."""
    return Table(caption, list(head), [[name, text(value)] for name, value in values.items()])


def text(value: object) -> str:
    """Write a setting, a count or a figure."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not set"}[value]
    if isinstance(value, float):
        return f"{value:,.4g}" if value < 10**_GROUPED else f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(map(text, value))
    return str(value)

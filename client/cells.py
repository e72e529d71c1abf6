"""Cells of a CSV that a spreadsheet shows and never runs, written as the service writes them."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run, or that begins with one."""
    runs = isinstance(cell, str) and cell.startswith((*_FORMULA, _MARK))
    return f"{_MARK}{cell}" if runs else cell


def original(cell: str) -> str:
    """Return the text that `harmless` made a cell of."""
    return cell[1:] if cell.startswith(tuple(_MARK + sign for sign in (*_FORMULA, _MARK))) else cell

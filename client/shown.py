"""Results in a notebook: the picture that was sent beside what was answered, and data frames.

Pictures are part of the page (data URIs) and nothing is fetched for them; every text is escaped.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from .errors import InputUnusable

if TYPE_CHECKING:
    import pandas as pd

Row: TypeAlias = Mapping[str, Any]
"""A row of a table: column to value."""
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 4 * 2**20
_MOST_SHOWN = 60
_MOST_ROWS = 10
_SIDE_PX = 128
_BOX = ("left", "top", "right", "bottom")
_CARD = "display:inline-block;vertical-align:top;margin:4px;width:{}px;overflow-wrap:anywhere"


@dataclass(frozen=True)
class Shown:
    """An answer about a tile that a notebook can show.

    source: the file or bytes that the tile was sent from; None for a stored one.
    """

    id: str
    source: str | bytes | None = field(default=None, kw_only=True, repr=False, compare=False)

    def rows(self) -> list[Row]:
        """Return it as rows of a table: one, or for neighbours one a hit."""
        return [{"id": self.id}]

    def _repr_html_(self) -> str:
        return _card(self)


A = TypeVar("A", bound=Shown)


class Results(Sequence[A], Generic[A]):
    """Answers about many tiles, such as those of `screen_many`: a list that can be looked at."""

    def __init__(self, answers: Iterable[A]) -> None:
        """Take in all answers; of an `AsyncClient`, `Results([one async for one in answers])`."""
        self._answers = tuple(answers)

    @overload
    def __getitem__(self, place: int) -> A: ...

    @overload
    def __getitem__(self, place: slice) -> "Results[A]": ...

    def __getitem__(self, place: int | slice) -> "A | Results[A]":
        """Return one answer, or some of them."""
        if isinstance(place, slice):
            return Results(self._answers[place])
        return self._answers[place]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._answers)

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<Results: {len(self):,} answers>"

    def rows(self) -> Iterator[Row]:
        """Yield all rows, those of failed tiles with the reason in `error`."""
        for answer in self._answers:
            yield from answer.rows()

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame of all rows, with the columns of the batch command's tables.

        Raises:
            InputUnusable: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ModuleNotFoundError as error:
            raise InputUnusable(
                "Frames need the package pandas: pip install './client[notebook]'."
            ) from error
        frame: pd.DataFrame = pandas.DataFrame.from_records(list(self.rows()))
        return frame

    def _repr_html_(self) -> str:
        cards = "".join(_card(answer) for answer in self._answers[:_MOST_SHOWN])
        left = len(self) - _MOST_SHOWN
        return f"<div>{cards}</div>" + (f"<p>and {left:,} more</p>" if left > 0 else "")


def _card(answer: Shown) -> str:
    rows = answer.rows()
    facts = "<br>".join(_facts(row) for row in rows[:_MOST_ROWS])
    more = f"<br>and {len(rows) - _MOST_ROWS} more" if len(rows) > _MOST_ROWS else ""
    picture = _picture(answer.source, rows[0] if rows else {})
    return (
        f'<div style="{_CARD.format(_SIDE_PX + 32)}">{picture}'
        f"<div><b>{escape(answer.id)}</b><br><small>{facts}{more}</small></div></div>"
    )


def _facts(row: Row) -> str:
    told = (
        f"{escape(name)}: {escape(f'{value:.4g}' if isinstance(value, float) else str(value))}"
        for name, value in list(row.items())[:_MOST_ROWS]
        if name not in {"id", *_BOX} and value not in (None, "")
    )
    return ", ".join(told)


def _picture(source: str | bytes | None, row: Row) -> str:
    data = _bytes(source)
    if not data.startswith(_PNG):
        return ""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    box = ""
    if width and height and row.get("left") is not None:
        left, top, right, bottom = (int(row[side]) for side in _BOX)
        place = {
            "left": 100 * left / width,
            "top": 100 * top / height,
            "width": 100 * (right - left) / width,
            "height": 100 * (bottom - top) / height,
        }
        style = ";".join(f"{side}:{value:.2f}%" for side, value in place.items())
        box = f'<span style="position:absolute;outline:2px solid #e66100;{style}"></span>'
    image = b64encode(data).decode()
    return (
        f'<span style="position:relative;display:inline-block">'
        f'<img alt="the tile" width="{_SIDE_PX}" src="data:image/png;base64,{image}">{box}</span>'
    )


def _bytes(source: str | bytes | None) -> bytes:
    """Return the bytes of a tile, none of one that is gone or too long for a page."""
    if isinstance(source, bytes):
        return source if len(source) <= _MOST_BYTES else b""
    if source is None:
        return b""
    try:
        with Path(source).open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError:
        return b""
    return data if len(data) <= _MOST_BYTES else b""

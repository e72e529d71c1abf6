"""Ids of stored tiles, read from the bundle's file as they are asked for.

A million of them as text would take some 150 MiB of every process that serves them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

Some: TypeAlias = Sequence[int] | NDArray[np.intp] | NDArray[np.int32]
"""(m,) rows."""
_AT_ONCE = 10_000


class Ids(Sequence[str]):
    """Ids by row, in the order of their characters."""

    def __init__(self, raw: NDArray[np.bytes_]) -> None:
        """Take (n,) UTF-8, sorted."""
        self._raw = np.asarray(raw)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._raw)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        """Return one, or those of a slice."""
        return self.of(row) if isinstance(row, slice) else str(self._raw[row], "utf-8")

    def __iter__(self) -> Iterator[str]:
        """Go through all of them, some at a time."""
        starts = range(0, len(self), _AT_ONCE)
        return chain.from_iterable(self[start : start + _AT_ONCE] for start in starts)

    def of(self, rows: Some | slice) -> list[str]:
        """Return those of some rows."""
        return [str(one, "utf-8") for one in self._raw[rows].tolist()]

    def find(self, name: str) -> int | None:
        """Return the row of an id, None where no tile has it."""
        at = bisect_left(self._raw, name.encode("utf-8", "surrogatepass"))
        return at if at < len(self) and self[at] == name else None


class Rows(Mapping[str, int]):
    """Rows by id."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        """Go through all ids."""
        return iter(self._ids)

    def __getitem__(self, name: str) -> int:
        """Return the row of an id."""
        row = self._ids.find(name)
        if row is None:
            raise KeyError(name)
        return row

"""Ids are read from the bundle's file."""

import numpy as np
import pytest

from service.stored.ids import Ids, Rows

NAMES = ["B", "a", "a b", "ä", "日", "🩻"]


@pytest.fixture
def ids() -> Ids:
    """Six ids, sorted as a bundle sorts them."""
    return Ids(np.array([name.encode() for name in NAMES]))


def test_they_are_a_sequence_of_text(ids: Ids) -> None:
    """By row, by slice, by many rows, and one after the other."""
    assert [len(ids), ids[0], ids[-1], ids[1:3]] == [6, "B", "🩻", ["a", "a b"]]
    assert [*ids] == NAMES
    assert ids.of(np.array([5, 0])) == ["🩻", "B"]
    with pytest.raises(IndexError):
        ids[6]


def test_rows_are_found_by_id(ids: Ids) -> None:
    """Each by its own, none by what is no id, be it of bytes that end where an id does."""
    rows = Rows(ids)
    assert dict(rows) == {name: row for row, name in enumerate(NAMES)}
    for name in ("", "A", "a\0", "a ", "zz", "\ud800", "🩻🩻", "a" * 10_000):
        assert rows.get(name) is None
        assert name not in rows


def test_many_are_gone_through_in_pieces() -> None:
    """None is left out and none comes twice."""
    names = [f"{number:06d}" for number in range(25_000)]
    assert [*Ids(np.array(names, dtype="S6"))] == names

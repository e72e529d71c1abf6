"""Tiles on their way to the service."""

from pathlib import Path

import pytest

from client import Payload, Problem
from client.payload import Limits, chunked, load


def test_chunks_keep_order_and_both_limits() -> None:
    """A chunk is full at so many tiles or so many bytes, whichever comes first."""
    limits = Limits(tiles=3, body_bytes=10)
    chunks = list(chunked([1, 1, 1, 1, 8, 2, 30, 1], int, limits))
    assert chunks == [[1, 1, 1], [1, 8], [2], [30], [1]]


def test_a_lowered_limit_counts_from_the_next_chunk() -> None:
    """What one answer teaches holds for the rest of the run."""
    limits = Limits(tiles=4)
    chunks = chunked(range(8), lambda _: 1, limits)
    assert len(next(chunks)) == 4
    limits.tiles = 2
    assert [len(chunk) for chunk in chunks] == [2, 2]


def test_nothing_gives_no_chunk() -> None:
    """No tiles, no request."""
    assert list(chunked([], len, Limits())) == []


@pytest.mark.parametrize("as_text", [True, False])
def test_a_path_gives_name_and_bytes(tmp_path: Path, *, as_text: bool) -> None:
    """The stem of the file's name is the id."""
    file = tmp_path / "c311.png"
    file.write_bytes(b"pixels")
    payload = load(str(file) if as_text else file, Limits())
    assert (payload.name, payload.id, payload.data) == ("c311.png", "c311", b"pixels")


def test_bytes_and_payloads_pass_through() -> None:
    """Bytes get a plain name; a payload has one already."""
    assert load(b"x", Limits()) == Payload("tile.png", b"x")
    assert load(Payload("a.png", b"x"), Limits()).id == "a"


def test_a_vanished_file_says_so(tmp_path: Path) -> None:
    """A file that cannot be read is a problem of that tile, not an exception."""
    problem = load(tmp_path / "gone.png", Limits()).data
    assert isinstance(problem, Problem)
    assert (problem.code, problem.status) == ("unreadable_file", 0)
    assert "No such file" in problem.detail


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file over the limit is refused by its size alone, with both sizes named."""
    file = tmp_path / "scan.png"
    file.write_bytes(b"x" * 1001)
    problem = load(file, Limits(tile_bytes=1000)).data
    assert isinstance(problem, Problem)
    assert "1,001 bytes; at most 1,000" in problem.detail


def test_names_that_are_not_utf8_can_be_sent(tmp_path: Path) -> None:
    """Bytes in a name that are no UTF-8 become escapes."""
    file = Path(str(tmp_path), "t\udcff.png")
    file.write_bytes(b"x")
    payload = load(file, Limits())
    assert (payload.name, payload.id) == ("t\\xff.png", "t\\xff")


@pytest.mark.parametrize("name", ["ä/b c", "a\\b", "a", ".hidden"])
@pytest.mark.parametrize("ending", ["", ".png"])
def test_an_id_is_the_name_but_for_its_ending(name: str, ending: str) -> None:
    """Slashes and backslashes in a name are letters of the id."""
    assert Payload(name + ending, b"x").id == name

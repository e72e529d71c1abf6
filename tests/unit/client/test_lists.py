"""Manifests and lists of paths."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import InputUnusable, Problem
from client.sources import find_tiles
from client.sources.lists import Columns


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tiles in a sub-folder."""
    (tmp_path / "sub").mkdir()
    for name in ("c1", "c2"):
        (tmp_path / "sub" / f"{name}.png").write_bytes(name.encode())
    return tmp_path


def test_a_manifest_names_paths_and_ids(folder: Path) -> None:
    """Paths are relative to the manifest; a blank id is the stem; Excel's mark does no harm."""
    (folder / "m.csv").write_text("\ufeffpath,id\nsub/c2.png,second\nsub/c1.png,\n")
    tiles = find_tiles([str(folder / "m.csv")])
    assert [(tile.file, tile.id) for tile in tiles] == [
        ("sub/c1.png", "c1"),
        ("sub/c2.png", "second"),
    ]
    assert tiles[1].load(9) == b"c2"


def test_a_list_of_the_clients_own_is_a_manifest(folder: Path) -> None:
    """Cells that were marked for spreadsheets name the same tiles."""
    (folder / "=1.png").write_bytes(b"tile")
    (folder / "m.csv").write_text("path,id\n'=1.png,'-a\n")
    (tile,) = find_tiles([str(folder / "m.csv")])
    assert (tile.file, tile.id, tile.load(9)) == ("=1.png", "-a", b"tile")


def test_columns_may_have_other_names(folder: Path) -> None:
    """In a table with tabs as well."""
    (folder / "m.tsv").write_text("image\tname\nsub/c1.png\ta/b\n")
    (tile,) = find_tiles([str(folder / "m.tsv")], columns=Columns("image", "name"))
    assert (tile.file, tile.id, tile.load(9)) == ("sub/c1.png", "a/b", b"c1")


def test_a_manifest_without_paths_names_tiles_by_id(folder: Path) -> None:
    """ID.png beside it, as `python -m training tile` writes them."""
    (folder / "sub" / "tiles.csv").write_text("id,scan\nc1,film-a\n")
    (tile,) = find_tiles([str(folder / "sub" / "tiles.csv")])
    assert (tile.file, tile.id, tile.load(9)) == ("c1.png", "c1", b"c1")


@pytest.mark.parametrize("name", ["m.csv", "m.tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_first_line_says_what_parts_cells(folder: Path, name: str, separator: str) -> None:
    """As `import` has it, whatever the ending: spreadsheets write semicolons to .csv."""
    lines = ["path,id", "sub/c1.png,first"]
    (folder / name).write_text("\r\n".join(lines).replace(",", separator))
    (tile,) = find_tiles([str(folder / name)])
    assert (tile.file, tile.id) == ("sub/c1.png", "first")


def test_one_file_twice_is_one_tile(folder: Path) -> None:
    """A row that is there twice does no harm; without ids, two files of one stem are two tiles."""
    (folder / "m.csv").write_text("path,id\nsub/c1.png,x\nsub/c1.png,x\n")
    assert [tile.id for tile in find_tiles([str(folder / "m.csv")])] == ["x"]
    (folder / "m.csv").write_text("path\nsub/c1.png\nc1.png\n")
    assert [tile.file for tile in find_tiles([str(folder / "m.csv")])] == ["c1.png", "sub/c1.png"]


def test_a_file_that_is_not_there_fails_in_its_turn(folder: Path) -> None:
    """It has its row and its reason; the others are asked about."""
    (folder / "m.csv").write_text("path\nsub/c1.png\ngone.png\n")
    gone, there = find_tiles([str(folder / "m.csv")])
    assert there.load(9) == b"c1"
    told = gone.load(9)
    assert isinstance(told, Problem)
    assert "No such file" in told.detail


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no column 'path' of paths and none 'id' of ids; it has nothing"),
        ("file,score\na,1\n", "it has file, score. Name yours with --path-column"),
        ("path,id\n", "names no tile: it has a header and no row"),
        ("path,id\n,x\n", "Line 2 of .*m.csv names no tile"),
        ("id\n \n", "Line 2 of .*m.csv names no tile"),
        ("id,path\nx\n", "Line 2 of .*m.csv names no tile"),
        ('path\na\n\n\n"b\nc', r"What begins on line 5 of .*m.csv is no line .* a quote is not"),
        ("path\na\0b\n", "m.csv is no table in UTF-8: look at line 2. Save the sheet as CSV UTF-8"),
        ("path\na\n\x80", "m.csv is no table in UTF-8: look at line 3"),
        ("file;score\na;1\n", "it has file, score. Name yours with --path-column"),
        (
            "path,id\na.png,x\n\nb.png,y\nc.png,x\n",
            "Lines 2 and 5 of .*m.csv name two files with the id 'x'. Give each an id of its own",
        ),
        ("path,id\na/c1.png,\nb.png,c1\n", "Lines 2 and 3 of .* two files with the id 'c1'"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(folder: Path, text: str, sentence: str) -> None:
    """The sentence names the file and what is wrong with it."""
    (folder / "m.csv").write_text(text, encoding="latin-1")
    with pytest.raises(InputUnusable, match=sentence):
        find_tiles([str(folder / "m.csv")])


def test_a_manifest_that_is_not_there_says_so(tmp_path: Path) -> None:
    """As any file."""
    with pytest.raises(InputUnusable, match=r"m.csv cannot be read: No such file"):
        find_tiles([str(tmp_path / "m.csv")])


def test_paths_may_come_line_by_line(folder: Path) -> None:
    """Empty lines do not count; the same path twice is one tile."""
    path = folder / "sub" / "c1.png"
    (tile,) = find_tiles(["-"], lines=[f"{path}\n", "\n", f"{path}\r\n"])
    assert (tile.file, tile.id, tile.load(9)) == (str(path), "c1", b"c1")


def test_no_line_is_no_list() -> None:
    """A pipe that brought nothing is no empty success."""
    with pytest.raises(InputUnusable, match="Standard input names no tile"):
        find_tiles(["-"], lines=["\n"])


def test_paths_may_end_with_nul(folder: Path) -> None:
    """As `find -print0` writes them: such a path may hold the end of a line."""
    odd = folder / "two\nlines.png"
    odd.write_bytes(b"odd")
    listed = f"{folder / 'sub' / 'c1.png'}\0{odd}\0"
    tiles = find_tiles(["-"], lines=listed.splitlines(keepends=True))
    assert [(tile.id, tile.load(9)) for tile in tiles] == [("c1", b"c1"), ("two\nlines", b"odd")]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_list_or_a_sentence(listed: bytes) -> None:
    """What is there is read, what is not fails alone; nothing ends in a traceback."""
    with suppress(InputUnusable):
        for tile in find_tiles(["-"], lines=map(os.fsdecode, BytesIO(listed))):
            assert isinstance(tile.load(0), Problem)

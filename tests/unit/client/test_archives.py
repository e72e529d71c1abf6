"""Zip archives are read where they are, and not believed."""

import zipfile
from pathlib import Path

import pytest

from client import InputUnusable, Problem
from client.sources import find_tiles


def _archive(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_tiles_are_read_where_they_are(tmp_path: Path) -> None:
    """PNG members, told below the archive's name; others and hidden ones are left out."""
    members = {"a/c1.png": b"one", "c2.PNG": b"two", "notes.txt": b"x", "__MACOSX/a/._c1.png": b"x"}
    path = _archive(tmp_path / "films.zip", members)
    tiles = find_tiles([str(path)])
    assert [(tile.file, tile.id) for tile in tiles] == [
        ("films.zip/a/c1.png", "c1"),
        ("films.zip/c2.PNG", "c2"),
    ]
    assert [tile.load(10) for tile in tiles] == [b"one", b"two"]
    assert list(tmp_path.iterdir()) == [path]


def test_archives_stand_beside_folders_and_match_patterns(tmp_path: Path) -> None:
    """All are told relative to one folder."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c9.png").write_bytes(b"x")
    for name in ("a", "b"):
        _archive(tmp_path / f"{name}.zip", {"c1.png": name.encode()})
    files = [tile.file for tile in find_tiles([f"{tmp_path}/*.zip", str(tmp_path / "more")])]
    assert files == ["a.zip/c1.png", "b.zip/c1.png", "more/c9.png"]


def test_a_name_that_leads_out_of_the_archive_leads_nowhere(tmp_path: Path) -> None:
    """Nothing is written: such a name is a name."""
    path = _archive(tmp_path / "a.zip", {"../../evil.png": b"x"})
    (tile,) = find_tiles([str(path)])
    assert (tile.id, tile.load(10)) == ("evil", b"x")


def test_a_bomb_is_not_read(tmp_path: Path) -> None:
    """What says that it unpacks to far more than pictures do is refused as a whole."""
    zeros = bytes(2**26)
    path = _archive(tmp_path / "bomb.zip", {f"{number}.png": zeros for number in range(5)})
    with pytest.raises(InputUnusable, match="looks like a zip bomb"):
        find_tiles([str(path)])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    """One of them would be left out without a word."""
    path = _archive(tmp_path / "a.zip", {"t.png": b"x"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("t.png", b"y")
    with pytest.raises(InputUnusable, match=r"2 members of the name t\.png"):
        find_tiles([str(path)])


def test_a_member_is_read_no_further_than_a_tile_may_be(tmp_path: Path) -> None:
    """A long member fails by what it says of itself, and by what it holds if it lies."""
    path = _archive(tmp_path / "a.zip", {"long.png": b"x" * 1001}, zipfile.ZIP_STORED)
    (tile,) = find_tiles([str(path)])
    told = tile.load(1000)
    assert isinstance(told, Problem)
    assert told.code == "tile_too_long"
    assert tile.read(10) == b"x" * 10


def test_a_damaged_member_fails_alone(tmp_path: Path) -> None:
    """Its bytes do not have the sum that they should; the other is sound."""
    path = _archive(
        tmp_path / "a.zip", {"a.png": b"first!", "b.png": b"second"}, zipfile.ZIP_STORED
    )
    path.write_bytes(path.read_bytes().replace(b"first!", b"worst!"))
    bad, good = find_tiles([str(path)])
    assert good.load(10) == b"second"
    told = bad.load(10)
    assert isinstance(told, Problem)
    assert "Bad CRC-32" in told.detail


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"no zip", "cannot be read as a zip archive"), (None, "none of them")],
)
def test_what_is_no_archive_of_tiles_says_so(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """A sentence, whatever has the name of one."""
    path = tmp_path / "a.zip"
    if content is None:
        _archive(path, {"notes.txt": b"x"})
    else:
        path.write_bytes(content)
    with pytest.raises(InputUnusable, match=sentence):
        find_tiles([str(path)])

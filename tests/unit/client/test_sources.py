"""From what was named to a sorted list of files."""

import os
from pathlib import Path

import pytest

from client import InputUnusable
from client.sources import find_tiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three tiles, two of one stem, beside things that are no tiles."""
    for name in ("b.png", "a/b.PNG", "a/c1.png", "notes.txt", ".hidden.png", ".old/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def _files(*named: Path | str) -> list[str]:
    return [tile.file for tile in find_tiles([str(name) for name in named])]


def test_folders_are_searched_with_sub_folders(folder: Path) -> None:
    """PNG files in either case, sorted, by their path below the folder; hidden ones left out."""
    assert _files(folder) == ["a/b.PNG", "a/c1.png", "b.png"]


def test_two_files_of_one_stem_keep_their_paths(folder: Path) -> None:
    """The id is the stem; the path tells the two apart."""
    tiles = [tile for tile in find_tiles([str(folder)]) if tile.id == "b"]
    assert [tile.file for tile in tiles] == ["a/b.PNG", "b.png"]


def test_a_single_file_goes_by_its_name(folder: Path) -> None:
    """A file named on its own is taken whatever its ending."""
    assert _files(folder / "notes.txt") == ["notes.txt"]


def test_patterns_are_expanded(folder: Path) -> None:
    """A quoted pattern is relative to the part before its first star."""
    assert _files(f"{folder}/**/c*.png") == ["a/c1.png"]


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    """What exists is never taken for a pattern."""
    (tmp_path / "t[1].png").write_bytes(b"x")
    assert _files(tmp_path / "t[1].png") == ["t[1].png"]


def test_several_inputs_share_one_root(folder: Path) -> None:
    """Each file once, relative to the deepest folder that holds all inputs."""
    assert _files(folder / "a", folder / "b.png", folder / "a/c1.png") == [
        "a/b.PNG",
        "a/c1.png",
        "b.png",
    ]


def test_relative_names_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder may be named by a dot."""
    monkeypatch.chdir(folder)
    assert _files(".") == ["a/b.PNG", "a/c1.png", "b.png"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The sentence says which name does not exist and what would do."""
    with pytest.raises(InputUnusable, match=r"tiles does not exist. Name a folder"):
        _files(tmp_path / "tiles")


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    """Nothing in it: cut scans first."""
    with pytest.raises(InputUnusable, match=r"is empty. Cut scans into tiles"):
        _files(tmp_path)


def test_a_folder_without_png_counts_what_is_there(tmp_path: Path) -> None:
    """Other files are counted, so that a wrong folder is noticed."""
    (tmp_path / "scan.dcm").write_bytes(b"x")
    with pytest.raises(InputUnusable, match="holds 1 files and none of them is a PNG"):
        _files(tmp_path)


def test_a_pattern_without_a_match_says_so(tmp_path: Path) -> None:
    """A pattern that matches nothing is no empty success."""
    with pytest.raises(InputUnusable, match="No file matches"):
        _files(f"{tmp_path}/*.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_sub_folder_stops_the_run(folder: Path) -> None:
    """Tiles must not be left out without a word."""
    (folder / "a").chmod(0)
    try:
        with pytest.raises(InputUnusable, match="cannot be read: Permission denied"):
            _files(folder)
    finally:
        (folder / "a").chmod(0o755)


def test_a_link_to_nowhere_is_kept_for_the_report(tmp_path: Path) -> None:
    """A broken link is listed, so that its failure is reported in its turn."""
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    (tile,) = find_tiles([str(tmp_path)])
    assert (tile.file, tile.size) == ("lost.png", 0)


def test_linked_folders_are_followed_once(folder: Path) -> None:
    """Tiles behind a link are found; a link that leads in a circle ends."""
    (folder / "a/circle").symlink_to(folder)
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "far.png").write_bytes(b"x")
    (folder / "link").symlink_to(elsewhere)
    assert _files(folder) == ["a/b.PNG", "a/c1.png", "b.png", "link/far.png"]


def test_names_that_are_not_utf8_are_escaped(tmp_path: Path) -> None:
    """Every table can hold the name, and the file can still be opened."""
    Path(str(tmp_path), "t\udcff.png").write_bytes(b"x")
    (tile,) = find_tiles([str(tmp_path)])
    assert tile.file == "t\\xff.png"
    assert tile.load(9) == b"x"


@pytest.mark.parametrize(("name", "tile_id"), [("a\\b.png", r"a\b"), ("t\udcff.png", r"t\xff")])
def test_odd_names_keep_their_ids(tmp_path: Path, name: str, tile_id: str) -> None:
    """A backslash, of the name or of an escape, is not taken for a folder's end."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(b"x")
    assert [tile.id for tile in find_tiles([str(tmp_path)])] == [tile_id]

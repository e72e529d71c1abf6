"""Which tiles there are, and what is said when that is not clear."""

from pathlib import Path

import pytest

from bundle.errors import InputError
from tests.tile_folders import write_tiles
from training.learning.listing import Table, list_tiles, printable

STUDY = "id,class,normal_class,\nt00,0,1,0\nt01,1,0,1\nt02,0,1,2\n"


def table(folder: Path, text: str = STUDY, *where: tuple[str, str], column: str = "id") -> Table:
    """Write a CSV beside the tiles' folder and return it as a table."""
    file = folder.parent / "train.csv"
    file.write_text(text)
    return Table(file, column, where)


def test_ids_are_stems_in_byte_order(tmp_path: Path) -> None:
    """Every PNG below the folder is a tile, named by its stem, sorted by UTF-8 bytes."""
    write_tiles(tmp_path, 2)
    for name in ("b/é.png", "b/Z.PNG", "b/z.png"):
        (tmp_path / "b").mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [tile.id for tile in list_tiles(tmp_path)] == ["Z", "t00", "t01", "z", "é"]


def test_hidden_files_are_no_tiles(tmp_path: Path) -> None:
    """What macOS and editors leave behind is not listed."""
    write_tiles(tmp_path, 1)
    (tmp_path / "._t00.png").write_bytes(b"\0\5\x16\7")
    write_tiles(tmp_path / ".cache", 1)
    assert [tile.id for tile in list_tiles(tmp_path)] == ["t00"]


def test_tiles_csv_gives_scans_and_positions(tmp_path: Path) -> None:
    """The table that `tile` writes adds scan, patient and position; a tile may lack them."""
    write_tiles(tmp_path, 2, scans=2)
    (tmp_path / "extra.png").write_bytes(b"")
    extra, first, second = list_tiles(tmp_path)
    assert (extra.scan, extra.patient, extra.position) == (None, None, None)
    assert (first.scan, first.patient, first.position) == ("film0", "p0", (0, 0))
    assert second.position == (350, 0)


def test_someone_elses_tiles_csv_is_passed_over(tmp_path: Path) -> None:
    """A tiles.csv without an id column says nothing about the tiles."""
    write_tiles(tmp_path, 1)
    (tmp_path / "tiles.csv").write_text("name,size\nt00,4\n")
    assert list_tiles(tmp_path)[0].scan is None


def test_study_layout_is_filtered(tmp_path: Path) -> None:
    """The study's CSV, with its unnamed index, names the files; --where keeps some."""
    folder = write_tiles(tmp_path / "tiles", 3)
    found = list_tiles(folder, table(folder, STUDY, ("class", "0")))
    assert [(tile.id, tile.file.name) for tile in found] == [("t00", "t00.png"), ("t02", "t02.png")]


def test_conditions_add_up(tmp_path: Path) -> None:
    """A row must meet every condition; meeting none is an error that tells the values there."""
    folder = write_tiles(tmp_path / "tiles", 3)
    both = table(folder, STUDY, ("class", "0"), ("normal_class", "0"))
    with pytest.raises(
        InputError, match=r"has class=0, normal_class=0: there .* class is 0, 1; norm"
    ):
        list_tiles(folder, both)


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A CSV saved by Excel is read as any other."""
    folder = write_tiles(tmp_path / "tiles", 1)
    assert list_tiles(folder, table(folder, "\ufeffid\nt00\n"))[0].id == "t00"


@pytest.mark.parametrize("name", ["röntgen", "two\nlines", "a b", "100%", "c'1", "片"])
def test_ids_are_kept_as_given(tmp_path: Path, name: str) -> None:
    """An id may hold any character that a file name may."""
    (tmp_path / f"{name}.png").write_bytes(b"")
    assert list_tiles(tmp_path)[0].id == name


def test_the_list_of_an_export_names_the_same_tiles(tmp_path: Path) -> None:
    """It has an apostrophe before what a spreadsheet would run; a file that has one wins."""
    for name in ("=1", "'-2", "-2", "'+3"):
        (tmp_path / f"{name}.png").write_bytes(b"")
    listed = list_tiles(tmp_path, table(tmp_path, "id\n'=1\n'-2\n''+3\n"))
    assert sorted(tile.id for tile in listed) == ["'+3", "'-2", "=1"]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A missing folder is named, with what to give."""
    with pytest.raises(InputError, match=r"nowhere does not exist\. Give the folder"):
        list_tiles(tmp_path / "nowhere")


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    """A file is not taken for a folder of one."""
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="is a file, not a folder"):
        list_tiles(tmp_path / "a.png")


@pytest.mark.parametrize("other", [None, "scan.dcm"])
def test_folder_without_a_png(tmp_path: Path, other: str | None) -> None:
    """An empty folder, or one of scans, is sent to the `tile` command."""
    if other:
        (tmp_path / other).write_bytes(b"DICM")
    with pytest.raises(InputError, match=r"no PNG in .* python -m training tile"):
        list_tiles(tmp_path)


def test_two_files_with_one_id(tmp_path: Path) -> None:
    """Both files are named, as one of them must be renamed."""
    for part in ("a", "b"):
        write_tiles(tmp_path / part, 1)
    with pytest.raises(InputError, match=r"id 't00': .*a/t00.png and .*b/t00.png"):
        list_tiles(tmp_path)


def test_two_rows_with_one_id(tmp_path: Path) -> None:
    """A table that names a tile twice is refused."""
    folder = write_tiles(tmp_path / "tiles", 1)
    with pytest.raises(InputError, match=r"Two rows of .*train\.csv have the id 't00'\. Take"):
        list_tiles(folder, table(folder, "id\nt00\nt00\n"))


def test_rows_without_a_file(tmp_path: Path) -> None:
    """Missing files are counted, the first ones named, and the remedy said."""
    folder = write_tiles(tmp_path / "tiles", 1)
    rows = "\n".join(["id", "t00", *(f"gone{number}" for number in range(7))])
    with pytest.raises(InputError, match=r"7 of 8 .*gone0.png, .*gone4.png and 2 more\. Give"):
        list_tiles(folder, table(folder, rows))


def test_id_column_that_is_not_there(tmp_path: Path) -> None:
    """A wrong name for the ids is answered with the columns that there are."""
    folder = write_tiles(tmp_path / "tiles", 1)
    with pytest.raises(InputError, match=r"no column 'name'; .* id, class, .*, \(unnamed\)\. Name"):
        list_tiles(folder, table(folder, column="name"))


def test_condition_on_a_column_that_is_not_there(tmp_path: Path) -> None:
    """A wrong name in --where is answered with the columns that there are."""
    folder = write_tiles(tmp_path / "tiles", 1)
    with pytest.raises(InputError, match=r"no column 'klass' for --where; its columns are id, cl"):
        list_tiles(folder, table(folder, STUDY, ("klass", "0")))


@pytest.mark.parametrize("text", ["", "id\n"])
def test_table_without_rows(tmp_path: Path, text: str) -> None:
    """An empty table is an error, not a fit of nothing."""
    folder = write_tiles(tmp_path / "tiles", 1)
    with pytest.raises(InputError, match=r"is empty\.|no tile to fit"):
        list_tiles(folder, table(folder, text))


def test_table_that_is_no_text(tmp_path: Path) -> None:
    """A spreadsheet in place of a CSV is refused by name."""
    folder = write_tiles(tmp_path / "tiles", 1)
    (tmp_path / "train.csv").write_bytes(b"PK\3\4\xff\xfe\x80")
    with pytest.raises(InputError, match=r"train\.csv cannot be read as a CSV table"):
        list_tiles(folder, Table(tmp_path / "train.csv"))


@pytest.mark.parametrize("tile_id", ["../secret", "/etc/motd", ""])
def test_id_that_leaves_the_folder(tmp_path: Path, tile_id: str) -> None:
    """An id names a file in the folder, and no other."""
    folder = write_tiles(tmp_path / "tiles", 1)
    with pytest.raises(InputError, match="is no id"):
        list_tiles(folder, table(folder, f"id,class\n{tile_id},0\n"))


def test_names_are_made_printable() -> None:
    """Line breaks and stray bytes of a file name cannot garble a message."""
    assert printable("two\nlines") == r"two\nlines"
    assert printable("\udcff.png") == r"\udcff.png"
    assert printable("röntgen") == "röntgen"


def test_linked_folders_are_gone_through_once(tmp_path: Path) -> None:
    """A collection may be put together by links, and one may lead back."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tiles").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_bytes(b"")
    (tmp_path / "tiles" / "a.png").write_bytes(b"")
    (tmp_path / "tiles" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "tiles")
    assert [tile.id for tile in list_tiles(tmp_path / "tiles")] == ["a", "b"]


def test_a_table_names_tiles_below_the_folder(tmp_path: Path) -> None:
    """As `screen` writes it for a bundle of them; a name that stands there twice says nothing."""
    for name in ("one/a.png", "two/b.png", "one/c.png", "two/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    table = tmp_path / "kept.csv"
    table.write_text("id\na\nb\n")
    found = list_tiles(tmp_path, Table(table))
    assert [tile.file.parent.name for tile in found] == ["one", "two"]
    table.write_text("id\na\nc\n")
    with pytest.raises(InputError, match="1 of 2 tiles"):
        list_tiles(tmp_path, Table(table))

"""Reading tiles once, onto disk."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle import load_tile
from bundle.errors import InputError
from tests.pictures import png
from tests.tile_folders import stroke_tiles, write_tiles
from training.learning.data import MIN_TILES, fingerprint, read_tiles
from training.learning.listing import list_tiles
from training.progress import StepLog
from training.tiles import TileSet

SIDE = 16


def read(folder: Path, log: StepLog | None = None) -> TileSet:
    """Read a folder's tiles, working in a folder beside it."""
    work = folder.parent / "work"
    work.mkdir(exist_ok=True)
    return read_tiles(list_tiles(folder), work, side=SIDE, log=log or StepLog())


def test_rows_are_the_encoders_input(tmp_path: Path) -> None:
    """Each row is what bundle.preprocess makes of the file with that row's id."""
    folder = write_tiles(tmp_path / "tiles", 12)
    tiles = read(folder)
    assert tiles.inputs.shape == (12, SIDE, SIDE)
    for tile_id, row in zip(tiles.ids, tiles.inputs, strict=True):
        expected = load_tile((folder / f"{tile_id}.png").read_bytes(), SIDE)
        np.testing.assert_array_equal(row, expected)


def test_rows_are_mapped_from_disk(tmp_path: Path) -> None:
    """The array is a read-only mapping: 62,000 tiles do not sit in memory."""
    tiles = read(write_tiles(tmp_path / "tiles"))
    assert isinstance(tiles.inputs, np.memmap)
    assert not tiles.inputs.flags.writeable


def test_rows_are_read_without_keeping_the_file_in_memory(tmp_path: Path) -> None:
    """What is read is a copy of the rows asked for, in their order."""
    tiles = read(write_tiles(tmp_path / "tiles"))
    some = tiles.read(np.array([5, 2]))
    assert some.base is None
    np.testing.assert_array_equal(some, tiles.inputs[[5, 2]])
    np.testing.assert_array_equal(tiles.read(slice(3, 5)), tiles.inputs[3:5])


def test_scans_are_numbered(tmp_path: Path) -> None:
    """Scans, patients and positions go with the rows; unknown ones are -1."""
    folder = write_tiles(tmp_path / "tiles", 12, scans=3)
    (folder / "alone.png").write_bytes(png(stroke_tiles(20)[-1]))
    tiles = read(folder)
    assert [scan.name for scan in tiles.scans] == ["film0", "film1", "film2"]
    assert tiles.scan_numbers.tolist() == [-1, *[0, 1, 2] * 4]
    assert tiles.positions[:3].tolist() == [[-1, -1], [0, 0], [350, 0]]


def test_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    """Height and width as given are kept beside the resized pixels, of kept tiles only."""
    folder = write_tiles(tmp_path / "tiles", 12)
    (folder / "t01.png").write_bytes(png(stroke_tiles(1, side=40)[0, :33]))
    (folder / "t00.png").write_bytes(b"")
    for tiles in (read(folder), read(folder)):  # decoded, then from the work folder
        assert tiles.sizes.dtype == np.int32
        assert tiles.sizes.tolist() == [[33, 40], *[[32, 32]] * 10]


def test_one_broken_file_among_many(tmp_path: Path) -> None:
    """A file that does not decode is left out and listed with the reason; the rest is kept."""
    folder = write_tiles(tmp_path / "tiles", 30)
    whole = (folder / "t07.png").read_bytes()
    (folder / "t07.png").write_bytes(whole[: len(whole) // 2])
    tiles = read(folder)
    assert len(tiles) == 29
    assert "t07" not in tiles.ids
    assert list(tiles.skipped) == ["t07.png"]
    assert "ends early" in tiles.skipped["t07.png"]
    assert "again" not in tiles.skipped["t07.png"]


def test_rows_after_a_broken_file_are_in_place(tmp_path: Path) -> None:
    """Leaving one file out does not shift the tiles behind it."""
    folder = write_tiles(tmp_path / "tiles", 12)
    (folder / "t03.png").write_bytes(b"")
    tiles = read(folder)
    assert tiles.skipped == {"t03.png": "The file is empty."}
    expected = load_tile((folder / "t11.png").read_bytes(), SIDE)
    np.testing.assert_array_equal(tiles.inputs[tiles.ids.index("t11")], expected)


def test_link_to_nowhere_is_skipped(tmp_path: Path) -> None:
    """A file that cannot be opened is treated as one that does not decode."""
    folder = write_tiles(tmp_path / "tiles")
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert "No such file" in next(iter(read(folder).skipped.values()))


def test_a_pipe_is_skipped(tmp_path: Path) -> None:
    """Reading one would wait for somebody to write into it."""
    folder = write_tiles(tmp_path / "tiles")
    os.mkfifo(folder / "pipe.png")
    assert read(folder).skipped == {
        "pipe.png": "It cannot be opened: it is no file, but a folder, a pipe or a device."
    }


def test_colour_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of stained sections the verdicts say nothing, and nobody would guess so."""
    folder = write_tiles(tmp_path / "tiles")
    read(folder)
    assert "in colour" not in capsys.readouterr().err
    for file in folder.glob("*.png"):
        grey = np.asarray(Image.open(file))
        Image.fromarray(np.stack([grey, grey // 3, grey // 2], axis=2)).save(file)
    read(folder)
    assert "tiles are in colour" in capsys.readouterr().err


def test_twelve_bits_stored_as_sixteen_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All tiles would be called blank, and dropped."""
    folder = write_tiles(tmp_path / "tiles")
    read(folder)
    assert "12 bits" not in capsys.readouterr().err
    for file in folder.glob("*.png"):
        grey = np.asarray(Image.open(file)).astype(np.uint16)
        Image.fromarray(grey * 16).save(file)
    read(folder)
    assert "perhaps 12 bits stored as 16" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="file names are text there")
def test_name_that_is_not_text_is_skipped(tmp_path: Path) -> None:
    """A file name of stray bytes cannot be an id; it is listed, printably."""
    folder = write_tiles(tmp_path / "tiles")
    try:
        (folder / "\udcff.png").write_bytes(png(stroke_tiles(1)[0]))
    except OSError:
        pytest.skip("this file system takes text only")
    (name,) = read(folder).skipped
    assert name.isprintable()
    assert name.isascii()


def test_fewer_tiles_than_a_fit_needs(tmp_path: Path) -> None:
    """One tile too few is refused with both numbers."""
    folder = write_tiles(tmp_path / "tiles", MIN_TILES - 1)
    with pytest.raises(InputError, match=rf"are {MIN_TILES - 1} tiles; .* at least {MIN_TILES}"):
        read(folder)


def test_nothing_but_broken_files(tmp_path: Path) -> None:
    """When too few are left because files are broken, the first one and its reason are said."""
    folder = write_tiles(tmp_path / "tiles", 12)
    for file in folder.glob("*.png"):
        file.write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"12 of 12 files are no tiles; t00.png: .*not a PNG"):
        read(folder)


def test_all_tiles_identical(tmp_path: Path) -> None:
    """Equal tiles cannot be compared, and the message says so."""
    folder = write_tiles(tmp_path / "tiles", 12)
    for file in folder.glob("*.png"):
        file.write_bytes(png(np.full((20, 20), 7, np.uint8)))
    with pytest.raises(InputError, match="All 12 tiles are the same picture"):
        read(folder)


def test_tiles_are_read_once(tmp_path: Path) -> None:
    """A second run over the same files takes what the first one left."""
    folder = write_tiles(tmp_path / "tiles")
    first, log = read(folder), StepLog()
    second = read(folder, log)
    assert log.steps == []
    assert second.ids == first.ids
    np.testing.assert_array_equal(second.inputs, first.inputs)


@pytest.mark.parametrize("change", ["rewritten", "removed", "added", "scan"])
def test_changed_files_are_read_again(tmp_path: Path, change: str) -> None:
    """The fingerprint changes with any file, and with what tiles.csv says."""
    folder = write_tiles(tmp_path / "tiles", 12)
    before = fingerprint(list_tiles(folder), SIDE)
    if change == "rewritten":
        (folder / "t01.png").write_bytes(png(stroke_tiles(1, seed=9)[0], compress_level=1))
    elif change == "removed":
        (folder / "t01.png").unlink()
    elif change == "added":
        write_tiles(folder, 13)
    else:
        (folder / "tiles.csv").write_text("id,scan\nt01,film9\n")
    assert fingerprint(list_tiles(folder), SIDE) != before

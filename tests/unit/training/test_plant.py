"""The `plant` command: known annotations on clean tiles, and nothing else that differs."""

import csv
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import BundleMissing, InputError
from bundle.preprocess import decode_png
from tests.pictures import png
from tests.tiny import SIDE, tiny_tiles, write_tiny_bundle
from training.plant import COLUMNS, configure, run
from training.planting.annotations import KINDS

SHAPES = ((8, 8), (9, 40), (31, 17), (64, 64), (75, 120), (299, 301))


def arguments(*given: object) -> Namespace:
    parser = ArgumentParser()
    configure(parser)
    return parser.parse_args([str(one) for one in (*given, "--workers", 1)])


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "planted.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def grey(file: Path) -> NDArray[np.uint8]:
    return decode_png(file.read_bytes())


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six tiles of six shapes."""
    folder = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(1)
    for number, shape in enumerate(SHAPES):
        slope = np.linspace(40, 180, shape[1]) + rng.normal(0, 3, shape)
        (folder / f"t{number}.png").write_bytes(png(slope.astype(np.uint8)))
    return folder


@pytest.fixture(scope="module")
def planted(tiles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those tiles, planted."""
    out = tmp_path_factory.mktemp("out") / "planted"
    assert run(arguments(tiles, "--out", out, "--seed", 3)) == 0
    return out


def test_each_tile_has_a_line_and_three_pictures_of_its_size(planted: Path):
    """Planted tile, mask and clean tile have the shape of the tile, whatever that is."""
    lines = table(planted)
    assert list(lines[0]) == list(COLUMNS)
    for line, shape in zip(lines, SHAPES, strict=True):
        for part in (".", "masks", "clean"):
            assert grey(planted / part / f"{line['id']}.png").shape == shape


def test_the_box_is_the_masks(planted: Path):
    """A mask is 0 and 255 alone, and the box in the table lies tightly round it."""
    for line in table(planted):
        mask = grey(planted / "masks" / f"{line['id']}.png")
        assert set(np.unique(mask).tolist()) <= {0, 255}
        y, x = np.nonzero(mask)
        box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert [int(line[side]) for side in ("left", "top", "right", "bottom")] == box


def test_lines_hold_what_was_planted(planted: Path):
    """Kinds are known ones, sizes and contrasts in their ranges, clear is 0 or 1."""
    for line in table(planted):
        assert line["kind"] in KINDS
        assert 4 <= float(line["size_px"]) <= 300
        assert 0 <= float(line["contrast"]) <= 1
        assert line["clear"] in {"0", "1"}
        assert line["source"] == f"{line['id']}.png"


def test_planted_and_clean_tiles_are_worn_alike(tmp_path: Path):
    """Far from the annotation the two are the same pixel for pixel: noise gives nothing away."""
    (tmp_path / "tiles").mkdir()
    for number in range(8):
        slope = np.linspace(60, 120, 96)[None].repeat(96, 0).astype(np.uint8)
        (tmp_path / "tiles" / f"t{number}.png").write_bytes(png(slope))
    out = tmp_path / "planted"
    run(arguments(tmp_path / "tiles", "--out", out, "--kind", "digits"))
    for line in table(out):
        same = grey(out / f"{line['id']}.png") == grey(out / "clean" / f"{line['id']}.png")
        assert same.any()
        assert same[grey(out / "masks" / f"{line['id']}.png") == 0].mean() > 0.3


def test_results_do_not_depend_on_the_processes(tmp_path: Path):
    """One process and two write the same bytes."""
    (tmp_path / "tiles").mkdir()
    for number, tile in enumerate(tiny_tiles(9)):
        (tmp_path / "tiles" / f"t{number}.png").write_bytes(png(tile))
    for workers in (1, 2):
        given = arguments(tmp_path / "tiles", "--out", tmp_path / str(workers))
        given.workers = workers
        run(given)
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_a_tile_is_planted_the_same_among_others(tiles: Path, planted: Path, tmp_path: Path):
    """Which other tiles there are changes nothing; another seed changes everything."""
    run(arguments(tiles, "--out", tmp_path / "some", "--seed", 3, "--count", 3))
    some, whole = files(tmp_path / "some"), files(planted)
    pictures = [name for name in some if name.endswith(".png")]
    assert len(pictures) == 9
    assert all(some[name] == whole[name] for name in pictures)
    run(arguments(tiles, "--out", tmp_path / "other", "--seed", 4))
    assert not set(files(tmp_path / "other").values()) & set(whole.values())


def test_only_the_kinds_asked_for_are_planted(tiles: Path, tmp_path: Path):
    """--kind takes several; no other comes."""
    run(arguments(tiles, "--out", tmp_path / "out", "--kind", "arrow", "ruler"))
    assert {line["kind"] for line in table(tmp_path / "out")} <= {"arrow", "ruler"}


def test_an_unknown_kind_is_refused(tiles: Path, tmp_path: Path, capsys):
    """The message names the kinds that there are."""
    with pytest.raises(SystemExit):
        arguments(tiles, "--out", tmp_path / "out", "--kind", "stamp")
    assert "letters" in capsys.readouterr().err


def test_without_clean_tiles_there_is_no_folder_for_them(tiles: Path, tmp_path: Path):
    """--no-clean leaves the planted tiles, the masks and the table."""
    run(arguments(tiles, "--out", tmp_path / "out", "--no-clean"))
    assert not (tmp_path / "out" / "clean").exists()
    assert len(list((tmp_path / "out" / "masks").iterdir())) == len(SHAPES)


def test_tiles_are_said_to_be_taken_for_clean(tiles: Path, tmp_path: Path, capsys):
    """Without a bundle it says that nobody has looked at the tiles."""
    run(arguments(tiles, "--out", tmp_path / "out"))
    assert "All 6 tiles are taken for clean" in capsys.readouterr().out


def test_a_bundle_leaves_out_what_it_finds_doubtful(tmp_path: Path, capsys):
    """Stored tiles with a score worth a look are not planted on; others are, and it says so."""
    write_tiny_bundle(tmp_path / "bundle")
    (tmp_path / "tiles").mkdir()
    for number, tile in enumerate(tiny_tiles()):
        (tmp_path / "tiles" / f"c{300 + 3 * number}.png").write_bytes(png(tile))
    (tmp_path / "tiles" / "new.png").write_bytes(png(np.full((SIDE, SIDE), 90, np.uint8)))
    given = (tmp_path / "tiles", "--out", tmp_path / "out", "--bundle", tmp_path / "bundle")
    run(arguments(*given))
    dark = [f"c{300 + 3 * number}" for number in range(6)]
    assert [line["id"] for line in table(tmp_path / "out")] == [*dark, "new"]
    told = capsys.readouterr().out
    assert "6 of 13 tiles left out" in told
    assert "1 tiles are not stored in it" in told


def test_a_bundle_of_other_tiles_is_refused(tiles: Path, tiny_path: Path, tmp_path: Path):
    """A bundle that knows none of the tiles cannot tell the clean ones."""
    with pytest.raises(InputError, match="No tile is stored in"):
        run(arguments(tiles, "--out", tmp_path / "out", "--bundle", tiny_path))
    with pytest.raises(BundleMissing):
        run(arguments(tiles, "--out", tmp_path / "out", "--bundle", tmp_path / "none"))


def test_damaged_files_are_skipped_and_listed(tmp_path: Path, capsys):
    """Each has its reason on the screen and in skipped.csv; the others are planted."""
    (tmp_path / "tiles").mkdir()
    whole = png(tiny_tiles()[0])
    for name, data in (("a", whole), ("b", whole[:60]), ("c", b""), ("d", b"GIF89a")):
        (tmp_path / "tiles" / f"{name}.png").write_bytes(data)
    assert run(arguments(tmp_path / "tiles", "--out", tmp_path / "out")) == 0
    assert [line["id"] for line in table(tmp_path / "out")] == ["a"]
    told = capsys.readouterr().err
    assert "Skipped 3 of 4 files:" in told
    assert "c.png: The file is empty." in told
    listed = (tmp_path / "out" / "skipped.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in listed] == ["file", "b.png", "c.png", "d.png"]


def test_nothing_is_left_where_no_tile_could_be_read(tmp_path: Path):
    """All damaged is an error, and the folder is not there."""
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="No tile could be planted on"):
        run(arguments(tmp_path / "tiles", "--out", tmp_path / "out"))
    assert [file.name for file in tmp_path.iterdir()] == ["tiles"]


def test_a_folder_with_something_in_it_is_refused(tiles: Path, tmp_path: Path):
    """What stands there stays; an empty folder is filled."""
    (tmp_path / "out").mkdir()
    run(arguments(tiles, "--out", tmp_path / "out"))
    before = files(tmp_path / "out")
    with pytest.raises(InputError, match="is not empty"):
        run(arguments(tiles, "--out", tmp_path / "out", "--seed", 9))
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--count", 0, "--count is 0; give 1 or more"),
        ("--count", 7, "there are 6 tiles"),
        ("--seed", -1, "--seed is -1; give 0 or more"),
    ],
)
def test_numbers_out_of_bounds_are_refused(
    tiles: Path, tmp_path: Path, option: str, value: int, reason: str
):
    """The sentence says the value and the bound."""
    with pytest.raises(InputError, match=reason):
        run(arguments(tiles, "--out", tmp_path / "out", f"{option}={value}"))
    assert not (tmp_path / "out").exists()


def test_a_link_and_the_folder_one_is_in_can_be_written(
    tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The one lost all of a run at its end, the other was a traceback."""
    link, here = tmp_path / "link", tmp_path / "here"
    link.symlink_to(tmp_path / "linked")
    (tmp_path / "linked").mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    for out in (link, Path()):
        assert run(arguments(tiles, "--out", out, "--workers", 1)) == 0
    assert link.is_symlink()
    assert len(table(link)) == len(table(here)) == len(SHAPES)


def test_folders_in_each_other_and_files_are_refused(tiles: Path, tmp_path: Path):
    """Planted tiles never lie among the clean ones, and the folder is no file."""
    for out in (tiles, tiles / "planted", tiles.parent):
        with pytest.raises(InputError, match="lie one in the other"):
            run(arguments(tiles, "--out", out))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        run(arguments(tiles, "--out", tmp_path / "file"))
    with pytest.raises(InputError, match="does not exist"):
        run(arguments(tmp_path / "none", "--out", tmp_path / "out"))

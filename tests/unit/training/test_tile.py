"""The tile command: what it writes, what a second run does, what wrong input gets."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.errors import InputError
from bundle.preprocess import decode_png
from tests.films import film, write_dicom, write_png
from training.__main__ import main
from training.cutting.cutter import Job, cut_scans
from training.cutting.scan_files import ScanFile
from training.cutting.windows import Recipe

SMALL = ("--window", "16", "--stride", "8", "--size", "8", "--workers", "1")


def tile(scans: Path, out: Path, *options: str) -> int:
    """Run the command with windows of 16 px, so that a scan of 40 px gives 16 of them."""
    return main(["tile", str(scans), "--out", str(out), *SMALL, *options])


def rows(out: Path, table: str = "tiles") -> list[dict[str, str]]:
    """Read one of the tables."""
    with (out / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def content(out: Path) -> dict[str, bytes]:
    """Return everything in the folder but the records."""
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two scans: a DICOM in a folder, and a PNG."""
    write_dicom(tmp_path / "scans" / "case" / "1-1.dcm", film(seed=1), PatientID="P_1")
    write_png(tmp_path / "scans" / "b.png")
    return tmp_path / "scans"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "deep" / "tiles"


def test_tiles_and_table_agree(scans: Path, out: Path) -> None:
    """Each row has its picture and each picture its row, in order, with its own numbers."""
    assert tile(scans, out) == 0
    table = rows(out)
    assert [row["id"] for row in table] == sorted(path.stem for path in out.glob("*.png"))
    first = next(row for row in table if row["scan"] == "case_1-1")
    assert (first["patient"], first["y"], first["x"]) == ("P_1", "0", "0")
    assert first["file"] == "case/1-1.dcm"
    pixels = decode_png((out / f"{first['id']}.png").read_bytes())
    assert float(first["mean"]) == pytest.approx(pixels.mean(), abs=5e-4)


def test_blank_windows_are_dropped_and_told(
    scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Black windows give no tile but a row in dropped.csv, and are counted for each scan."""
    tile(scans, out)
    dropped = rows(out, "dropped")
    assert {row["near_black"] for row in dropped} == {"1.0000"}
    assert len(rows(out)) + len(dropped) == 32
    said = capsys.readouterr().out
    assert "b: 12 tiles, 4 blank dropped" in said
    assert "24 tiles of 2 scans" in said


def test_keep_blank_keeps_all(scans: Path, out: Path) -> None:
    """Without the filter every window is a tile."""
    tile(scans, out, "--keep-blank")
    assert len(rows(out)) == 32
    assert rows(out, "dropped") == []


def test_white_is_black_unless_kept(tmp_path: Path, out: Path) -> None:
    """Pure white becomes black, as in the study, or stays with --keep-white."""
    grey = film()
    grey[:16, :16] = 255
    write_png(tmp_path / "scans" / "a.png", grey)
    tile(tmp_path / "scans", out, "--keep-blank")
    assert rows(out)[0]["mean"] == "0.000"
    tile(tmp_path / "scans", out, "--keep-white")
    assert rows(out)[0]["mean"] == "255.000"


def test_workers_change_nothing(scans: Path, tmp_path: Path) -> None:
    """Two processes write the same bytes as one."""
    tile(scans, tmp_path / "one")
    tile(scans, tmp_path / "two", "--workers", "2")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_second_run_writes_nothing(
    scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scans that are done with the same settings are left alone, tables too."""
    tile(scans, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert tile(scans, out) == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert "(2 of them cut before)" in capsys.readouterr().out


def test_other_settings_leave_no_old_tile(scans: Path, tmp_path: Path) -> None:
    """Cutting again with another stride gives what a fresh folder would hold."""
    tile(scans, tmp_path / "again")
    tile(scans, tmp_path / "again", "--stride", "12")
    tile(scans, tmp_path / "fresh", "--stride", "12")
    assert content(tmp_path / "again") == content(tmp_path / "fresh")


def test_only_the_changed_scan_is_cut_again(scans: Path, out: Path) -> None:
    """A scan that was replaced gives new tiles; those of the other are not touched."""
    tile(scans, out)
    other = out / "case_1-1_y00000_x00000.png"
    before = other.stat().st_mtime_ns
    write_png(scans / "b.png", film(48, 48, seed=9))
    tile(scans, out)
    assert {row["y"] for row in rows(out) if row["scan"] == "b"} == {"0", "8", "16", "24", "32"}
    assert other.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["tile removed", "record damaged", "half-written"])
def test_damaged_folder_is_mended(damage: str, scans: Path, out: Path) -> None:
    """A missing tile, a broken record and what an interrupted run left are put right."""
    tile(scans, out)
    whole = content(out)
    if damage == "tile removed":
        (out / "b_y00000_x00000.png").unlink()
    elif damage == "record damaged":
        (out / ".records" / "b.json").write_text('{"version": 1')
    else:
        (out / ".b_y00000_x00000.png.part").write_bytes(b"\x89PNG")
        (out / ".records" / "b.json").unlink()
    assert tile(scans, out) == 0
    assert content(out) == whole


def test_interrupted_run_goes_on(tmp_path: Path) -> None:
    """Ctrl-C gives 130 and only whole tiles; the same command then completes the folder."""
    for number in range(250):
        write_png(tmp_path / "scans" / f"{number}.png", film(seed=number))
    out = tmp_path / "tiles"
    command = [
        sys.executable,
        "-m",
        "training",
        "tile",
        str(tmp_path / "scans"),
        "--out",
        str(out),
        *SMALL,
    ]
    process = subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.PIPE, text=True)
    while not list(out.glob(".records/*.json")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Scans that are done are kept; the same command goes on." in said
    assert "Traceback" not in said
    assert not (out / "tiles.csv").exists()
    assert 0 < len(list(out.glob(".records/*.json"))) < 250
    for path in out.glob("*.png"):
        assert decode_png(path.read_bytes()).shape == (8, 8)
    assert tile(tmp_path / "scans", out) == 0
    assert len(rows(out)) == 250 * 12


def test_broken_scan_among_others_is_skipped(
    scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are cut, the status is 0, and the broken one is named with its reason."""
    (scans / "broken.png").write_bytes(b"\x89PNG")
    write_png(scans / "small.png", film(12, 40))
    assert tile(scans, out, "--workers", "2") == 0
    said = capsys.readouterr().err
    assert "Skipped 2 of 4 files:" in said
    assert "broken.png: It is no DICOM, PNG" in said
    assert "small.png: It is 40 x 12 pixels, smaller than the window of 16" in said
    assert [row["file"] for row in rows(out, "skipped")] == ["broken.png", "small.png"]


def test_scan_that_broke_since_leaves_no_tile(scans: Path, out: Path) -> None:
    """Tiles of a scan that can no longer be read do not stay behind."""
    tile(scans, out)
    (scans / "b.png").write_bytes(b"gone")
    tile(scans, out)
    assert not list(out.glob("b_*.png"))
    assert {row["scan"] for row in rows(out)} == {"case_1-1"}


def test_nothing_readable_is_an_error(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 when no scan could be cut, and no tiles.csv that would pass for a result."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.png").write_bytes(b"text")
    assert tile(tmp_path / "scans", out) == 1
    assert "None of the scans could be cut" in capsys.readouterr().err
    assert not (out / "tiles.csv").exists()
    assert [row["file"] for row in rows(out, "skipped")] == ["a.png"]


def test_no_tile_left_is_no_table(scans: Path, out: Path) -> None:
    """When every scan broke since, the tiles.csv of the run before does not stay."""
    tile(scans, out)
    for scan in (scans / "b.png", scans / "case" / "1-1.dcm"):
        scan.write_bytes(b"gone")
    assert tile(scans, out) == 1
    assert not (out / "tiles.csv").exists()


def test_nothing_but_blank_is_an_error(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 when every window is blank, with the options that would help."""
    write_png(tmp_path / "scans" / "a.png", np.zeros((40, 40), np.uint8))
    assert tile(tmp_path / "scans", out) == 1
    said = capsys.readouterr().err
    assert "Nothing but blank windows:\n  a.png" in said
    assert "Give --keep-blank" in said


def test_twelve_bit_scan_is_noted(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scan that // 256 leaves nearly black is cut, and the user is told."""
    write_png(tmp_path / "scans" / "a.png", film().astype(np.uint16) * 16)
    tile(tmp_path / "scans", out, "--keep-blank")
    assert "a.png: its brightest value is 3184 of 65535" in capsys.readouterr().err


def test_help_tells_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    """--help gives the study's values and says which thresholds are ours."""
    with pytest.raises(SystemExit, match="0"):
        main(["tile", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "windows of 598 px every 350 px" in said
    assert "blank filter (the thresholds are ours)" in said


def test_long_lists_are_cut(tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of many scans and many failures twenty are shown; the tables hold all."""
    for number in range(22):
        write_png(tmp_path / "scans" / f"{number}.png", film(16, 16))
        (tmp_path / "scans" / f"bad{number}.gif").write_bytes(b"GIF")
    tile(tmp_path / "scans", out)
    said = capsys.readouterr()
    assert "... and 2 more scans" in said.out
    assert "... and 2 more\n" in said.err
    assert len(rows(out, "skipped")) == 22


def test_scan_that_vanished_is_skipped(
    scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link whose scan is gone, say on a disk that is not mounted, is named."""
    tile(scans, out)
    (scans / "b.png").unlink()
    (scans / "b.png").symlink_to(scans / "gone.png")
    assert tile(scans, out) == 0
    assert "b.png: It cannot be opened: No such file or directory." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--stride", "0"], "--stride is 0; give a number from 1"),
        (["--window", "-5"], "--window is -5"),
        (["--blank-std", "nan"], "--blank-std is nan"),
        (["--workers", "0"], "--workers is 0; give 1 or more"),
    ],
)
def test_bad_number_is_refused(
    options: list[str], sentence: str, scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number out of bounds ends the command before the folder is made."""
    assert tile(scans, out, *options) == 1
    assert sentence in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("where", ["scans/tiles", "scans", "."])
def test_folders_one_in_the_other_are_refused(
    where: str, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tiles would be read as scans by the next run, or scans as tiles by fit."""
    assert tile(scans, tmp_path / where) == 1
    assert "lie one in the other" in capsys.readouterr().err


def test_file_in_the_way_is_refused(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that cannot be made is named with the system's reason."""
    (tmp_path / "file").write_text("")
    assert tile(scans, tmp_path / "file" / "tiles") == 1
    assert "cannot be written (Not a directory); give another folder" in capsys.readouterr().err


def test_failing_disk_stops_the_run(
    scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tile that cannot be written is no fault of its scan: the run ends and says so."""
    (out / "b_y00000_x00000.png").mkdir(parents=True)
    assert tile(scans, out) == 1
    assert "cannot be written any more (Is a directory)" in capsys.readouterr().err


@pytest.mark.parametrize("foreign", ["c311.png", "other_y00000_x00000.png"])
def test_foreign_pictures_are_refused(
    foreign: str, scans: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tiles of other scans would slip into the fit; they are named, and stay."""
    out.mkdir(parents=True)
    Image.fromarray(film()).save(out / foreign)
    assert tile(scans, out) == 1
    assert f"holds 1 PNG files that are not tiles of these scans (one is {foreign})" in (
        capsys.readouterr().err
    )
    assert (out / foreign).exists()


@dataclass(frozen=True)
class KillsItsWorker:
    """A job that ends the process that receives it, as a lack of memory does."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


def test_dead_worker_is_told(scans: Path, out: Path) -> None:
    """A worker that the system killed ends the run with what to do."""
    job = Job(ScanFile(scans / "b.png", "b.png", "b"), out, Recipe(), frozenset())
    with pytest.raises(InputError, match="A worker process died, most likely for want of memory"):
        list(cut_scans([KillsItsWorker(), job], workers=2))  # type: ignore[list-item]  # the fake

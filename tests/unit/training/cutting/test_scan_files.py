"""Finding scans: which files count, what they are called, whose they are."""

import os
from pathlib import Path

import pytest

from bundle.errors import InputError
from tests.films import film, write_dicom, write_png
from training.cutting.scan_files import (
    MAX_NAME_BYTES,
    PatientRule,
    ScanFile,
    find_scans,
    patient_of,
    scan_name,
)


def test_scans_are_found_in_sub_folders(tmp_path: Path) -> None:
    """Pictures and DICOM are found at any depth, hidden and other files are not."""
    for file in ("b.png", "x/y/a.TIF", ".hidden/c.png", "x/._d.png"):
        write_png(tmp_path / file)
    write_dicom(tmp_path / "x" / "1.2.840", film())
    (tmp_path / "README.md").write_text("ten films")
    found = find_scans(tmp_path)
    assert [scan.file for scan in found.scans] == ["b.png", "x/1.2.840", "x/y/a.TIF"]
    assert found.others == 1


def test_index_of_a_disc_is_passed_over(tmp_path: Path) -> None:
    """DICOMDIR is DICOM without a picture; it is no broken scan."""
    write_dicom(tmp_path / "DICOMDIR", film())
    write_png(tmp_path / "a.png")
    assert [scan.name for scan in find_scans(tmp_path).scans] == ["a"]


def test_one_file_is_a_scan(tmp_path: Path) -> None:
    """SCANS may be one file."""
    path = write_png(tmp_path / "a.png")
    assert find_scans(path).scans == (ScanFile(path, "a.png", "a"),)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("sfm-benign-0/1-130.dcm", "sfm-benign-0_1-130"),
        ("A_0051_1.RIGHT_CC.LJPEG.1.jpg", "A_0051_1.RIGHT_CC.LJPEG.1"),
        ("1.2.840.99", "1.2.840.99"),
        ("left (copy)/Ärztin 1.png", "left-copy-_Ärztin-1"),
    ],
)
def test_name_comes_from_the_path(file: str, name: str) -> None:
    """Folders are joined by _, a known suffix goes, what needs quoting becomes -."""
    assert scan_name(file) == name


def test_long_names_are_cut_and_stay_different() -> None:
    """A name fits a file name with the tile's position, and tells long paths apart."""
    first, second = (scan_name("ä" * 200 + f"/{i}.png") for i in (1, 2))
    assert len(first.encode()) <= MAX_NAME_BYTES
    assert first != second


def test_file_name_that_is_no_text_can_be_shown(tmp_path: Path) -> None:
    """A name of bytes that are not UTF-8 still gives a path and an id to write."""
    raw = os.fsencode(tmp_path) + b"/film\xff.png"
    Path(os.fsdecode(raw)).write_bytes(b"")
    (scan,) = find_scans(tmp_path).scans
    assert (scan.file, scan.name) == ("film\ufffd.png", "film-")


@pytest.mark.parametrize("other", ["a_b.png", "a/b.dcm", "A/b.png"])
def test_two_scans_of_one_name_are_refused(other: str, tmp_path: Path) -> None:
    """Joined path, other suffix, other case: both files are named before anything is cut."""
    write_png(tmp_path / "a/b.png")
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_bytes(b"")
    with pytest.raises(InputError, match=r"would both be called .*Rename or remove one"):
        find_scans(tmp_path)


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    """Each gets its own sentence, and the formats are listed."""
    with pytest.raises(InputError, match="nowhere is not there"):
        find_scans(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is empty\. Give a folder of scans: DICOM"):
        find_scans(tmp_path)
    (tmp_path / "notes.csv").write_text("a,b")
    with pytest.raises(InputError, match=r"holds no scan, only 1 other file\. Give"):
        find_scans(tmp_path)


def test_dead_link_without_suffix_is_passed_over(tmp_path: Path) -> None:
    """A link to nowhere that does not look like a scan stops nothing."""
    write_png(tmp_path / "a.png")
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    assert [scan.name for scan in find_scans(tmp_path).scans] == ["a"]


@pytest.mark.parametrize(
    ("file", "patient_id", "rule", "patient"),
    [
        ("x/1.dcm", "Mass-Test_P_00173_LEFT_CC", "auto", "P_00173"),
        ("x/1.dcm", "Calc-Training_P_00173_RIGHT_MLO_1", "auto", "P_00173"),
        ("x/1.dcm", "4711", "auto", "4711"),
        ("x/1.dcm", "Anonymous", "auto", None),
        ("x/1.dcm", None, "auto", None),
        ("A_0051_1.RIGHT_CC.LJPEG.1.jpg", None, "auto", "A_0051_1"),
        ("Calc-Test_P_01536_RIGHT_CC.png", None, "auto", "P_01536"),
        ("x/LEFT_CCD.png", None, "auto", None),
        ("x/y/1.dcm", "4711", "folder", "x/y"),
        ("1.dcm", "4711", "folder", None),
        ("x/1.dcm", "4711", "none", None),
    ],
)
def test_patient(file: str, patient_id: str | None, rule: PatientRule, patient: str | None) -> None:
    """All films of one patient agree, and where nothing is known nothing is claimed."""
    scan = ScanFile(Path(file), file, scan_name(file))
    assert patient_of(scan, patient_id, rule) == patient

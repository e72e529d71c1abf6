"""Scans in a folder: which files they are, what they are called, whose they are."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from bundle.errors import InputError
from training.cutting.scans import DICOM_SUFFIXES, PICTURE_SUFFIXES, is_dicom
from training.folders import files_in

PatientRule: TypeAlias = Literal["auto", "folder", "none"]
"""Where a scan's patient comes from; see `patient_of`."""
MAX_NAME_BYTES = 180
"""Longest scan name: with the tile's position and `.png` it must fit a file name."""

# CBIS-DDSM writes collection, side and view into PatientID (`Mass-Test_P_00173_LEFT_CC`)
# and DDSM into file names (`A_0051_1.LEFT_CC.LJPEG...`). Taken as they stand, the four
# films of one patient would be four patients.
_SIDE_AND_VIEW = re.compile(
    r"(?:(?:Mass|Calc)-(?:Test|Training)_)?(?P<patient>.+?)[._](?:LEFT|RIGHT)_(?:CC|MLO)(?![A-Za-z]).*"
)
_NOBODY = {"anonymous", "anonymized", "anonymised", "removed", "unknown", "none", "na", "n/a", "0"}


@dataclass(frozen=True)
class ScanFile:
    """A scan on disk. `file` is its path below the folder, with slashes; `name` its id."""

    path: Path
    file: str
    name: str


@dataclass(frozen=True)
class Found:
    """What a folder holds: scans by name, files that cannot be read, and other files."""

    scans: tuple[ScanFile, ...]
    unreadable: dict[str, str]
    others: int


def find_scans(root: Path) -> Found:
    """Find all scans below a folder, or take the one file that `root` is.

    Pictures are told by their suffix, DICOM by its suffix or its first bytes; hidden files
    and folders are passed over.

    Raises:
        InputError: nothing is there, no scan is among it, or two scans have one name.
    """
    if root.is_file():
        return Found((ScanFile(root, _readable(root.name), scan_name(root.name)),), {}, 0)
    if not root.is_dir():
        raise InputError(f"{root} is not there; give a folder of scans or one scan.")
    unreadable: dict[str, str] = {}
    scans, others = [], 0
    for path in _files(root, unreadable):
        file = path.relative_to(root).as_posix()
        shown = _readable(file)
        try:
            wanted = _is_scan(path)
        except OSError as error:
            unreadable[shown] = f"It cannot be opened: {error.strerror}."
            continue
        if wanted:
            scans.append(ScanFile(path, shown, scan_name(file)))
        others += not wanted
    _check_found(root, scans, unreadable, others)
    return Found(tuple(sorted(scans, key=lambda scan: scan.name)), unreadable, others)


def _files(root: Path, unreadable: dict[str, str]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        folder = Path(os.fsdecode(error.filename))
        file = _readable(folder.relative_to(root).as_posix())
        unreadable[file] = f"It cannot be opened: {error.strerror}."

    return files_in(root, note)


def _readable(file: str) -> str:
    """Return a path that can be written as UTF-8, whatever bytes the file system holds."""
    return os.fsencode(file).decode(errors="replace")


def _is_scan(path: Path) -> bool:
    if path.suffix.lower() in PICTURE_SUFFIXES | DICOM_SUFFIXES:
        return True
    # An index of a disc is DICOM, but no picture; a pipe would never end.
    return path.is_file() and path.name != "DICOMDIR" and is_dicom(path)


def _check_found(
    root: Path, scans: list[ScanFile], unreadable: dict[str, str], others: int
) -> None:
    if not scans and not unreadable:
        held = "is empty"
        if others:
            held = f"holds no scan, only {others} other file{'' if others == 1 else 's'}"
        raise InputError(
            f"{root} {held}. Give a folder of scans: DICOM, PNG, TIFF, PGM, JPEG or GIF."
        )
    # Upper and lower case count as one: some file systems do not tell them apart.
    first: dict[str, ScanFile] = {}
    for scan in scans:
        other = first.setdefault(scan.name.casefold(), scan)
        if other is not scan:
            raise InputError(
                f"{other.file} and {scan.file} in {root} would both be called {scan.name!r}, so "
                "their tiles would overwrite each other. Rename or remove one of them."
            )


def scan_name(file: str) -> str:
    """Name a scan after its path below the folder.

    `sfm-benign-0/1-130.dcm` is `sfm-benign-0_1-130`. The name depends on nothing else, so
    it stays when scans are added. Characters that need quoting in a URL or a file name
    become `-`; a very long name ends in a hash.
    """
    path = Path(file)
    known = path.suffix.lower() in PICTURE_SUFFIXES | DICOM_SUFFIXES
    whole = "_".join((path.with_suffix("") if known else path).parts)
    name = re.sub(r"[^\w.-]+", "-", whole)
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    short = name.encode()[: MAX_NAME_BYTES - 9].decode(errors="ignore")
    return f"{short}-{hashlib.sha256(os.fsencode(file)).hexdigest()[:8]}"


def patient_of(scan: ScanFile, patient_id: str | None, rule: PatientRule) -> str | None:
    """Return whose film it is, None when not known.

    `auto`: DICOM's PatientID, unless it is empty or a placeholder; else the part of the
    file's name before a side and view (`A_0051_1` of `A_0051_1.LEFT_CC.jpg`). CBIS-DDSM's
    collection, side and view are taken off, so that all films of a patient agree.
    `folder`: the folder that the scan lies in. `none`: never known.
    """
    if rule == "folder":
        folder = Path(scan.file).parent.as_posix()
        return None if folder == "." else folder
    if rule == "none":
        return None
    if patient_id and patient_id.lower() not in _NOBODY:
        return _without_view(patient_id) or patient_id
    return _without_view(Path(scan.file).name)


def _without_view(text: str) -> str | None:
    match = _SIDE_AND_VIEW.fullmatch(text)
    return match and match["patient"]

"""`python -m training tile`: scans in, tiles and tiles.csv out."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bundle.errors import InputError
from training.cutting.cutter import Job, cut_scans
from training.cutting.scan_files import Found, find_scans
from training.cutting.tile_folder import Record, TileFolder
from training.cutting.windows import Recipe
from training.progress import StepLog

_INTERRUPTED = 130
_SHOWN = 20
"""Longest list printed; the tables hold the whole one."""

_ABOUT = """
SCANS is searched with its sub-folders for DICOM (8 to 16 bits, MONOCHROME1 turned round,
compressed as RLE, JPEG or JPEG 2000; JPEG Lossless and JPEG-LS need pylibjpeg), PNG and TIFF
(8 or 16 bits), PGM, JPEG and GIF. A scan that cannot be read is skipped and named.

The defaults are the study's recipe: windows of 598 px every 350 px, none across the
border; 16-bit values // 256; pure white set to black; area-resized to 299 px. The study
also dropped tiles that are mostly black, but left no thresholds: those here are ours, so
low that no lettering is lost on the labelled development scans (docs/decisions.md).

TILES then holds, every file of it written whole or not at all:
  ID.png       ID = the scan's path below SCANS with _ for /, then the window's corner:
               sfm-benign-0/1-130.dcm at y 350, x 700 is sfm-benign-0_1-130_y00350_x00700.
               Two scans that would share an ID stop the command before it cuts anything.
  tiles.csv    id, scan, patient (empty when not known), y, x, mean, std, near_black, file
  dropped.csv  the same for the windows that the blank filter left out
  skipped.csv  the scans left out, and why

The same command again cuts what is new, has changed or failed before. Other settings cut
everything anew. Exit status 0, also when some scans were skipped; 1 when there is no tile
to show for it; 130 after Ctrl-C, which loses no finished scan.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `tile`."""
    parser.epilog = _ABOUT
    parser.add_argument("scans", metavar="SCANS", type=Path, help="folder of scans, or one scan")
    parser.add_argument("--out", metavar="TILES", type=Path, required=True, help="folder to fill")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=os.cpu_count() or 1,
        help="processes, each with one scan in memory (default: one a core, here %(default)s)",
    )
    parser.add_argument(
        "--patient",
        choices=["auto", "folder", "none"],
        default=Recipe.patient,
        help="whose scan it is; fit and evaluate keep a patient's scans on one side (fit if it "
        "knows three patients or more): auto = DICOM PatientID, else the "
        "file name up to _LEFT_CC and the like; folder = the folder it lies in; none = leave "
        "PatientID out of the tables (default: %(default)s)",
    )
    _configure_cutting(parser.add_argument_group("cutting (the defaults are the study's)"))
    _configure_blank(parser.add_argument_group("blank filter (the thresholds are ours)"))


def _configure_cutting(group: argparse._ArgumentGroup) -> None:
    for name, meaning in (
        ("window", "side of the square that is cut, in pixels of the scan"),
        ("stride", "step from one window to the next, in pixels of the scan"),
        ("size", "side of the tile that it becomes, in pixels"),
    ):
        default = getattr(Recipe, name)
        group.add_argument(
            f"--{name}",
            metavar="PX",
            type=int,
            default=default,
            help=f"{meaning} (default: %(default)s)",
        )
    group.add_argument(
        "--sixteen-bit",
        choices=["divide", "scale"],
        default=Recipe.sixteen_bit,
        help="more than 8 bits become 8: divide = // 256, or for DICOM of fewer bits by the power "
        "of two that BitsStored asks for; scale = stretch each scan's own range (default: divide)",
    )
    group.add_argument(
        "--keep-white",
        action="store_true",
        help="leave pure white (255) as it is; the study set it to black",
    )


def _configure_blank(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--blank-mean",
        metavar="GREY",
        type=float,
        default=Recipe.blank_mean,
        help="a tile is blank if its mean is at most this ... (default: %(default)s of 255)",
    )
    group.add_argument(
        "--blank-std",
        metavar="GREY",
        type=float,
        default=Recipe.blank_std,
        help="... and its standard deviation at most this (default: %(default)s)",
    )
    group.add_argument("--keep-blank", action="store_true", help="drop no tile")
    group.add_argument(
        "--near-black",
        metavar="GREY",
        type=int,
        default=Recipe.near_black,
        help="highest grey level counted in the column near_black, which decides nothing "
        "(default: %(default)s)",
    )


@dataclass
class _Outcome:
    """What became of the scans; `before` of the records are from an earlier run."""

    records: list[Record] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    before: int = 0


def run(args: argparse.Namespace) -> int:
    """Cut the scans and write the tables.

    Raises:
        InputError: an option, SCANS or TILES cannot be used, or no tile came out.
    """
    recipe = Recipe(**{name: getattr(args, name) for name in Recipe.__dataclass_fields__})
    if args.workers < 1:
        raise InputError(f"--workers is {args.workers}; give 1 or more.")
    _check_apart(args.scans, args.out)
    found = find_scans(args.scans)
    try:
        folder = TileFolder(args.out, found.scans)
        outcome = _cut(found, folder, recipe, args.workers)
        folder.finish(outcome.records, outcome.skipped)
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Scans that are done are kept; the same command goes on.",
            file=sys.stderr,
        )
        return _INTERRUPTED
    except OSError as error:
        raise InputError(
            f"{args.out} cannot be written any more ({error.strerror}). Scans that are done stay "
            "done: make room and give the same command again."
        ) from error
    _tell(outcome, args.out)
    _warn(outcome, found)
    _check_outcome(outcome)
    return 0


def _check_apart(scans: Path, out: Path) -> None:
    source, target = scans.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise InputError(
            f"--out {out} and {scans} lie one in the other, so tiles would be taken for scans or "
            "scans for tiles. Give a folder beside it."
        )


def _cut(found: Found, folder: TileFolder, recipe: Recipe, workers: int) -> _Outcome:
    outcome = _Outcome(skipped=dict(found.unreadable))
    jobs = []
    for scan in found.scans:
        if record := folder.record(scan, recipe):
            outcome.records.append(record)
        else:
            jobs.append(Job(scan, folder.path, recipe, frozenset(folder.files(scan.name))))
    outcome.before = len(outcome.records)
    if not jobs:
        return outcome
    folder.begin()
    with StepLog().step("Cut scans", len(jobs), unit=" scans") as bar:
        for job, result in cut_scans(jobs, workers):
            if isinstance(result, Record):
                outcome.records.append(result)
            else:
                outcome.skipped[job.scan.file] = result
            bar.update()
    return outcome


def _tell(outcome: _Outcome, out: Path) -> None:
    records = sorted(outcome.records, key=lambda record: record.name)
    for record in records[:_SHOWN]:
        print(f"  {record.name}: {len(record.tiles)} tiles, {len(record.dropped)} blank dropped")
    if len(records) > _SHOWN:
        print(f"  ... and {len(records) - _SHOWN} more scans: see tiles.csv and dropped.csv")
    tiles = sum(len(record.tiles) for record in records)
    dropped = sum(len(record.dropped) for record in records)
    before = f" ({outcome.before} of them cut before)" if outcome.before else ""
    print(f"{tiles} tiles of {len(records)} scans{before} in {out}, {dropped} blank dropped")


def _warn(outcome: _Outcome, found: Found) -> None:
    total = len(outcome.records) + len(outcome.skipped)
    _list(
        f"Skipped {len(outcome.skipped)} of {total} files:",
        [f"{file}: {reason}" for file, reason in sorted(outcome.skipped.items())],
    )
    notes = [f"{record.file}: {record.note}" for record in outcome.records if record.note]
    _list("Read, but look at the tiles:", sorted(notes))
    empty = sorted(record.file for record in outcome.records if not record.tiles)
    _list("Nothing but blank windows:", empty)
    if found.others:
        print(f"Passed over {found.others} files that are no scans", file=sys.stderr)


def _list(head: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    print(head, file=sys.stderr)
    for line in lines[:_SHOWN]:
        print(f"  {line}", file=sys.stderr)
    if len(lines) > _SHOWN:
        print(f"  ... and {len(lines) - _SHOWN} more", file=sys.stderr)


def _check_outcome(outcome: _Outcome) -> None:
    if not outcome.records:
        raise InputError("None of the scans could be cut; the reasons stand above.")
    if not any(record.tiles for record in outcome.records):
        raise InputError(
            "All windows of all scans count as blank. Give --keep-blank, a lower --blank-std, or "
            "--sixteen-bit scale if the scans do not use their full range."
        )

"""The `audit` command: whether lettering predicts the class, and what cleaning changes."""

import argparse
import json
import shlex
from pathlib import Path

from bundle.errors import InputError
from bundle.reader import open_bundle
from training.auditing.findings import Request, take
from training.auditing.page import render
from training.auditing.record import as_json, duplicates_csv, leaks_csv
from training.progress import StepLog
from training.report import check_beside, check_writable, write_pages

PAGE, FIGURES, DUPLICATES, LEAKS = "audit.html", "audit.json", "duplicates.csv", "leaks.csv"

_ABOUT = f"""
The classes are a CSV with the columns id and class; split (as train, test) and patient (or
group) may be there too. Patients, or else scans, are drawn and held out together. With three
classes or more each is compared with the rest.

It tells
  - whether lettering predicts the class: odds ratio with intervals, and what a probe makes of
    artefacts alone, on all tiles and on those kept;
  - what cleaning changes: a small classifier taught with and without the dropped tiles, on
    held-out tiles with letters planted on the other class;
  - which tiles show the same, and which patients, scans and contents stand in two splits.
Dropped is what the bundle's verdicts drop; with --kept what a list does not keep (`training
screen --out`), what a table's verdicts say (`client screen --out`), or what people decided (a
CSV with id and decision).

OUT holds {PAGE} (one page, to print and cite), {FIGURES} (every figure),
{DUPLICATES} and {LEAKS}. An audit tells of tiles, never of a patient.

examples:
  python -m training audit BUNDLE --labels classes.csv
  python -m training audit BUNDLE --labels classes.csv --kept clean.csv --out audit-clean
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _ABOUT
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `fit` wrote")
    parser.add_argument("--labels", type=Path, required=True, metavar="CSV", help="tiles' classes")
    parser.add_argument(
        "--out", type=Path, default=Path("audit"), metavar="OUT", help="folder to write (audit)"
    )
    parser.add_argument(
        "--kept", type=Path, metavar="CSV", help="list of tiles kept, or of decisions"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="SCORE",
        help="score from which a tile counts as lettered (default: the bundle's score of drop)",
    )
    parser.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="classifiers of each kind (5; 0: none)"
    )
    parser.add_argument("--seed", type=int, default=42, help="of everything drawn (42)")


def run(args: argparse.Namespace) -> int:
    """Measure, write the page and the lists, say what was found; return 0.

    Raises:
        BundleError: the bundle cannot be used.
        InputError: a list or an option cannot be used, or OUT not written.
    """
    _check(args)
    bundle = open_bundle(args.bundle)
    request = Request(args.labels, args.kept, args.threshold, args.seeds, args.seed)
    found = take(bundle, request, StepLog())
    about = as_json(bundle, found, request, _command(args))
    files = {
        FIGURES: json.dumps(about, indent=1, allow_nan=False) + "\n",
        DUPLICATES: duplicates_csv(bundle, found),
        LEAKS: leaks_csv(bundle, found),
        PAGE: render(bundle, found, about),
    }
    write_pages({args.out / name: text for name, text in files.items()})
    print("\n".join([*about["sentences"], *(f"Note: {note}" for note in found.notes)]))
    print(f"{args.out / PAGE}: the page; beside it {FIGURES}, {DUPLICATES}, {LEAKS}")
    return 0


def _check(args: argparse.Namespace) -> None:
    for name in ("seeds", "seed"):
        if getattr(args, name) < 0:
            raise InputError(f"--{name} is {getattr(args, name)}; give 0 or more.")
    if args.seed + args.seeds > 2**32:
        raise InputError(f"--seed is {args.seed}; give one of at most {2**32 - args.seeds}.")
    if args.threshold is not None and not 0 < args.threshold <= 1:
        raise InputError(f"--threshold is {args.threshold:g}; give a score above 0, at most 1.")
    if args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is a file. Give a folder to write by --out.")
    check_beside(args.out, args.bundle)
    for name in (PAGE, FIGURES, DUPLICATES, LEAKS):
        check_writable(args.out / name)


def _command(args: argparse.Namespace) -> str:
    # Names alone: a report is shared, and folders tell of whose machine they are from.
    command = ["python", "-m", "training", "audit", args.bundle.resolve().name]
    command += ["--labels", args.labels.name]
    if args.kept is not None:
        command += ["--kept", args.kept.name]
    if args.threshold is not None:
        command += ["--threshold", f"{args.threshold:g}"]
    return shlex.join([*command, "--seeds", str(args.seeds), "--seed", str(args.seed)])

"""The `report` command: one self-contained page about a bundle."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bundle.errors import InputError
from bundle.reader import open_bundle
from training.learning.interrupt import held_back
from training.reporting.page import make_page, render

_EXAMPLES = """\
The page needs nothing but itself: pictures and charts are inside, no script, no network.

examples:
  python -m training report build/demo/bundle --out report.html
  python -m training report BUNDLE --out report.html --query c311 c578 c596
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `fit` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="HTML", help="page to write")
    parser.add_argument(
        "--query",
        nargs="+",
        default=[],
        metavar="ID",
        help="tiles whose nearest neighbours to show (default: medoids of the largest clusters)",
    )
    parser.add_argument(
        "--evaluation", type=Path, metavar="JSON", help="file that `evaluate` wrote: adds its table"
    )


def run(args: argparse.Namespace) -> int:
    """Write the page; return 0, or 1 when no tile has any of the ids asked for.

    Raises:
        BundleError: the bundle cannot be used.
        InputError: the page cannot be written, or the evaluation not read.
    """
    check_out(args.out, args.bundle)
    page = make_page(open_bundle(args.bundle), args.query, args.evaluation)
    size = write_page(args.out, render(page))
    problems = [query.problem for query in page.queries if query.problem]
    for problem in problems:
        print(f"--query: {problem} Give ids of tiles of this bundle.", file=sys.stderr)
    print(f"{args.out}: {size / 2**20:.1f} MiB")
    return int(len(problems) == len(page.queries))


def check_out(file: Path, bundle: Path) -> None:
    """Prove that something can be written beside a bundle, before the work.

    Raises:
        InputError: it cannot, or it would be in the bundle.
    """
    check_beside(file, bundle)
    check_writable(file)


def check_beside(place: Path, bundle: Path) -> None:
    """Prove that a file or folder to write is not in a bundle.

    Raises:
        InputError: it is.
    """
    if place.resolve().is_relative_to(bundle.resolve()):
        raise InputError(
            f"{place} lies in the bundle {bundle}, which stays as it is. Write beside it."
        )


def check_spared(file: Path, labels: Path | None) -> None:
    """Prove that what is to be written is not the labels.

    Raises:
        InputError: it is.
    """
    if labels and file.exists() and labels.exists() and file.samefile(labels):
        raise InputError(f"{file} holds the labels. Give another place to write.")


def check_writable(file: Path) -> None:
    """Prove that a page can be written, before the work.

    Raises:
        InputError: it cannot.
    """
    if file.is_dir():
        raise InputError(f"{file} is a folder. Give the name of the page to write, as x.html.")
    if file.exists() and not file.is_file():
        raise InputError(f"{file} is a device or a pipe. Give the name of a file by --out.")
    try:
        place = file.resolve().parent
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, prefix=f".{file.name[:100]}."):
            pass
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror}. Give another place by --out."
        ) from error


def write_page(file: Path, text: str) -> int:
    """Write a page beside its place, then rename it; return its size in bytes.

    What a link leads to is written, and the link stays.

    Raises:
        InputError: it cannot be written; what stood there before is whole.
    """
    return write_pages({file: text})


def write_pages(files: Mapping[Path, str]) -> int:
    """Write files that belong together: all beside their places, then all are renamed.

    Ctrl-C comes before the first is renamed or after the last. Returns the size of all in bytes.

    Raises:
        InputError: one cannot be written; what stood there before is whole.
    """
    staged = {file: _staging(file.resolve()) for file in files}
    size = 0
    try:
        for file, text in files.items():
            size += staged[file].write_bytes(text.encode())
        with held_back():
            for file, staging in staged.items():
                staging.replace(file.resolve())
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror}. Give another place by --out."
        ) from error
    finally:
        for staging in staged.values():
            staging.unlink(missing_ok=True)
    return size


def _staging(place: Path) -> Path:
    return place.with_name(f".{place.name[:100]}.{os.getpid()}.tmp")

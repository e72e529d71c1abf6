"""The list of failed files, at the end of a run."""

import csv
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from client.problem import Problem

_SHOWN = 20


def write_failures(target: Path, failures: Mapping[str, Problem]) -> None:
    """Write file, code and reason of each, sorted by file; a table of no rows if there are none.

    Raises:
        OSError: the file cannot be written.
    """
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "code", "reason"])
        for file, problem in sorted(failures.items()):
            writer.writerow([file, problem.code, problem.detail])


def print_failures(failures: Mapping[str, Problem], listed_in: Path) -> None:
    """Print the first of them to standard error, and where all of them are."""
    print(f"{len(failures):,} failed:", file=sys.stderr)
    for file, problem in islice(sorted(failures.items()), _SHOWN):
        print(f"  {file}: {problem.detail} ({problem.code})", file=sys.stderr)
    if len(failures) > _SHOWN:
        print(f"  and {len(failures) - _SHOWN:,} more, in {listed_in}", file=sys.stderr)
    print("The same command with --resume asks again for these alone.", file=sys.stderr)

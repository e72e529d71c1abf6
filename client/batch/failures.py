"""The list of failed tiles, at the end of a run."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from ..cells import harmless, write_csv
from ..problem import Problem
from ..saying import warn
from ..sources import Tile

_SHOWN = 20


def write_failures(target: Path, failures: Mapping[Tile, Problem]) -> None:
    """Write file, id, code and reason of each, sorted by file; no rows if there are none.

    Raises:
        OSError: the file cannot be written.
    """
    with target.open("w", newline="", encoding="utf-8") as stream:
        write_csv(stream, [("file", "id", "code", "reason")])
        for tile, problem in failures.items():
            cells = (tile.file, tile.id, problem.code, problem.detail)
            write_csv(stream, [map(harmless, cells)])


def print_failures(failures: Mapping[Tile, Problem], listed_in: Path) -> None:
    """Print the first of them to standard error, and where all of them are."""
    warn(f"{len(failures):,} failed, listed in {listed_in}:")
    for tile, problem in islice(failures.items(), _SHOWN):
        warn(f"  {tile.file}: {problem.detail} ({problem.code})")
    if len(failures) > _SHOWN:
        warn(f"  and {len(failures) - _SHOWN:,} more")
    warn("The same command with --resume asks again for these alone.")

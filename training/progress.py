"""Progress bars with time left, and the clock of every step."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from tqdm import tqdm

from bundle.manifest import Step

_COLUMNS, _ROWS = 80, 24
"""Where the terminal does not say how many it has."""


class StepLog:
    """Runs the steps of a long job one after another; `steps` goes into the manifest."""

    def __init__(self, steps: list[Step] | None = None) -> None:
        """Begin, or go on from the steps of an earlier run."""
        self.steps: list[Step] = list(steps or [])

    @contextmanager
    def step(self, name: str, total: int, unit: str = " tiles") -> Iterator["tqdm[NoReturn]"]:
        """Show a bar over `total` units while the block runs, then note its clock."""
        start = time.monotonic()
        size = {"ncols": _COLUMNS, "nrows": _ROWS} if _sizeless() else {"dynamic_ncols": True}
        with tqdm(total=total, desc=f"{name:<22}", unit=unit, file=sys.stderr, **size) as bar:
            yield bar
            if not bar.n:  # one step that cannot tell how far it is
                bar.update(total)
        seconds = time.monotonic() - start
        rate = round(bar.n / seconds, 1) if unit == " tiles" and seconds > 0 else None
        self.steps.append(Step(name=name, seconds=round(seconds, 3), tiles_per_s=rate))


def _sizeless() -> bool:
    """Tell whether this is a terminal that says it has no size; tqdm would believe it."""
    try:
        return 0 in os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return False


def peak_rss_mib() -> float:
    """Return the most memory that this process, or one it started, has had in use, in MiB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(max(resource.getrusage(one).ru_maxrss for one in who) * unit / 2**20, 1)

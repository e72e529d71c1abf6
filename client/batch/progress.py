"""How far a run is, how fast, and how long it will take: a bar on a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import Any, Protocol, Self

from ..saying import warn

_EVERY_S = 10.0
_UNIT = " tiles"


class Progress(Protocol):
    """What is told about the tiles of a run."""

    def done(self, tiles: int, /) -> None:
        """So many more were asked about."""

    def kept(self, tiles: int, /) -> None:
        """So many more have an answer of an earlier run: they say nothing of the rate."""

    def copies(self, tiles: int, /) -> None:
        """So many more show what another file of this run does: they are not asked about."""

    def tick(self, late: int, lost: int, /) -> None:
        """Time has passed; so many requests, up to the last one, got no answer in time, or none."""


class Silence:
    """No progress at all."""

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Say nothing."""

    def done(self, tiles: int, /) -> None:
        """Say nothing."""

    def kept(self, tiles: int, /) -> None:
        """Say nothing."""

    def copies(self, tiles: int, /) -> None:
        """Say nothing."""

    def tick(self, late: int, lost: int, /) -> None:
        """Say nothing."""


class Bar:
    """A bar of tqdm's."""

    def __init__(self, bar: Any, timeout_s: float) -> None:  # noqa: ANN401, tqdm may not be there
        self._bar = bar
        self._timeout_s = timeout_s
        self._copies = 0
        self._trouble = ""

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def done(self, tiles: int, /) -> None:
        """Go on by so many."""
        self._answered()
        self._bar.update(tiles)

    def kept(self, tiles: int, /) -> None:
        """Begin by so many further on: tqdm leaves those out of its rate."""
        for name in ("n", "initial", "last_print_n"):
            setattr(self._bar, name, getattr(self._bar, name) + tiles)

    def copies(self, tiles: int, /) -> None:
        """Begin further on as well, and say so beside the bar."""
        self.kept(tiles)
        self._copies += tiles
        self._beside()

    def tick(self, late: int, lost: int, /) -> None:
        """Let its clock go on though no answer came, and say so beside it."""
        self._trouble = _trouble(late, lost, self._timeout_s)
        self._beside()
        self._bar.refresh()

    def _answered(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._beside()

    def _beside(self) -> None:
        parts = [f"{self._copies:,} copies"] if self._copies else []
        if self._trouble:
            parts.append(self._trouble)
        self._bar.set_postfix_str(", ".join(parts), refresh=False)


class Lines:
    """A line now and then, for logs."""

    def __init__(
        self,
        total: int,
        timeout_s: float,
        *,
        say: Callable[[str], None] = warn,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._say = say
        self._timeout_s = timeout_s
        self._clock = clock
        self._begun = self._told = clock()
        self._asked = self._kept = self._copies = 0
        self._trouble = ""

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Say how it ended."""
        self._tell()

    def done(self, tiles: int, /) -> None:
        """Count them; say so if it was quiet for long."""
        self._asked += tiles
        self._trouble = ""
        self._tell_if_due()

    def kept(self, tiles: int, /) -> None:
        """Count them apart."""
        self._kept += tiles

    def copies(self, tiles: int, /) -> None:
        """Count them apart."""
        self._copies += tiles

    def tick(self, late: int, lost: int, /) -> None:
        """Say so if it was quiet for long, though no answer came."""
        self._trouble = _trouble(late, lost, self._timeout_s)
        self._tell_if_due()

    def _tell_if_due(self) -> None:
        if self._clock() - self._told >= _EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self._told = self._clock()
        done = self._asked + self._kept + self._copies
        parts = [f"{done:,} of {self._total:,} tiles"]
        if self._kept:
            parts.append(f"{self._kept:,} of them answered before")
        if self._copies:
            parts.append(f"{self._copies:,} copies of others")
        passed = self._told - self._begun
        if self._asked and passed > 0:
            rate, left = self._asked / passed, self._total - done
            parts.append(f"{rate:,.0f} tiles/s")
            if left and not self._trouble:
                parts.append(f"{_span(left / rate)} left")
        if self._trouble:
            parts.append(self._trouble)
        self._say(", ".join(parts))


def _trouble(late: int, lost: int, timeout_s: float) -> str:
    """Say why no answers come, "" where they do."""
    requests = "request" if late + lost == 1 else f"{late or lost:,} requests"
    if late:
        return f"no answer within {timeout_s:g} s to the last {requests}; --timeout allows more"
    return f"no connection for the last {requests}; asking again" if lost else ""


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def shown(total: int, *, quiet: bool, timeout_s: float) -> Silence | Bar | Lines:
    """Return what fits standard error: a bar on a terminal if tqdm is installed, else lines.

    timeout_s: how long an answer may take, which is told where none comes.
    """
    if quiet:
        return Silence()
    if sys.stderr.isatty():
        try:
            bar = import_module("tqdm").tqdm(total=total, unit=_UNIT, dynamic_ncols=True)
        except ModuleNotFoundError:
            pass
        else:
            return Bar(bar, timeout_s)
    return Lines(total, timeout_s)

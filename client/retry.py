"""When to ask again, and after how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LATER = frozenset({429, 502, 503})
"""Statuses that say "not now": too many tiles wait, a proxy found nobody, not ready."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How patient to be.

    tries: times that one request is sent at most, the first one included.
    first_s, longest_s: the wait doubles from the first to the longest, less a random part of up
        to a half, so that many clients do not come back at once; where a Retry-After says more,
        it is that, and the random part comes on top.
    patience_s: longest Retry-After that is waited for; a longer one ends the attempts.
    jitter, now: sources of chance in [0, 1) and of the time.
    """

    tries: int = 8
    first_s: float = 0.5
    longest_s: float = 20.0
    patience_s: float = 120.0
    jitter: Callable[[], float] = field(default=random.SystemRandom().random, repr=False)
    now: Callable[[], datetime] = field(default=_now, repr=False)

    def pause(self, tried: int, retry_after: str | None = None) -> float | None:
        """Return seconds to wait after `tried` attempts; None when it is time to give up.

        Args:
            tried: attempts so far, at least 1.
            retry_after: the answer's header, in seconds or as an HTTP date.
        """
        if tried >= self.tries:
            return None
        told = self._told(retry_after)
        doubled: float = min(self.longest_s, self.first_s * 2 ** (tried - 1))
        if told is None:
            return doubled * (1 - self.jitter() / 2)
        if told > self.patience_s:
            return None
        # A service says the same each time, however long it is busy.
        return max(told, doubled) + max(self.first_s, doubled / 2) * self.jitter()

    def _told(self, retry_after: str | None) -> float | None:
        if retry_after is None:
            return None
        try:
            return max(0.0, float(int(retry_after)))
        except ValueError:
            pass
        try:
            date = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (aware - self.now()).total_seconds())

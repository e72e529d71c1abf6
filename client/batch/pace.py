"""How many requests are under way at a time: as many as the service answers gladly.

Additive increase, multiplicative decrease. What grows the number is answers that come about as
fast as they ever did; what shrinks it is "later" (429, 502, 503), a broken connection, and answers
that take longer because others stand before them. How many do is told as in TCP Vegas: of n
requests under way, those in the queue are n * (1 - fastest / now). So a service of one core is
kept busy by a few requests, one of many workers gets many, and neither is measured beforehand.

Source: Brakmo and Peterson, TCP Vegas, IEEE JSAC 13 (1995).
"""

import asyncio
from types import TracebackType
from typing import Self

import httpx

from ..plans import Answer, Ask
from ..retry import LATER

_FEW_WAIT = 2.0
"""Requests in the service's queue up to which more are sent: it never runs dry."""
_MANY_WAIT = 4.0
"""Requests in its queue beyond which fewer are sent: they would only wait there."""
_REFUSED, _SLOW = 0.5, 0.8
FIRST = 2


class Pace:
    """Lets so many in at a time, and learns from what becomes of them.

    `async with pace:` waits for leave; `pace.note` tells of each answer meanwhile.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = float(min(FIRST, most))
        """Requests that may be under way; the whole part counts."""
        self._under_way = 0
        self._fastest_s = float("inf")
        self.answered = 0
        """Requests with tiles that got a good answer."""
        self.late = 0
        """Requests with tiles, up to the last one, that got no answer in time."""
        self.lost = 0
        """Requests with tiles, up to the last one, that found nobody, or whose connection broke."""
        self._answers = 0
        self._shrunk_at = 0
        self._free = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Wait until another request may be sent."""
        async with self._free:
            await self._free.wait_for(lambda: self._under_way < int(self.allowed))
            self._under_way += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let others in, as many as there is room for now."""
        async with self._free:
            self._under_way -= 1
            self._free.notify_all()

    def note(self, step: Ask, answer: Answer, seconds: float) -> None:
        """Take in how long an answer to tiles took, or that there was none."""
        if not step.tiles:
            return
        self._answers += 1
        waited = isinstance(answer, httpx.TimeoutException)
        waited = waited and not isinstance(answer, httpx.ConnectTimeout)  # which is nobody there
        self.late = self.late + 1 if waited else 0
        self.lost = 0 if waited or isinstance(answer, httpx.Response) else self.lost + 1
        if not isinstance(answer, httpx.Response) or answer.status_code in LATER:
            self._shrink(_REFUSED)
        elif answer.is_success:
            self.answered += 1
            self._weigh(max(seconds, 1e-9) / len(step.tiles))

    def _weigh(self, tile_s: float) -> None:
        self._fastest_s = min(self._fastest_s, tile_s)
        waiting = self._under_way * (1 - self._fastest_s / tile_s)
        if waiting > _MANY_WAIT:
            self._shrink(_SLOW)
        elif waiting < _FEW_WAIT and self._under_way >= int(self.allowed):
            # One more for each round of answers; none while those that are allowed are not used.
            self.allowed = min(float(self.most), self.allowed + 1 / self.allowed)

    def _shrink(self, share: float) -> None:
        # Requests that were sent before the last step down tell what was known then.
        if self._answers - self._shrunk_at >= self._under_way or not self._shrunk_at:
            self.allowed = max(1.0, self.allowed * share)
            self._shrunk_at = self._answers

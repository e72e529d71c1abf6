"""Reads a body in time: never more than its limit, and never for a client that stands still."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from service.errors import BodyTooLarge, SlowBody, WrongMediaType
from service.requests.admission import Ticket

_OF_TILES = "Send smaller tiles, or fewer."
_PAUSE = 1 / 6
"""Part of the time for the whole body that may pass without a byte."""


@dataclass(frozen=True)
class Pace:
    """When a body is given up: in all, for standing still, or for what cannot end in time.

    A body that announces its size holds its room from the start. So it must keep the pace that
    brings it home: after the first pause, always that part of it which fits the part of the
    time that went by. Who holds much room must therefore really send much.
    """

    start: float
    """Clock of the event loop, in seconds, as are all times here."""
    patience: float
    size: int
    """Announced bytes; 0 where nothing was."""

    def deadline(self, now: float, read: int) -> float:
        """Return when the next bytes must be there, having `read` some."""
        pause = self.patience * _PAUSE
        part = read / self.size if self.size else math.inf
        return min(
            self.start + self.patience,
            now + pause,
            self.start + pause + part * (self.patience - pause),
        )


async def read_body(
    request: Request,
    *,
    limit: int,
    patience_s: float,
    ticket: Ticket,
    take: Callable[[bytes], object],
    remedy: str = _OF_TILES,
) -> None:
    """Hand the body to `take`, piece by piece; `remedy` says how to send less.

    Raises:
        BodyTooLarge: it has, or says it has, more than `limit` bytes.
        BodiesFull: the bodies of all requests together have too many.
        SlowBody: it did not keep its pace.
        WrongMediaType: it is compressed.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise WrongMediaType(
            f"The Content-Encoding is {coding[:40]!r}. Send the body as it is, not compressed."
        )
    announced = request.headers.get("content-length", "0")
    size = int(announced[:20]) if announced.isdecimal() else 0
    if size > limit:
        raise BodyTooLarge(f"The body has {size:,} bytes; at most {limit:,} are taken. {remedy}")
    ticket.hold(size)
    clock = asyncio.get_running_loop().time
    pace, read = Pace(clock(), patience_s, size), 0
    try:
        async with asyncio.timeout_at(pace.deadline(clock(), 0)) as timer:
            async for piece in request.stream():
                read += len(piece)
                if read > limit:
                    raise BodyTooLarge(
                        f"The body goes on after the {limit:,} bytes it may have. {remedy}"
                    )
                ticket.hold(read)
                take(piece)
                timer.reschedule(pace.deadline(clock(), read))
    except TimeoutError as error:
        raise SlowBody(
            f"After {read:,} bytes the body stood still, or came too slowly to be there within "
            f"{patience_s:g} s. {remedy} Or use a faster connection."
        ) from error

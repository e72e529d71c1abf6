"""All tiles of a run through the service: as many requests as it likes, answers to the ledger."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from ..async_api import AsyncClient
from ..errors import Overloaded, ServiceUnreachable
from ..payload import Payload
from ..plans import Batch, Command, same_bundle, submit
from ..problem import Problem
from ..sources import Tile
from .feed import Feed, Portion
from .ledger import Digest, Ledger, Run
from .pace import Pace
from .progress import Progress

_STARVED = 10
"""Times that patience with a full queue may run out before the run has another answer."""
_TICK_S = 1.0


@dataclass(frozen=True)
class Job:
    """What to ask, with how many requests at a time at most, of which bundle."""

    command: Command
    k: int | None
    most: int
    bundle: str

    @property
    def run(self) -> Run:
        """What the ledger must agree on."""
        return Run(self.command, self.k, self.bundle)


@dataclass(frozen=True)
class Asked:
    """What became of the tiles of a run; answers are in the ledger.

    digests: of the tiles that could be read. refused: problems of contents. unreadable: problems
    of tiles that could not be read at all.
    """

    digests: dict[Tile, Digest]
    unreadable: dict[Tile, Problem]
    refused: dict[Digest, Problem] = field(default_factory=dict)

    def failures(self, tiles: Sequence[Tile]) -> dict[Tile, Problem]:
        """Return, for each tile that has no answer, why."""
        found = ((tile, self._problem(tile)) for tile in tiles)
        return {tile: problem for tile, problem in found if problem is not None}

    def _problem(self, tile: Tile) -> Problem | None:
        return self.unreadable.get(tile) or self.refused.get(self.digests.get(tile, b""))


async def ask_all(
    client: AsyncClient, job: Job, tiles: Sequence[Tile], ledger: Ledger, progress: Progress
) -> Asked:
    """Ask about tiles that the ledger has no answer for; each answer goes there at once.

    Raises:
        ServiceUnreachable, Overloaded, ServiceRefused, UnexpectedAnswer: going on is useless;
            the ledger holds what was answered.
        BundleChanged: the service has begun to answer from another bundle.
    """
    feed = Feed(tiles, ledger, client.terms.limits, progress)
    pace = Pace(client.terms.limits.requests(job.most))
    asked = Asked(feed.digests, feed.unreadable)

    async def work() -> None:
        while True:
            # Tiles are read with leave to send them: no more are in memory than are under way.
            async with pace:
                portion = await feed.portion()
                if portion is None:
                    return
                batch = await _ask(client, job, portion.payloads, pace)
                same_bundle(job.bundle, batch.bundle)
                asked.refused.update(_note(ledger, portion, batch))
                progress.done(len(portion.tiles))

    try:
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(_tick(progress, pace))
            await asyncio.wait([group.create_task(work()) for _ in range(pace.most)])
            ticking.cancel()
    except BaseExceptionGroup as several:
        # They all say the same thing: the first one is enough for the user.
        raise several.exceptions[0] from None
    return asked


async def _tick(progress: Progress, pace: Pace) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        progress.tick(pace.late, pace.lost)


async def _ask(client: AsyncClient, job: Job, tiles: Sequence[Payload], pace: Pace) -> Batch:
    try:
        return await _insist(client, job, tiles, pace)
    except ServiceUnreachable as error:
        # Either nobody is there any more, or one of these very tiles breaks the connection.
        await client.bundle()
        if len(tiles) == 1:
            problem = Problem("connection_failed", 0, "The connection failed", str(error))
            return Batch("", [{"error": problem.to_json()}])
    half = len(tiles) // 2
    first = await _ask(client, job, tiles[:half], pace)
    second = await _ask(client, job, tiles[half:], pace)
    return Batch(same_bundle(first.bundle, second.bundle), [*first.results, *second.results])


async def _insist(client: AsyncClient, job: Job, tiles: Sequence[Payload], pace: Pace) -> Batch:
    starved, answered = 0, pace.answered
    while True:
        try:
            return await client.run(submit(job.command, tiles, client.terms, job.k), pace.note)
        except Overloaded as error:
            full = error.problem.status == HTTPStatus.TOO_MANY_REQUESTS
            used_up = error.tried >= client.terms.retry.tries  # else it asks for too long a wait
            # A full queue is a service that works, if only for others.
            starved = 1 if pace.answered > answered else starved + 1
            if not (full and used_up and starved < _STARVED):
                raise
            answered = pace.answered


def _note(ledger: Ledger, portion: Portion, batch: Batch) -> Iterator[tuple[Digest, Problem]]:
    pairs = list(zip(portion.digests, batch.results, strict=True))
    ledger.add((digest, result) for digest, result in pairs if "error" not in result)
    for digest, result in pairs:
        if "error" in result:
            yield digest, Problem.from_json(result["error"])

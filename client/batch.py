"""A whole folder through the service: parallel requests, results into the journal."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from client.async_api import AsyncClient
from client.errors import ServiceUnreachable
from client.journal import Journal, Run
from client.payload import chunked, load
from client.plans import Batch, Command, same_bundle, submit
from client.problem import Problem
from client.sources import TileFile


class Progress(Protocol):
    """What is told about each batch of tiles, such as a tqdm bar."""

    def update(self, n: int, /) -> object:
        """Go on by n tiles."""


@dataclass(frozen=True)
class Job:
    """What to ask, with how many requests at a time, of which bundle."""

    command: Command
    k: int | None
    parallel: int
    bundle: str

    @property
    def run(self) -> Run:
        """What the journal must agree on."""
        return Run(self.command, self.k, self.bundle)


async def ask_all(
    client: AsyncClient,
    job: Job,
    tiles: Sequence[TileFile],
    journal: Journal,
    progress: Progress,
) -> dict[str, Problem]:
    """Ask about tiles and add each answer to the journal as soon as it is there.

    Returns: for each file that has no result, why.

    Raises:
        ServiceUnreachable, Overloaded, ServiceRefused, UnexpectedAnswer: going on is useless;
            the journal holds what was answered.
        BundleChanged: the service has begun to answer from another bundle.
    """
    failures: dict[str, Problem] = {}
    # All workers draw from one iterator: whoever is free takes the next tiles, and no more than
    # `parallel` requests' worth of tiles is in memory.
    chunks = chunked(tiles, lambda tile: tile.size, client.terms.limits)

    async def work(chunks: Iterator[list[TileFile]]) -> None:
        for chunk in chunks:
            batch = await _ask(client, job, chunk)
            same_bundle(job.bundle, batch.bundle)
            failures.update(_note(journal, chunk, batch))
            progress.update(len(chunk))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(job.parallel):
                group.create_task(work(chunks))
    except BaseExceptionGroup as several:
        # They all say the same thing: the first one is enough for the user.
        raise several.exceptions[0] from None
    return failures


async def _ask(client: AsyncClient, job: Job, chunk: list[TileFile]) -> Batch:
    limits = client.terms.limits
    # A slow disk must not hold up the answers that come in meanwhile.
    payloads = await asyncio.to_thread(lambda: [load(tile.path, limits) for tile in chunk])
    try:
        return await client.run(submit(job.command, payloads, client.terms, job.k))
    except ServiceUnreachable as error:
        # Either nobody is there any more, or these very tiles break the connection.
        await client.bundle()
        problem = Problem("connection_failed", 0, "The connection failed", str(error))
        return Batch("", [{"error": problem.to_json()} for _ in chunk])


def _note(journal: Journal, chunk: list[TileFile], batch: Batch) -> Iterator[tuple[str, Problem]]:
    pairs = list(zip(chunk, batch.results, strict=True))
    journal.add((tile, result) for tile, result in pairs if "error" not in result)
    for tile, result in pairs:
        if "error" in result:
            yield tile.file, Problem.from_json(result["error"])

"""The micro-batcher: tiles of many requests share runs of the encoder."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bundle import Encoder
from bundle.arrays import Grey
from service import metrics, timing
from service.errors import Draining, EncodingFailed, QueueFull

_log = logging.getLogger("service.batcher")
Latent = NDArray[np.float32]
Map = NDArray[np.float32]


class Seen(NamedTuple):
    """What the encoder says of one tile: latent (d,) and map (3 or 0, g, g), float32."""

    latent: Latent
    map: Map


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """size: most tiles a run. delay_s: wait for company. queue: most waiting tiles."""

    size: int
    delay_s: float
    queue: int


@dataclass(eq=False, slots=True)
class _Waiting:
    tile: Grey
    answer: asyncio.Future[Seen]
    clock: timing.Clock | None


class Batcher:
    """Runs the encoder in one thread on whatever waits, in order of arrival.

    A context manager: leaving it answers what still waits, then stops.
    """

    def __init__(self, encoder: Encoder, limits: BatchLimits) -> None:
        self._encoder = encoder
        self._limits = limits
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._worker: asyncio.Task[None] | None = None
        self._closing = False
        self.last_run = -np.inf
        """`time.monotonic()` of the last run that gave answers."""

    async def __aenter__(self) -> Self:
        """Start the worker."""
        self._worker = asyncio.create_task(self._work(), name="batcher")
        return self

    async def __aexit__(self, *error: object) -> None:
        """Answer what waits, then stop."""
        self._closing = True
        self._queue.put_nowait(None)
        if self._worker is not None:
            await self._worker
        self._thread.shutdown()

    @property
    def alive(self) -> bool:
        """Whether the worker runs and takes tiles."""
        return self._worker is not None and not self._worker.done() and not self._closing

    @property
    def waiting(self) -> int:
        """Number of tiles in the queue."""
        return self._queue.qsize()

    async def examine(self, tiles: Sequence[Grey]) -> list[Seen | BaseException]:
        """Examine tiles of (side, side) uint8; the answers keep their order.

        Returns: for each tile its latent and map, or what went wrong with it alone.

        Raises:
            QueueFull, Draining: see `enqueue`.
        """
        return await asyncio.gather(*self.enqueue(tiles), return_exceptions=True)

    def enqueue(self, tiles: Sequence[Grey]) -> list[asyncio.Future[Seen]]:
        """Have tiles examined; who cancels the future of one takes it out of the queue.

        Raises:
            QueueFull: not all of them fit into the queue; none was taken.
            Draining: the service is about to stop.
        """
        if not self.alive:
            raise Draining
        if self.waiting + len(tiles) > self._limits.queue:
            raise QueueFull(self.waiting, len(tiles), self._limits.queue)
        loop = asyncio.get_running_loop()
        clock = timing.current()
        if clock is not None:
            clock.queued()
        items = [_Waiting(tile, loop.create_future(), clock) for tile in tiles]
        for item in items:
            self._queue.put_nowait(item)
        metrics.QUEUE_TILES.set(self.waiting)
        return [item.answer for item in items]

    async def _work(self) -> None:
        while batch := await self._next_batch():
            # A caller that left has cancelled its future.
            wanted = [item for item in batch if not item.answer.done()]
            if wanted:
                await self._answer(wanted)

    async def _next_batch(self) -> list[_Waiting]:
        """Wait for a tile, then for more until the run is full or the delay is over."""
        batch: list[_Waiting] = []
        deadline: float | None = None
        try:
            while len(batch) < self._limits.size:
                async with asyncio.timeout_at(deadline):
                    item = await self._queue.get()
                if item is None:
                    self._queue.put_nowait(None)  # the next round ends the worker
                    break
                batch.append(item)
                deadline = deadline or asyncio.get_running_loop().time() + self._limits.delay_s
        except TimeoutError:
            pass
        metrics.QUEUE_TILES.set(self.waiting)
        return batch

    async def _answer(self, items: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        try:
            found = await loop.run_in_executor(self._thread, self._examine, items)
        except Exception:  # noqa: BLE001, a border: whatever the model raises, the worker must live
            if len(items) > 1:  # one bad tile must not spoil the answers of the others
                for item in items:
                    await self._answer([item])
                return
            _log.exception("the encoder failed on a tile")
            self._fail(items[0])
            return
        self.last_run = time.monotonic()
        timing.ran((item.clock for item in items), began)
        metrics.RUN_TILES.observe(len(items))
        metrics.RUN_SECONDS.observe(time.perf_counter() - began)
        for item, seen in zip(items, found, strict=True):
            if not item.answer.done():
                item.answer.set_result(seen)

    def _examine(self, items: list[_Waiting]) -> list[Seen]:
        latents, maps = self._encoder.examine(np.stack([item.tile for item in items]))
        if not len(latents) == len(maps) == len(items):
            raise EncodingFailed(f"{len(latents)} latents, {len(maps)} maps: {len(items)} tiles")
        return [Seen(*both) for both in zip(latents, maps, strict=True)]

    @staticmethod
    def _fail(item: _Waiting) -> None:
        if not item.answer.done():
            item.answer.set_exception(EncodingFailed("The encoder failed on this tile."))

"""The micro-batcher: tiles of many requests share runs of the encoder."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle import Encoder
from bundle.arrays import Grey, Maps, Tiles
from bundle.pools import running_pool
from bundle.views import look_again
from service.errors import Draining, EncodingFailed
from service.observing import metrics, timing

_log = logging.getLogger("service.answering.batcher")
_FEW = 4
"""Tiles of a request that need not wait behind those of larger ones."""
_NOT_FINITE = "The encoder gave no finite numbers for this tile."
Latent = NDArray[np.float32]
Map = NDArray[np.float32]


class Seen(NamedTuple):
    """What the encoder says of one tile: latent (d,) and map (3 or 0, g, g), float32."""

    latent: Latent
    map: Map


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """size: most tiles a run. delay_s: wait for company."""

    size: int
    delay_s: float


@dataclass(eq=False, slots=True)
class _Waiting:
    tile: Grey
    again: bool
    answer: asyncio.Future[Seen]
    clock: timing.Clock | None


_Lane: TypeAlias = OrderedDict[_Waiting, None]


class Batcher:
    """Runs the encoder in one thread on whatever waits, in order of arrival.

    Requests of a few tiles have a lane of their own, and up to half of each run: one tile does
    not wait until a hundred of somebody else's are done, nor the other way round.

    How many tiles may wait is decided at the gate (`service/requests/admission.py`). A context
    manager: leaving it answers what still waits, then stops.
    """

    def __init__(self, encoder: Encoder, limits: BatchLimits, *, white: int) -> None:
        self._encoder = encoder
        self._limits = limits
        self._white = white
        self._few: _Lane = OrderedDict()  # whoever leaves is taken out
        self._many: _Lane = OrderedDict()
        self._changed = asyncio.Event()
        self._thread = running_pool(1, "encoder")
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
        self._changed.set()
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
        return len(self._few) + len(self._many)

    async def examine(
        self, tiles: Sequence[Grey], *, again: bool = False, urgent: bool = False
    ) -> list[Seen | BaseException]:
        """Examine tiles of (side, side) uint8; the answers keep their order.

        With `again`, maps in doubt are those of a second look (bundle.views).

        Returns: for each tile its latent and map, or what went wrong with it alone.

        Urgent tiles go before all that wait. Cancelled, it takes its own out of the queue.

        Raises:
            Draining: the service is about to stop.
        """
        answers = self.enqueue(tiles, again=again, urgent=urgent)
        return await asyncio.gather(*answers, return_exceptions=True)

    def enqueue(
        self, tiles: Sequence[Grey], *, again: bool = False, urgent: bool = False
    ) -> list[asyncio.Future[Seen]]:
        """Have tiles examined; who cancels the future of one takes it out of the queue.

        Raises:
            Draining: the service is about to stop.
        """
        if not self.alive:
            raise Draining
        loop = asyncio.get_running_loop()
        clock = timing.current()
        if clock is not None:
            clock.queued()
        items = [_Waiting(tile, again, loop.create_future(), clock) for tile in tiles]
        lane = self._few if urgent or len(items) <= _FEW else self._many
        lane.update(dict.fromkeys(items))
        for item in items:
            item.answer.add_done_callback(partial(_leave, lane, item))
        if urgent:
            for item in reversed(items):
                lane.move_to_end(item, last=False)
        self._changed.set()
        metrics.QUEUE_TILES.set(self.waiting)
        return [item.answer for item in items]

    async def _work(self) -> None:
        while await self._something_waits():
            await self._gather_company()
            batch = self._next()
            metrics.QUEUE_TILES.set(self.waiting)
            await self._answer(batch)

    def _next(self) -> list[_Waiting]:
        size = self._limits.size
        few = min(len(self._few), max(-(-size // 2), size - len(self._many)))
        many = min(len(self._many), size - few)
        lanes = [*repeat(self._few, few), *repeat(self._many, many)]
        return [lane.popitem(last=False)[0] for lane in lanes]

    async def _something_waits(self) -> bool:
        """Wait for a tile; return whether there is one, rather than the end."""
        while not self.waiting and not self._closing:
            self._changed.clear()
            await self._changed.wait()
        return bool(self.waiting)

    async def _gather_company(self) -> None:
        """Wait for more tiles until a run is full or the delay is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.delay_s):
                while self.waiting < self._limits.size and not self._closing:
                    self._changed.clear()
                    await self._changed.wait()

    async def _answer(self, items: list[_Waiting]) -> None:
        """Run the tiles that are still wanted; where that fails, each half, to find the bad one."""
        items = [item for item in items if not item.answer.done()]
        if not items:
            return
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        try:
            found = await loop.run_in_executor(self._thread, self._examine, items)
        except Exception:  # noqa: BLE001, a border: whatever the model raises, the worker must live
            if len(items) == 1:
                _log.exception("the encoder failed on a tile")
                _settle(items[0], EncodingFailed("The encoder failed on this tile."))
                return
            middle = len(items) // 2
            await self._answer(items[:middle])
            await self._answer(items[middle:])
            return
        self.last_run = time.monotonic()
        timing.ran((item.clock for item in items), began)
        metrics.RUN_TILES.observe(len(items))
        metrics.RUN_SECONDS.observe(time.perf_counter() - began)
        for item, seen in zip(items, found, strict=True):
            _settle(item, seen)

    def _examine(self, items: list[_Waiting]) -> list[Seen | EncodingFailed]:
        tiles = np.stack([item.tile for item in items])
        latents, maps = self._encoder.examine(tiles)
        if not len(latents) == len(maps) == len(items):
            raise EncodingFailed(f"{len(latents)} latents, {len(maps)} maps: {len(items)} tiles")
        rows = [row for row, item in enumerate(items) if item.again]
        if rows:
            maps = maps.copy()
            maps[rows] = look_again(tiles[rows], maps[rows], self._maps, self._white)
        finite = np.asarray(
            np.isfinite(latents).all(axis=1) & np.isfinite(maps).all(axis=(1, 2, 3))
        )
        return [
            Seen(latent, map_) if sound else EncodingFailed(_NOT_FINITE)
            for latent, map_, sound in zip(latents, maps, finite, strict=True)
        ]

    def _maps(self, tiles: Tiles) -> Maps:
        return self._encoder.examine(tiles).maps


def _leave(lane: _Lane, item: _Waiting, _: asyncio.Future[Seen]) -> None:
    if lane.pop(item, None) is not None:
        metrics.QUEUE_TILES.dec()


def _settle(item: _Waiting, seen: Seen | EncodingFailed) -> None:
    if item.answer.done():  # its caller left
        return
    if isinstance(seen, EncodingFailed):
        item.answer.set_exception(seen)
    else:
        item.answer.set_result(seen)

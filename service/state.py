"""What the service holds while it runs, and how it comes up and goes down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bundle import Bundle, Encoder, OnnxDecoder, OnnxEncoder, open_bundle, self_test
from service import metrics
from service.batcher import Batcher, BatchLimits, Seen
from service.budget import Budget
from service.catalog import Catalog
from service.drift import Drift
from service.errors import TookTooLong
from service.findings import Findings
from service.looks import Decoded, Look, Sent, decode
from service.readiness import Readiness
from service.settings import Settings
from service.timing import timed

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Serving:
    """Everything a route may need."""

    settings: Settings
    bundle: Bundle
    catalog: Catalog
    findings: Findings
    batcher: Batcher
    budget: Budget
    decoder: OnnxDecoder
    pool: ThreadPoolExecutor
    readiness: Readiness
    drift: Drift

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    async def decode(self, data: Sent) -> Decoded:
        """Turn a tile into encoder input.

        Raises:
            TileError: one of its kinds.
        """
        side = self.bundle.manifest.preprocessing.side
        return await self.apart(decode, data, side, self.settings.max_tile_pixels)

    async def look(self, files: Iterable[Sent | Exception]) -> list[Look | BaseException]:
        """Decode and examine tiles; the answers keep their order.

        Bytes that only `files` holds are free again as soon as they are decoded.

        Returns: for each file what is known of it, or what is wrong with it; a file that
        is an error already stays that error.

        Raises:
            QueueFull, Draining, TookTooLong: nothing was answered.
        """
        async with self.patience():
            begun = await self.begin(files)
            waiting = [one.seen for one in begun if not isinstance(one, BaseException)]
            await asyncio.gather(*waiting, return_exceptions=True)
            return [await self.joined(one) for one in begun]

    async def begin(self, files: Iterable[Sent | Exception]) -> "list[Begun | BaseException]":
        """Decode tiles and have them examined, without waiting for that.

        Raises:
            QueueFull, Draining: none of them is examined.
        """

        async def one(file: Sent | Exception) -> Decoded:
            if isinstance(file, Exception):
                raise file
            return await self.decode(file)

        with timed("decode"):
            read = await asyncio.gather(*map(one, files), return_exceptions=True)
        sound = [one.tile for one in read if not isinstance(one, BaseException)]
        seen = iter(self.batcher.enqueue(sound) if sound else ())
        return [one if isinstance(one, BaseException) else Begun(one, next(seen)) for one in read]

    async def joined(self, begun: "Begun | BaseException") -> Look | BaseException:
        """Wait for the encoder; return what is known of the tile, or what is wrong with it."""
        if isinstance(begun, BaseException):
            return begun
        try:
            seen = await begun.seen
        except Exception as error:  # noqa: BLE001, a border: it becomes the tile's own answer
            return error
        self.drift.note(seen.latent)
        return Look(begun.decoded.tile, begun.decoded.size, seen.latent, seen.map)

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Do what is inside within the time that a request has.

        Raises:
            TookTooLong: it was not done by then, and is dropped.
        """
        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                yield
        except TimeoutError as error:
            raise self.too_late() from error

    def too_late(self) -> TookTooLong:
        """Return the error for what was not ready in time."""
        return TookTooLong(
            f"The answer was not ready within {self.settings.request_timeout_s:g} s. "
            "Send fewer tiles in a request."
        )


@dataclass(frozen=True)
class Begun:
    """A tile that was decoded, and what the encoder will say of it."""

    decoded: Decoded
    seen: asyncio.Future[Seen]


@asynccontextmanager
async def open_serving(settings: Settings, encoder: Encoder | None) -> AsyncIterator[Serving]:
    """Open the bundle, prove the encoder, warm up, start the batcher; undo it at the end.

    Raises:
        BundleError: the bundle cannot be used.
    """
    async with AsyncExitStack() as stack:
        bundle = await asyncio.to_thread(open_bundle, settings.bundle)
        if encoder is None:
            encoder = await asyncio.to_thread(
                OnnxEncoder, settings.bundle, threads=settings.thread_count
            )
        decoder = await asyncio.to_thread(
            OnnxDecoder, settings.bundle, threads=settings.thread_count
        )
        # The self-test is the warm-up as well: it runs the encoder on real tiles.
        await asyncio.to_thread(self_test, bundle, encoder)
        pool = stack.enter_context(
            ThreadPoolExecutor(settings.thread_count, thread_name_prefix="tiles")
        )
        limits = BatchLimits(
            size=settings.max_batch_size,
            delay_s=settings.max_batch_delay_ms / 1000,
            queue=settings.max_queue_tiles,
        )
        batcher = await stack.enter_async_context(Batcher(encoder, limits))
        catalog = Catalog.of(bundle)
        manifest = bundle.manifest
        stack.enter_context(
            metrics.opened(manifest.bundle_id, manifest.profile, manifest.source.tiles)
        )
        yield Serving(
            settings=settings,
            bundle=bundle,
            catalog=catalog,
            findings=Findings.of(catalog),
            batcher=batcher,
            budget=Budget(settings.max_bytes_in_flight),
            decoder=decoder,
            pool=pool,
            readiness=Readiness(bundle, batcher),
            drift=Drift(bundle),
        )

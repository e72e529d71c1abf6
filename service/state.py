"""What the service holds while it runs, and how it comes up and goes down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bundle import Bundle, Encoder, OnnxDecoder, OnnxEncoder, open_bundle, self_test
from service.admission import Gate
from service.batcher import Batcher, BatchLimits, Seen
from service.catalog import Catalog
from service.errors import TookTooLong
from service.findings import Findings
from service.looks import Decoded, Look, decode
from service.readiness import Readiness
from service.seal import Seal
from service.settings import Settings

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
    gate: Gate
    decoder: OnnxDecoder
    pool: ThreadPoolExecutor
    turns: asyncio.Semaphore
    """To decode: tiles wait here, where they can be dropped, and not in the pool, which others
    use as well."""
    readiness: Readiness
    seal: Seal

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    async def decode(self, data: bytes) -> Decoded:
        """Turn PNG bytes into encoder input.

        Raises:
            TileError: one of its kinds.
        """
        side = self.bundle.manifest.preprocessing.side
        async with self.turns:
            return await self.apart(decode, data, side, self.settings.max_tile_pixels)

    async def look(self, files: Iterable[bytes | Exception]) -> list[Look | BaseException]:
        """Decode and examine the bytes of tiles; the answers keep their order.

        Bytes that only `files` holds are free again as soon as they are decoded.

        Returns: for each file what is known of it, or what is wrong with it; a file that
        is an error already stays that error.

        Raises:
            Draining, TookTooLong: nothing was answered, and what still waited was dropped.
        """
        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                return await self._look(files)
        except TimeoutError as error:
            raise TookTooLong(
                f"The answer was not ready within {self.settings.request_timeout_s:g} s. "
                "Send fewer tiles in a request."
            ) from error

    async def _look(self, files: Iterable[bytes | Exception]) -> list[Look | BaseException]:
        async def one(file: bytes | Exception) -> Decoded:
            if isinstance(file, Exception):
                raise file
            return await self.decode(file)

        read = await asyncio.gather(*map(one, files), return_exceptions=True)
        sound = [one for one in read if not isinstance(one, BaseException)]
        seen = await self.batcher.examine([one.tile for one in sound]) if sound else []
        answers = iter(zip(sound, seen, strict=True))
        return [one if isinstance(one, BaseException) else _join(*next(answers)) for one in read]


def _join(decoded: Decoded, seen: Seen | BaseException) -> Look | BaseException:
    if isinstance(seen, BaseException):
        return seen
    return Look(decoded.tile, decoded.size, seen.latent, seen.map)


@asynccontextmanager
async def open_serving(settings: Settings, encoder: Encoder | None) -> AsyncIterator[Serving]:
    """Open the bundle, prove the encoder, warm up, start the batcher; undo it at the end.

    Raises:
        BundleError: the bundle cannot be used.
    """
    async with AsyncExitStack() as stack:
        bundle = await asyncio.to_thread(open_bundle, settings.bundle)
        files = [settings.bundle / name for name in ("manifest.json", *bundle.manifest.files)]
        seal = stack.enter_context(Seal(files))
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
        )
        batcher = await stack.enter_async_context(Batcher(encoder, limits))
        gate = Gate(most_tiles=settings.max_queue_tiles, most_bytes=settings.max_bytes_in_flight)
        stack.callback(gate.close)
        catalog = Catalog.of(bundle)
        yield Serving(
            settings=settings,
            bundle=bundle,
            catalog=catalog,
            findings=Findings.of(catalog),
            batcher=batcher,
            gate=gate,
            decoder=decoder,
            pool=pool,
            turns=asyncio.Semaphore(2 * settings.thread_count),
            readiness=Readiness(bundle, batcher),
            seal=seal,
        )

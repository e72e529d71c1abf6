"""What the service holds for one bundle, and how that comes up and goes down.

What outlives the bundle is in `service.process`, which bundle answers in `service.shelf`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from bundle import (
    Bundle,
    Encoder,
    OnnxDecoder,
    SelfTestFailed,
    choose_precision,
    open_bundle,
    open_encoder,
    self_test,
)
from bundle.errors import naming
from bundle.manifest import Precision
from bundle.preprocess import Input, read_tile
from bundle.runtime import allowed_difference
from service.admission import Gate
from service.batcher import Batcher, BatchLimits, Seen
from service.catalog import Catalog
from service.errors import NotReady, TookTooLong
from service.findings import Findings
from service.looks import Look
from service.process import Process
from service.readiness import Readiness
from service.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Serving:
    """Everything a route may need: one bundle ready to answer, and the process it is in."""

    process: Process
    bundle: Bundle
    catalog: Catalog
    findings: Findings
    batcher: Batcher
    decoder: OnnxDecoder
    readiness: Readiness

    @property
    def settings(self) -> Settings:
        """Every setting."""
        return self.process.settings

    @property
    def gate(self) -> Gate:
        """What tiles and bytes all requests may hold."""
        return self.process.gate

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        return await self.process.apart(work, *args, **kwargs)

    async def decode(self, data: bytes) -> Input:
        """Turn PNG bytes into encoder input.

        Raises:
            TileError: one of its kinds.
        """
        side = self.bundle.manifest.preprocessing.side
        limit = self.settings.max_tile_pixels
        async with self.process.turns:
            return await self.apart(read_tile, data, side, max_pixels=limit)

    async def look(
        self, files: Iterable[bytes | Exception], *, again: bool = False
    ) -> list[Look | BaseException]:
        """Decode and examine the bytes of tiles; the answers keep their order.

        With `again`, tiles of which the encoder is in doubt are looked at a second time.
        Bytes that only `files` holds are free again as soon as they are decoded.

        Returns: for each file what is known of it, or what is wrong with it; a file that
        is an error already stays that error.

        Raises:
            Draining, TookTooLong: nothing was answered, and what still waited was dropped.
        """
        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                return await self._look(files, again)
        except TimeoutError as error:
            raise TookTooLong(
                f"The answer was not ready within {self.settings.request_timeout_s:g} s. "
                "Send fewer tiles in a request."
            ) from error

    async def _look(
        self, files: Iterable[bytes | Exception], again: bool
    ) -> list[Look | BaseException]:
        async def one(file: bytes | Exception) -> Input:
            if isinstance(file, Exception):
                raise file
            return await self.decode(file)

        read = await asyncio.gather(*map(one, files), return_exceptions=True)
        sound = [one for one in read if not isinstance(one, BaseException)]
        tiles = [one.tile for one in sound]
        seen = await self.batcher.examine(tiles, again=again) if sound else []
        answers = iter(zip(sound, seen, strict=True))
        return [one if isinstance(one, BaseException) else _join(*next(answers)) for one in read]


def _join(read: Input, seen: Seen | BaseException) -> Look | BaseException:
    if isinstance(seen, BaseException):
        return seen
    return Look(read, seen.latent, seen.map)


def _prove_neighbor(readiness: Readiness, path: Path) -> None:
    try:
        readiness.prove_neighbor()
    except NotReady as error:
        with naming(path):
            raise SelfTestFailed(str(error)) from error


@asynccontextmanager
async def open_serving(
    process: Process, path: Path, encoder: Encoder | None
) -> AsyncIterator[Serving]:
    """Open a bundle, prove its encoder, warm up, start the batcher; undo it at the end.

    Raises:
        BundleError: the bundle cannot be used.
    """
    settings = process.settings
    bundle = await asyncio.to_thread(open_bundle, path)
    precision: Precision = "fp32"
    if encoder is None:
        precision = choose_precision(bundle, settings.precision)
        encoder = await asyncio.to_thread(
            open_encoder, bundle, threads=settings.thread_count, precision=precision
        )
    decoder = await asyncio.to_thread(OnnxDecoder, path, threads=settings.thread_count)
    # The self-test is the warm-up as well: it runs the encoder on real tiles.
    await asyncio.to_thread(self_test, bundle, encoder, precision)
    limits = BatchLimits(
        size=settings.max_batch_size,
        delay_s=settings.max_batch_delay_ms / 1000,
    )
    async with Batcher(encoder, limits) as batcher:
        readiness = Readiness(bundle, batcher, allowed_difference(bundle, precision))
        await asyncio.to_thread(_prove_neighbor, readiness, path)
        catalog = Catalog.of(bundle)
        yield Serving(
            process=process,
            bundle=bundle,
            catalog=catalog,
            findings=Findings.of(catalog),
            batcher=batcher,
            decoder=decoder,
            readiness=readiness,
        )

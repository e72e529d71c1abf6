"""What the service holds for one bundle, and how that comes up and goes down.

What outlives the bundle is in `service.process`, which bundle answers in `service.bundles.shelf`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from bundle import (
    Bundle,
    Encoder,
    SelfTestFailed,
    open_bundle,
    open_encoder,
    self_test,
)
from bundle.encoders import choose_precisions
from bundle.errors import naming
from bundle.manifest import MANIFEST, Precision
from bundle.preprocess import Input
from bundle.reader import check_unchanged
from bundle.runtime import allowed_difference
from service.answering.batcher import Batcher, BatchLimits, Seen
from service.answering.looks import Look, Sent, decode
from service.bundles.readiness import Readiness
from service.bundles.seal import Seal
from service.decisions.ledger import Ledger
from service.decisions.names import ClusterNames
from service.decisions.reviewed import Reviewed
from service.errors import Draining, NotReady, TookTooLong
from service.observing.drift import Drift
from service.observing.timing import timed
from service.process import Process
from service.requests.admission import Gate
from service.settings import Settings
from service.stored.catalog import Catalog
from service.stored.decoder import Decoder
from service.stored.findings import Findings
from service.stored.graph import Graph
from service.teaching.taught import Teaching

_log = logging.getLogger("service.state")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True)
class Serving:
    """Everything a route may need: one bundle ready to answer, and the process it is in."""

    process: Process
    bundle: Bundle
    catalog: Catalog
    findings: Findings
    reviewed: Reviewed
    teaching: Teaching
    names: ClusterNames
    batcher: Batcher
    decoder: Decoder
    readiness: Readiness
    drift: Drift
    seal: Seal
    precision: Precision
    """Of the encoder."""

    @property
    def settings(self) -> Settings:
        """Every setting."""
        return self.process.settings

    @property
    def gate(self) -> Gate:
        """What tiles and bytes all requests may hold."""
        return self.process.gate

    async def prove(self) -> float:
        """Prove that tiles are taken and encoded, see `Readiness.prove`.

        Raises:
            NotReady, Draining: they are not.
        """
        if self.gate.closed:
            raise Draining
        return await self.readiness.prove()

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        return await self.process.apart(work, *args, **kwargs)

    async def at_length(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work that may take seconds, see `service.process`."""
        return await self.process.at_length(work, *args, **kwargs)

    async def each(
        self, work: Callable[[T], R], items: Iterable[T | BaseException]
    ) -> list[R | BaseException]:
        """Do the same with many things in the pool, see `service.process`."""
        return await self.process.each(work, items)

    async def together(
        self, work: Callable[[list[T]], list[R]], items: Iterable[T | BaseException]
    ) -> list[R | BaseException]:
        """Do the same with many things, some in one call, see `service.process`."""
        return await self.process.together(work, items)

    async def look(
        self, files: Iterable[Sent | Exception], *, again: bool = False
    ) -> list[Look | BaseException]:
        """Decode and examine tiles; the answers keep their order.

        With `again`, tiles of which the encoder is in doubt are looked at a second time.
        Bytes that only `files` holds are free again as soon as they are decoded.

        Returns: for each file what is known of it, or what is wrong with it; a file that
        is an error already stays that error.

        Raises:
            Draining, TookTooLong: nothing was answered, and what still waited was dropped.
        """
        async with self.patience():
            begun = await self.begin(files, again=again)
            waiting = [one.seen for one in begun if not isinstance(one, BaseException)]
            await asyncio.gather(*waiting, return_exceptions=True)
            return [await self.joined(one) for one in begun]

    async def begin(
        self, files: Iterable[Sent | Exception], *, again: bool = False
    ) -> "list[Begun | BaseException]":
        """Decode tiles and have them examined, without waiting for that; `again` as in `look`.

        Raises:
            Draining: none of them is examined.
        """
        side, most = self.bundle.manifest.preprocessing.side, self.settings.max_tile_pixels
        with timed("decode"):
            read = await self.each(partial(decode, side=side, max_pixels=most), files)
        sound = [one.tile for one in read if not isinstance(one, BaseException)]
        seen = iter(self.batcher.enqueue(sound, again=again) if sound else ())
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
        return Look(begun.read, seen.latent, seen.map)

    async def failure(self, begun: "Begun | BaseException") -> BaseException | None:
        """Wait for the encoder; return what is wrong with the tile, if anything is."""
        if isinstance(begun, BaseException):
            return begun
        (seen,) = await asyncio.gather(begun.seen, return_exceptions=True)
        return seen if isinstance(seen, BaseException) else None

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[float]:
        """Do what is inside within the time that a request has; gives the loop's time of its end.

        Raises:
            TookTooLong: it was not done by then, and is dropped.
        """
        try:
            end = asyncio.get_running_loop().time() + self.settings.request_timeout_s
            async with asyncio.timeout_at(end):
                yield end
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
    """A tile that was read, and what the encoder will say of it."""

    read: Input
    seen: asyncio.Future[Seen]


def _proved(bundle: Bundle, process: Process, encoder: Encoder | None) -> tuple[Encoder, Precision]:
    """Load the encoder to serve, unless there is one, and prove it, which warms it up as well.

    One of less precision may give other numbers here than on the processor it was fitted on.

    Raises:
        BundleError: none can be used.
    """
    if encoder is not None:
        self_test(bundle, encoder)
        return encoder, "fp32"
    settings = process.settings
    *others, last = choose_precisions(bundle, settings.precision)
    load = partial(open_encoder, bundle, threads=settings.thread_count, prove=process.prove)
    for precision in others:
        encoder = load(precision=precision)
        try:
            self_test(bundle, encoder, precision)
        except SelfTestFailed as error:
            fields = {"precision": precision, "why": str(error)}
            _log.warning("encoder passed over: wrong on this processor", extra={"fields": fields})
        else:
            return encoder, precision
    encoder = load(precision=last)
    self_test(bundle, encoder, last)
    return encoder, last


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
    bundle = await asyncio.to_thread(open_bundle, path, prove=process.prove)
    with Seal(path / name for name in (MANIFEST, *bundle.manifest.files)) as seal:
        await asyncio.to_thread(check_unchanged, bundle)
        proved, precision = await asyncio.to_thread(_proved, bundle, process, encoder)
        decoder = await asyncio.to_thread(
            Decoder, bundle, seal, threads=settings.thread_count, prove=process.prove
        )
        limits = BatchLimits(
            size=settings.max_batch_size,
            delay_s=settings.max_batch_delay_ms / 1000,
        )
        async with Batcher(proved, limits, white=bundle.white) as batcher:
            readiness = Readiness(bundle, batcher, allowed_difference(bundle, precision))
            await asyncio.to_thread(_prove_neighbor, readiness, path)
            serving = partial(
                Serving,
                process=process,
                bundle=bundle,
                batcher=batcher,
                decoder=decoder,
                readiness=readiness,
                precision=precision,
            )
            yield await asyncio.to_thread(_laid_out, bundle, seal, process.ledger, serving)


def _laid_out(
    bundle: Bundle, seal: Seal, ledger: Ledger, serving: Callable[..., Serving]
) -> Serving:
    """Lay out what answers are made of: seconds for a million tiles, so not on the event loop."""
    catalog = Catalog.of(bundle, Graph(bundle, seal))
    reviewed = Reviewed(catalog, ledger)
    return serving(
        catalog=catalog,
        seal=seal,
        findings=Findings.of(catalog),
        reviewed=reviewed,
        teaching=Teaching(catalog, ledger, reviewed.contents),
        names=ClusterNames(bundle, reviewed.contents, ledger),
        drift=Drift(bundle),
    )

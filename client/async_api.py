"""The client for scripts with asyncio: `AsyncClient`, the twin of `client.api.Client`."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import httpx

from . import decisions, exports, questions
from .address import URL
from .answers import Json
from .api import TIMEOUT_S, terms_for
from .decisions import BatchDecided, Decision, Imported, NewDecision, TileDecisions
from .exports import Checked
from .keys import key_headers, reviewer_headers
from .payload import Payload, TileLike, chunked, load
from .plans import Answer, Ask, Batch, Plan, Wait, same_bundle, submit
from .proxy import certificates, is_local
from .questions import (
    CLUSTER,
    ENCODE,
    NEIGHBORS,
    SCREEN,
    Page,
    Question,
    Sort,
    Wanted,
    of_stored,
    of_tile,
    searching,
    typed,
)
from .results import (
    BundleInfo,
    Cluster,
    ClusterOf,
    Encoded,
    FailedTile,
    Neighbors,
    StoredTile,
)
from .retry import Retry
from .screenings import ScreenedTile, Screening, Verdict
from .shown import Shown
from .streams import Lines, opened
from .vectors import NPY, Vectors, joined

T = TypeVar("T")
S = TypeVar("S", bound=Shown)
Watch: TypeAlias = Callable[[Ask, Answer, float], None]


class AsyncClient:
    """As `Client`, for use with asyncio; several calls may be under way at once.

    Tiles are given as paths, as the bytes of a PNG or as `Payload(name, bytes)`; the stem of
    the name is the id in the answer. Every method raises ServiceUnreachable, Overloaded,
    ServiceRefused or UnexpectedAnswer when there is no answer to give, and what writes decisions
    OutcomeUnknown when it may be done though the answer was lost.
    """

    def __init__(
        self,
        url: str = URL,
        *,
        api_key: str | None = None,
        reviewer: str | None = None,
        retry: Retry | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: address of the service.
            api_key: where the service asks for one; TILESCREEN_API_KEY by default.
            reviewer: in whose name decisions are made.
            retry: when to ask again; the default waits a minute or so in all.
            timeout_s: longest silence of the service, each time.
            transport: takes the network's place in tests.
        """
        self.terms = terms_for(url, retry)
        self._http = httpx.AsyncClient(
            base_url=self.terms.url,
            headers={**key_headers(api_key), **reviewer_headers(reviewer)},
            timeout=timeout_s,
            transport=transport,
            trust_env=not is_local(httpx.URL(url)),
            verify=certificates(httpx.URL(url)),
        )

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, plan: Plan[T], watch: Watch | None = None) -> T:
        """Carry out a plan; `watch` is told of each request, its answer and the seconds between."""
        answer: Answer = None
        try:
            while True:
                step = plan.send(answer)
                start = time.perf_counter()
                answer = await self._do(step)
                if watch is not None and isinstance(step, Ask):
                    watch(step, answer, time.perf_counter() - start)
        except StopIteration as end:
            result: T = end.value
        return result

    async def _do(self, step: Ask | Wait) -> Answer:
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            return None
        try:
            request = self._http.build_request(
                step.method,
                step.path,
                params=step.params or None,
                files=step.files or None,
                json=step.json,
                content=step.content,
                headers={"Accept": step.accept, **step.headers},
            )
            response = await self._http.send(request, stream=step.stream)
            if not response.is_success:
                await response.aread()
        except httpx.RequestError as error:
            return error
        return response

    async def _many(
        self, question: Question[S], tiles: Iterable[TileLike], k: int | None = None
    ) -> AsyncIterator[S | FailedTile]:
        limits, bundle = self.terms.limits, ""
        payloads = (load(tile, limits) for tile in tiles)
        for chunk in chunked(payloads, Payload.weight, limits):
            batch = await self.run(submit(question.command, chunk, self.terms, k))
            bundle = same_bundle(bundle, batch.bundle)
            for answer in typed(question, chunk, batch):
                yield answer

    async def _streamed(
        self, question: Question[S], tiles: Iterable[TileLike], k: int | None
    ) -> AsyncIterator[S | FailedTile]:
        limits, bundle = self.terms.limits, ""
        payloads = (load(tile, limits) for tile in tiles)
        for chunk in chunked(payloads, Payload.weight, limits):
            answer = await self.run(opened(question, chunk, self.terms, k))
            if isinstance(answer, Batch):
                bundle = same_bundle(bundle, answer.bundle)
                for each in typed(question, chunk, answer):
                    yield each
                continue
            lines = Lines(question, chunk, self.terms)
            async with aclosing(answer):
                try:
                    async for line in answer.aiter_lines():
                        for each in lines.feed(line):
                            yield each
                        bundle = same_bundle(bundle, lines.bundle)
                except httpx.RequestError as error:
                    raise lines.cut() from error
                for left in lines.end():
                    yield left

    async def _pages(self, page: Callable[[str | None], Plan[Page[T]]]) -> AsyncIterator[T]:
        cursor: str | None = None
        while True:
            found, cursor = await self.run(page(cursor))
            for each in found:
                yield each
            if cursor is None:
                return

    async def encode(self, tile: TileLike) -> Encoded:
        """Encode one tile; raises TileRefused if it cannot be used."""
        return await self.run(of_tile(ENCODE, tile, self.terms))

    def encode_many(self, tiles: Iterable[TileLike]) -> AsyncIterator[Encoded | FailedTile]:
        """Encode tiles, many a request; yields one answer a tile, in order."""
        return self._many(ENCODE, tiles)

    async def vectors(self, tiles: Iterable[TileLike]) -> Vectors:
        """Encode tiles, many a request, into one NumPy array; a failed tile is a row of NaN."""
        limits = self.terms.limits
        payloads = (load(tile, limits) for tile in tiles)
        parts = [
            (chunk, await self.run(submit("encode", chunk, self.terms, form=NPY)))
            for chunk in chunked(payloads, Payload.weight, limits)
        ]
        return joined(parts)

    async def neighbors(
        self,
        tile: TileLike,
        k: int = 5,
        *,
        positive: Sequence[str] = (),
        negative: Sequence[str] = (),
        exact: bool = False,
    ) -> Neighbors:
        """Search the k nearest stored tiles; raises TileRefused if the tile cannot be used."""
        more = searching(positive, negative, exact=exact)
        return await self.run(of_tile(NEIGHBORS, tile, self.terms, k, more))

    def neighbors_many(
        self, tiles: Iterable[TileLike], k: int = 5
    ) -> AsyncIterator[Neighbors | FailedTile]:
        """Search neighbours of tiles, many a request; yields one answer a tile, in order."""
        return self._many(NEIGHBORS, tiles, k)

    async def cluster(self, tile: TileLike) -> ClusterOf:
        """Find the cluster of one tile; raises TileRefused if it cannot be used."""
        return await self.run(of_tile(CLUSTER, tile, self.terms))

    def cluster_many(self, tiles: Iterable[TileLike]) -> AsyncIterator[ClusterOf | FailedTile]:
        """Find the clusters of tiles, many a request; yields one answer a tile, in order."""
        return self._many(CLUSTER, tiles)

    async def screen(self, tile: TileLike, k: int = 5) -> Screening:
        """Screen one tile, with up to k tiles of evidence a reason; raises TileRefused."""
        return await self.run(of_tile(SCREEN, tile, self.terms, k))

    def screen_many(
        self, tiles: Iterable[TileLike], k: int = 5
    ) -> AsyncIterator[Screening | FailedTile]:
        """Screen tiles, many a request; yields one answer a tile, in order."""
        return self._many(SCREEN, tiles, k)

    def screen_stream(
        self, tiles: Iterable[TileLike], k: int = 5
    ) -> AsyncIterator[Screening | FailedTile]:
        """Screen tiles, many a request; yields each answer as soon as the service knows it.

        Raises:
            ServiceUnreachable: also when an answer breaks off; it says how many tiles are missing.
        """
        return self._streamed(SCREEN, tiles, k)

    async def latent_of(self, tile_id: str) -> Encoded:
        """Return a stored tile's latent; raises NotFound."""
        return await self.run(of_stored(ENCODE, tile_id, self.terms))

    async def neighbors_of(
        self,
        tile_id: str,
        k: int = 5,
        *,
        positive: Sequence[str] = (),
        negative: Sequence[str] = (),
    ) -> Neighbors:
        """Return the k nearest other stored tiles of a stored tile; raises NotFound.

        Examples are as in `neighbors`.
        """
        more = searching(positive, negative)
        return await self.run(of_stored(NEIGHBORS, tile_id, self.terms, k, more))

    async def cluster_of(self, tile_id: str) -> ClusterOf:
        """Return a stored tile's cluster; raises NotFound."""
        return await self.run(of_stored(CLUSTER, tile_id, self.terms))

    async def screening_of(self, tile_id: str, k: int = 5) -> Screening:
        """Return the verdict on a stored tile, as it was when fitted; raises NotFound."""
        return await self.run(of_stored(SCREEN, tile_id, self.terms, k))

    async def clusters(self) -> list[Cluster]:
        """Return every cluster, and last the stray tiles as label -1."""
        return await self.run(questions.clusters(self.terms))

    def tiles(self, cluster: int | None = None) -> AsyncIterator[StoredTile]:
        """Yield the stored tiles by id, all or those of a cluster, fetching pages as needed."""
        return self._pages(lambda cursor: questions.tile_page(self.terms, cursor, cluster))

    def screened(
        self,
        *,
        verdict: Verdict | Sequence[Verdict] = (),
        reason: str | Sequence[str] = (),
        scan: str | None = None,
        min_score: float = 0.0,
        sort: Sort = "-score",
    ) -> AsyncIterator[ScreenedTile]:
        """Yield the stored tiles with their verdicts, fetching pages as needed.

        Args:
            verdict: tiles with this one, or one of these, only.
            reason: tiles with this one, or one of these, only; a code such as LETTERING.
            scan: tiles of the scan of this name only.
            min_score: tiles with at least this lettering score only.
            sort: by lettering score, highest or lowest first, or by id.
        """
        wanted = Wanted(verdict=verdict, reason=reason, scan=scan, min_score=min_score, sort=sort)
        return self._pages(lambda cursor: questions.screened_page(self.terms, cursor, wanted))

    async def image(self, tile_id: str) -> bytes:
        """Return a stored tile's picture, the encoder's input, as PNG; raises NotFound."""
        return await self.run(questions.picture("image", tile_id, self.terms))

    async def reconstruction(self, tile_id: str) -> bytes:
        """Return what the decoder makes of a stored tile, as PNG; raises NotFound."""
        return await self.run(questions.picture("reconstruction", tile_id, self.terms))

    async def bundle(self) -> BundleInfo:
        """Return what the service answers from; a first contact that fails fast."""
        return await self.run(questions.bundle(self.terms))

    async def decide(
        self,
        tile_id: str,
        decision: Decision,
        *,
        reason: str | None = None,
        comment: str | None = None,
        if_match: str | None = None,
    ) -> TileDecisions:
        """Decide about a stored tile; raises NotFound.

        With `if_match`, the tag of `decision_of`, it is ServiceRefused with status 412 where
        somebody decided meanwhile.
        """
        new = NewDecision(tile_id, decision, reason, comment)
        return await self.run(decisions.decide(self.terms, new, if_match=if_match))

    async def withdraw(self, tile_id: str) -> TileDecisions:
        """Take one's own decision about a stored tile back."""
        return await self.run(decisions.withdraw(self.terms, tile_id))

    async def decision_of(self, tile_id: str, *, history: bool = False) -> TileDecisions:
        """Return how the decisions about a stored tile stand; raises NotFound."""
        return await self.run(decisions.decision_of(self.terms, tile_id, history=history))

    async def decide_many(self, new: Iterable[NewDecision]) -> BatchDecided:
        """Decide about many stored tiles at once; undone as one."""
        return await self.run(decisions.decide_many(self.terms, new))

    async def import_decisions(self, table: Path, *, partial: bool = False) -> Imported:
        """Decide as a CSV says: one of your own, or the list of an export; all lines or none.

        Args:
            table: with columns id and decision, and reason, comment and reviewer if it has them.
            partial: write the lines that can be used, though others cannot; without it
                ServiceRefused has what is wrong with each in `problem.errors`.
        """
        return await self.run(decisions.import_table(self.terms, table, partial=partial))

    async def undo(self) -> BatchDecided:
        """Take back one's own last batch of decisions that is not taken back yet."""
        return await self.run(decisions.undo(self.terms))

    def decisions(
        self, *, state: str | None = None, reviewer: str | None = None
    ) -> AsyncIterator[TileDecisions]:
        """Yield the tiles that are decided on, the last one first, fetching pages as needed."""
        return self._pages(
            lambda cursor: decisions.decision_page(self.terms, cursor, state, reviewer)
        )

    async def agreement(self) -> Json:
        """Return how far reviewers agree, and where they do not, as the service tells it."""
        return await self.run(decisions.agreement(self.terms))

    async def export(self, folder: Path) -> Checked:
        """Fetch what was decided, with its signed manifest, into a folder, and check it."""
        exports.check_folder(folder)
        exports.write_export(await self.run(exports.fetch_export(self.terms)), folder)
        return exports.verify(folder)

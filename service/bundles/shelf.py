"""Which bundle answers, which one did before, and how another takes its place.

A request holds the bundle that it began with until it is answered. So nothing is lost by a swap:
requests under way end on the old bundle, new ones begin on the new. The bundle before stays
loaded, to go back to at once; the one before that is closed as soon as no request holds it.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bundle import BundleError, Encoder
from bundle.encoders import runtime_of
from bundle.errors import TilescreenError
from bundle.manifest import Manifest, Precision
from bundle.reader import read_manifest
from service.errors import BundleRefused
from service.observing import metrics
from service.process import Process
from service.state import Serving, open_serving
from service.workers.memory import give_back, settle

_log = logging.getLogger("service.bundles")


class Swap(NamedTuple):
    """Ids of the bundle that answered before and of the one that answers now."""

    old: str
    new: str


class Place:
    """A bundle in memory, and how many requests hold it."""

    def __init__(self, serving: Serving, closing: AsyncExitStack) -> None:
        self.serving = serving
        self.users = 0
        self._closing = closing
        self._unused = asyncio.Event()
        self._unused.set()

    @property
    def id(self) -> str:
        """The bundle's id."""
        return self.serving.bundle.manifest.bundle_id

    @property
    def folder(self) -> Path:
        """Where the bundle is."""
        return real_folder(self.serving.bundle.path)

    @contextmanager
    def lend(self) -> Iterator[Serving]:
        """Hold the bundle for one request."""
        self.users += 1
        self._unused.clear()
        try:
            yield self.serving
        finally:
            self.users -= 1
            if not self.users:
                self._unused.set()

    def told(self, tell: Callable[[Manifest, Precision], None]) -> None:
        """Tell something of it."""
        tell(self.serving.bundle.manifest, self.serving.precision)

    async def close(self) -> None:
        """Wait until nobody holds it, then stop its threads and let go of its files."""
        await self._unused.wait()
        await self._closing.aclose()


class Shelf:
    """The bundle that answers and the one before; a context manager.

    Staging, swapping and dropping are the steps of one change: `service.workers.team` sees to it
    that there is one change at a time.
    """

    current: Place
    previous: Place | None = None

    def __init__(self, process: Process, folder: Path, encoder: Encoder | None = None) -> None:
        """Begin with the bundle in `folder`; `encoder` replaces every bundle's own, in tests."""
        self.process = process
        self._folder = folder
        self._encoder = encoder
        self._staged: Place | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Open the bundle to begin with.

        Raises:
            BundleError: it cannot be used.
        """
        self._answer_from(await self._load(real_folder(self._folder)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer what waits, then close every bundle."""
        await self.drop()
        self.current.told(metrics.answered)
        for place in filter(None, (self.current, self.previous)):
            self._retire(place)
        await asyncio.gather(*self._leaving)

    def lend(self) -> AbstractContextManager[Serving]:
        """Hold the bundle that answers now for one request."""
        return self.current.lend()

    async def stage(self, folder: Path) -> str:
        """Load a bundle and prove it, beside the one that answers; return its id.

        Raises:
            BundleRefused: it cannot be used; what answered goes on answering.
        """
        await self.drop()
        try:
            manifest = await asyncio.to_thread(read_manifest, folder)
            for place in filter(None, (self.current, self.previous)):
                # A copy in another folder has the same id and may be damaged all the same, and so
                # may the very folder be since it was read.
                same = place.id == manifest.bundle_id and place.folder == real_folder(folder)
                if same and not place.serving.seal.broken():
                    self._staged = place
                    return place.id
            self._staged = await self._load(folder)
        except TilescreenError as error:
            raise BundleRefused(f"{error} {self.current.id} serves on.") from error
        return self._staged.id

    def swap(self) -> Swap:
        """Let the staged bundle answer from now on; without one, all stays as it is."""
        old, staged = self.current, self._staged
        self._staged = None
        if staged is None or staged is old:
            return Swap(old.id, old.id)
        old.told(metrics.answered)
        self._answer_from(staged)
        if staged.id == old.id:  # a copy of it
            self._retire(old)
            return Swap(old.id, old.id)
        if self.previous is not None and self.previous is not staged:
            self._retire(self.previous)
        self.previous = old
        return Swap(old.id, staged.id)

    def _answer_from(self, place: Place) -> None:
        self.current = place
        place.told(metrics.answers)
        precision = place.serving.precision
        fields = {"bundle": place.id, "precision": precision, "runtime": runtime_of(precision)}
        _log.info("bundle answers", extra={"fields": fields})

    async def drop(self) -> None:
        """Let go of a bundle that was staged and is not wanted."""
        staged, self._staged = self._staged, None
        if staged not in (None, self.current, self.previous):
            await staged.close()

    async def _load(self, folder: Path) -> Place:
        try:
            async with AsyncExitStack() as stack:
                opening = open_serving(self.process, folder, self._encoder)
                serving = await stack.enter_async_context(opening)
                settle()
                return Place(serving, stack.pop_all())
        except TilescreenError:
            raise
        except Exception as error:  # a border: whatever is wrong with it, what answers goes on
            _log.exception("unforeseen error while the bundle %s was loaded", folder)
            raise BundleError(
                f"The bundle {folder} cannot be loaded ({type(error).__name__}; the log has more). "
                "Copy it again, or fit it anew."
            ) from error

    def _retire(self, place: Place) -> None:
        task = asyncio.create_task(place.close(), name=f"close {place.id}")
        self._leaving.add(task)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        # In a thread, once nothing holds the bundle any more, this callback included.
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: loop.run_in_executor(None, give_back))


def real_folder(path: Path) -> Path:
    """Return the folder that a path leads to now, so that a link may be moved meanwhile."""
    return Path(os.path.realpath(path)) if path.exists() else path

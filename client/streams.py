"""Answers that come line by line, each as soon as the service knows it."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import httpx

from .answers import Json, fine, unexpected
from .errors import ServiceUnreachable
from .payload import Payload
from .plans import SPLIT, Ask, Batch, Plan, Terms, ask, params, submit
from .problem import Problem
from .questions import Question, typed
from .results import FailedTile
from .shown import Shown

S = TypeVar("S", bound=Shown)
NDJSON = "application/x-ndjson"


def opened(
    question: Question[S], tiles: Sequence[Payload], terms: Terms, k: int | None
) -> Plan[httpx.Response | Batch]:
    """Send tiles; return the open response, to be read line by line and closed.

    Returns: the answer itself where the tiles had to be sent in several requests, or none.

    Raises:
        ServiceRefused: the request as a whole is refused, whatever the tiles.
    """
    sound = [tile for tile in tiles if isinstance(tile.data, bytes)]
    if sound:
        request = Ask(f"/{question.command}", params(k), sound, accept=NDJSON, stream=True)
        response = yield from ask(request, terms)
        if response.status_code not in SPLIT:
            return fine(response, terms.url)
    return (yield from submit(question.command, tiles, terms, k))


class Lines(Generic[S]):
    """Makes typed answers of the lines of one response; feed them in, then call `end`."""

    def __init__(self, question: Question[S], tiles: Sequence[Payload], terms: Terms) -> None:
        self._question = question
        self._terms = terms
        self._due = deque(tiles)
        self._told = -1
        self.bundle = ""
        """The bundle that answers, once the first line was fed."""

    def feed(self, line: str) -> Iterator[S | FailedTile]:
        """Yield the answers that a line completes: those of unreadable files come along."""
        raw = self._read(line)
        self._told += 1
        if not self._told:
            sound = sum(isinstance(tile.data, bytes) for tile in self._due)
            if raw.get("tiles") != sound or "bundle" not in raw:
                raise unexpected(self._terms.url, f"{sound} lines were due and are not announced")
            self.bundle = str(raw["bundle"])
            return
        yield from self._unreadable()
        if not self._due or raw.get("index") != self._told - 1:
            raise unexpected(self._terms.url, "the lines of the answer are out of order")
        tile = self._due.popleft()
        yield from typed(self._question, [tile], Batch(self.bundle, [{**raw, "id": tile.id}]))

    def _read(self, line: str) -> Json:
        try:
            raw = json.loads(line)
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            raise unexpected(self._terms.url, "a line of the answer is no JSON object")
        return raw

    def _unreadable(self) -> Iterator[FailedTile]:
        while self._due and isinstance(problem := self._due[0].data, Problem):
            yield FailedTile(self._due.popleft().id, problem)

    def end(self) -> Iterator[FailedTile]:
        """Yield what is left: files that could not be read.

        Raises:
            ServiceUnreachable: the stream ended too early.
        """
        yield from self._unreadable()
        if self._due:
            raise self.cut()

    def cut(self) -> ServiceUnreachable:
        """Return the error for a stream that ended too early."""
        return ServiceUnreachable(
            f"The answer from {self._terms.url} ended after {max(0, self._told)} tiles, with "
            f"{len(self._due)} to come. Ask again for those."
        )

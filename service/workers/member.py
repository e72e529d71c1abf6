"""A worker process as one of a team: it turns, answers, and does what the supervisor says.

Both speak JSON lines over a pair of sockets. When the supervisor is gone, so is the line, and
the worker drains and ends.
"""

import asyncio
import itertools
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.bundles.shelf import Shelf, Swap
from service.errors import BundleRefused, Draining
from service.workers.board import Board
from service.workers.proofs import Proofs
from service.workers.team import Strength

BEAT_S = 0.25
Message = dict[str, Any]


@dataclass(frozen=True)
class Post:
    """A worker's place: number, what all share, line to the supervisor, and first bundle."""

    slot: int
    board: Board
    proofs: Proofs
    line: socket.socket
    folder: Path


async def beat(board: Board, slot: int) -> None:
    """Show on the board that the event loop turns; until cancelled."""
    while True:
        board.beat(slot)
        await asyncio.sleep(BEAT_S)


class Member:
    """A `service.workers.team.Team` of several, seen from one of them."""

    def __init__(self, shelf: Shelf, post: Post) -> None:
        self._shelf = shelf
        self._post = post
        self._writer: asyncio.StreamWriter | None = None
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._admitted = asyncio.Event()

    @property
    def strength(self) -> Strength:
        """As `Team.strength`, from the board."""
        return Strength(self._post.board.ready, self._post.board.workers)

    async def activate(self, folder: Path) -> Swap:
        """As `Team.activate`: the supervisor tells everyone, this process too."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._say({"say": "activate", "folder": str(folder), "number": number})
            told = await answer
        finally:
            del self._asked[number]
        if told["error"]:
            raise BundleRefused(told["error"])
        return Swap(told["old"], told["new"])

    async def admitted(self) -> None:
        """Wait until this worker may answer: once its bundle is the one that counts."""
        await self._admitted.wait()

    async def listen(self) -> None:
        """Say that this worker is ready, then do what the supervisor says until it is gone."""
        reader, self._writer = await asyncio.open_connection(sock=self._post.line)
        bundle = self._shelf.current.serving.bundle
        tile = bundle.id(len(bundle) // 2)
        self._say(
            {"say": "ready", "bundle": self._shelf.current.id, "tiles": len(bundle), "tile": tile}
        )
        del bundle  # it must be free to go
        try:
            while line := await reader.readline():
                await self._obey(json.loads(line))
        finally:
            self._writer.close()
            for answer in self._asked.values():
                answer.set_exception(Draining())

    async def _obey(self, told: Message) -> None:
        if told["do"] == "stage":
            error = await self._stage(Path(told["folder"]))
            self._say({"say": "staged", "change": told["change"], "error": error})
        elif told["do"] == "swap":
            self._say({"say": "swapped", **self._shelf.swap()._asdict()})
        elif told["do"] == "serve":
            self._post.board.answers(self._post.slot)
            self._admitted.set()
        elif told["do"] == "drop":
            await self._shelf.drop()
        elif told["number"] in self._asked:  # else its client has left
            self._asked[told["number"]].set_result(told)

    async def _stage(self, folder: Path) -> str | None:
        try:
            await self._shelf.stage(folder)
        except BundleRefused as error:
            return str(error)
        return None

    def _say(self, message: Message) -> None:
        if self._writer is None or self._writer.is_closing():
            raise Draining
        self._writer.write(encoded(message))


def encoded(message: Message) -> bytes:
    """Return a message as one line."""
    return json.dumps(message).encode() + b"\n"

"""Who answers beside this process, and how all of them change to another bundle together."""

import asyncio
from pathlib import Path
from typing import NamedTuple, Protocol

from service.bundles.shelf import Shelf, Swap, real_folder


class Strength(NamedTuple):
    """How many worker processes answer, of how many there should be."""

    ready: int
    of: int


class Team(Protocol):
    """The processes that answer on one port, seen from one of them."""

    @property
    def strength(self) -> Strength:
        """How many answer now."""
        ...

    async def activate(self, folder: Path) -> Swap:
        """Let the bundle in a folder answer in every process; return once it does.

        Raises:
            BundleRefused: it cannot be used; all go on as before.
        """
        ...


class Alone:
    """A team of one."""

    strength = Strength(1, 1)

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._changing = asyncio.Lock()

    async def activate(self, folder: Path) -> Swap:
        """As `Team.activate`."""
        async with self._changing:
            await self._shelf.stage(real_folder(folder))
            return self._shelf.swap()

"""How several workers change to another bundle together: all load and prove it, then all swap.

A worker that refuses stops the change for all; one that dies meanwhile is not waited for, as
the one that replaces it begins with the bundle that counts then.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from service.workers.member import Message

LONGEST_S = 600.0
Tell = Callable[[int, Message], None]
"""Sends a message to the worker in a slot."""


@dataclass
class Change:
    """One change: to which folder, who asked for it (slot and number), who is waited for.

    folder: empty for what is followed when its turn comes. number: of the changes so far.
    """

    folder: str
    number: int
    asker: tuple[int, int] | None = None
    phase: Literal["stage", "swap"] = "stage"
    waiting: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    swap: Message = field(default_factory=dict)
    ends: float = 0.0


class Changes:
    """The change under way and those to come; `active` is the folder that counts now."""

    def __init__(
        self,
        active: str,
        followed: Callable[[], str],
        tell: Tell,
        done: Callable[[str, str], None],
        refused: Callable[[str], None],
        *,
        begun: Callable[[str], None],
    ) -> None:
        """Begin with nothing to change.

        Args:
            active: the folder that counts.
            followed: tells the folder that is followed.
            tell: see there.
            done: hears the old and the new id.
            refused: hears a sentence.
            begun: hears the folder of a change, before any worker does.
        """
        self.active = active
        self._followed = followed
        self._asked = 0
        self._tell = tell
        self._done = done
        self._refused = refused
        self._begun = begun
        self._coming: deque[Change] = deque()
        self._now: Change | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or to come."""
        return self._now is None and not self._coming

    def ask(self, folder: str, asker: tuple[int, int] | None = None) -> None:
        """Change to the bundle in a folder once those before are done."""
        self._asked += 1
        self._coming.append(Change(folder, self._asked, asker))

    def follow(self) -> None:
        """Change to what is followed by then: another change may have led it elsewhere."""
        self.ask("")

    def turn(self, ready: Iterable[int]) -> None:
        """Begin the next change with the workers that are ready; end one that takes too long."""
        if self._now is not None:
            if time.monotonic() > self._now.ends:
                self._refuse(f"A worker did not load {self._now.folder} in {LONGEST_S:g} s.")
            return
        slots = set(ready)
        if self._coming and slots:
            change = self._now = self._coming.popleft()
            change.folder = change.folder or self._followed()
            change.waiting, change.told = set(slots), slots
            change.ends = time.monotonic() + LONGEST_S
            self._begun(change.folder)
            for slot in slots:
                told = {"do": "stage", "folder": change.folder, "change": change.number}
                self._tell(slot, told)

    def staged(self, slot: int, number: int, error: str | None) -> None:
        """Hear that a worker has loaded the bundle of a change, or why not."""
        change = self._now
        if change is None or change.number != number:
            return  # of one that is over: another worker refused it before
        if change.phase == "stage" and slot in change.waiting:
            if error:
                self._refuse(error)
            else:
                self._heard(slot)

    def swapped(self, slot: int, swap: Message) -> None:
        """Hear that the bundle answers in a worker."""
        if self._now is not None and self._now.phase == "swap":
            # That of the worker which was asked is the one that its client is told.
            if not self._now.swap or (self._now.asker and self._now.asker[0] == slot):
                self._now.swap = swap
            self._heard(slot)

    def gone(self, slot: int) -> None:
        """Wait no more for a worker that has died."""
        if self._now is not None:
            self._now.told.discard(slot)
            self._heard(slot)

    def _heard(self, slot: int) -> None:
        change = self._now
        assert change is not None
        change.waiting.discard(slot)
        if change.waiting:
            return
        if change.phase == "stage" and change.told:
            change.phase, change.waiting = "swap", set(change.told)
            self.active = change.folder
            for one in change.told:
                self._tell(one, {"do": "swap"})
        elif not change.swap:
            self._refuse(f"No worker is left to load {change.folder}. Ask again.")
        else:
            self._now = None
            old, new = str(change.swap["old"]), str(change.swap["new"])
            self._answer(change, error=None, old=old, new=new)
            self._done(old, new)

    def _refuse(self, sentence: str) -> None:
        change, self._now = self._now, None
        assert change is not None
        for slot in change.told:
            self._tell(slot, {"do": "drop"})
        self._answer(change, error=sentence)
        self._refused(sentence)

    def _answer(self, change: Change, **members: object) -> None:
        if change.asker is not None:
            slot, number = change.asker
            self._tell(slot, {"do": "answer", "number": number, **members})

"""Threads that decide through the API of a service until it is killed."""

import random
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from threading import Event, Thread

import httpx

from benchmarks.kill.check import Acknowledged, note

ASKERS = 4
MOST = 8


class Asker(Thread):
    """A reviewer; `told` is what the service acknowledged, `status` an answer that was no 200."""

    def __init__(self, address: str, name: str, tiles: Sequence[str], begun: Event) -> None:
        super().__init__()
        self.reviewer = name
        self.told: list[Acknowledged] = []
        self.status = 200
        self._address, self._tiles, self._begun = address, tiles, begun
        self._chance = random.Random(name)  # noqa: S311, no secret

    def run(self) -> None:
        """Ask until nobody answers."""
        headers = {"X-Reviewer": self.reviewer}
        with (
            suppress(httpx.TransportError),
            httpx.Client(base_url=self._address, headers=headers, timeout=30) as client,
        ):
            for number in count():
                self._ask(client, number)
                self._begun.set()

    def _ask(self, client: httpx.Client, number: int) -> None:
        kind = self._chance.choice(("one", "many", "undo" if number else "one"))
        if kind == "undo":
            undone = self._sent(client.post("/decisions/undo")).get("undone")
            if undone is not None:
                self.told.append(Acknowledged("undone", str(undone)))
            return
        size = 1 if kind == "one" else self._chance.randint(2, MOST)
        tiles = self._chance.sample(self._tiles, size)
        body = {"decision": "drop", "reason": "LETTERING", "comment": note(number, size)}
        if kind == "many":
            answer = self._sent(client.post("/decisions", json={"ids": tiles, **body}))
            self.told.append(Acknowledged("batch", str(answer["batch"])))
            return
        answer = self._sent(client.put(f"/tiles/{tiles[0]}/decision", json=body))
        own = [one for one in answer["decisions"] if one["reviewer"] == self.reviewer]
        self.told.append(Acknowledged("seq", str(own[0]["seq"])))

    def _sent(self, answer: httpx.Response) -> dict[str, list[dict[str, object]]]:
        if answer.is_error:
            self.status = answer.status_code
            raise httpx.TransportError(answer.text)
        told: dict[str, list[dict[str, object]]] = answer.json()
        return told


def tiles_of(address: str) -> list[str]:
    """Return the ids of some stored tiles."""
    page = httpx.get(f"{address}/tiles", params={"limit": 100}).raise_for_status().json()
    return [tile["id"] for tile in page["tiles"]]

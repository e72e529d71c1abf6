"""Asks a service without pause and without a second try until it is told to stop.

    python tests/image/load.py URL TILES SEEN
    python tests/image/load.py --kept SEEN HISTORY...

Eight connections, kept alive, send single tiles, forms of eight and questions about stored tiles,
and decide: each about a tile of its own, with a comment that no other decision has. At SIGTERM it
writes what it saw to SEEN as JSON: requests, those that failed by method with the first few
reasons, the slowest in ms, how many answers came from each bundle, and for each tile the comments
that were acknowledged.

`--kept` compares those with answers of GET /tiles/{id}/decision?history=true in files: each comment
that was acknowledged must be there, and none twice.
"""

import json
import signal
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks.load import multipart

CONNECTIONS = 8
PAUSE_S = 0.05
"""After a failure: a service that is gone is not asked thousands of times a second."""
Question = tuple[str, str, bytes, str]


def questions(tiles: list[Path]) -> list[Question]:
    """Return method, path, body and content type of each question that decides nothing."""
    pictures = [tile.read_bytes() for tile in tiles[:8]]
    form, kind = multipart(pictures)
    single = [("POST", "/encode", picture, "image/png") for picture in pictures]
    stored = [("GET", f"/neighbors/{tile.stem}", b"", "") for tile in tiles[:8]]
    return [*single, ("POST", "/neighbors", form, kind), *stored]


def decision(tile: str, comment: str) -> Question:
    """Return the question that decides about a tile."""
    body = {"decision": "drop", "comment": comment}
    return "PUT", f"/tiles/{tile}/decision", json.dumps(body).encode(), "application/json"


class Load:
    """What all connections saw."""

    def __init__(self, url: str, tiles: list[Path]) -> None:
        self.address = urlsplit(url).netloc
        self.tiles = [tile.stem for tile in tiles[:CONNECTIONS]]
        self.asked = questions(tiles)
        self.name = uuid4().hex
        self.stop = threading.Event()
        self.bundles: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.reasons: list[str] = []
        self.acknowledged: dict[str, list[str]] = {tile: [] for tile in self.tiles}
        self.slowest_ms = 0.0

    def run(self, start: int) -> None:
        """Ask in turn until told to stop."""
        connection = HTTPConnection(self.address, timeout=60)
        tile = self.tiles[start]
        turns = self.asked[start:] + self.asked[:start]
        for turn, question in enumerate(cycle(turns)):
            if self.stop.is_set():
                break
            self._ask(connection, question)
            if turn % 4 == 0:
                comment = f"{self.name}-{turn}"
                if self._ask(connection, decision(tile, comment)):
                    self.acknowledged[tile].append(comment)

    def _ask(self, connection: HTTPConnection, question: Question) -> bool:
        """Ask one question; return whether it was answered as it should be."""
        method, path, body, kind = question
        began = time.perf_counter()
        problem = ""
        try:
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            content = json.loads(answer.read())
            if answer.status != 200 or any("error" in one for one in content.get("results", [])):
                problem = f"{answer.status} {str(content)[:200]}"
        except (OSError, HTTPException, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
            connection.close()
        self.slowest_ms = max(self.slowest_ms, 1000 * (time.perf_counter() - began))
        if problem:
            self.failed[method] += 1
            self.reasons.append(f"{method} {path}: {problem}")
            time.sleep(PAUSE_S)
        else:
            self.bundles[content["bundle"]] += 1
        return not problem

    def seen(self) -> dict[str, Any]:
        """Return all that was seen."""
        return {
            "requests": self.bundles.total() + self.failed.total(),
            "failed": self.failed,
            "reasons": self.reasons[:5],
            "slowest_ms": round(self.slowest_ms),
            "bundles": self.bundles,
            "acknowledged": self.acknowledged,
        }


def kept(seen: Path, histories: list[Path]) -> int:
    """Print how many decisions were acknowledged; return 1 if one is lost or there twice."""
    load = json.loads(seen.read_text())
    acknowledged: dict[str, list[str]] = load["acknowledged"]
    lost = twice = 0
    for file in histories:
        answer = json.loads(file.read_text())
        found = Counter(event["comment"] for event in answer["history"] if event["comment"])
        lost += len(set(acknowledged[answer["id"]]) - set(found))
        twice += sum(times > 1 for times in found.values())
    told = sum(map(len, acknowledged.values()))
    print(f"  {load['requests']} requests, {sum(load['failed'].values())} failed; ", end="")
    print(f"{told} decisions acknowledged, {lost} lost, {twice} kept twice")
    return int(lost > 0 or twice > 0 or not told)


def main(argv: list[str]) -> int:
    """Ask until SIGTERM, then write what was seen; or compare what was kept."""
    if argv[0] == "--kept":
        return kept(Path(argv[1]), [Path(name) for name in argv[2:]])
    url, tiles, seen = argv
    load = Load(url, sorted(Path(tiles).glob("*.png")))
    signal.signal(signal.SIGTERM, lambda *_: load.stop.set())
    threads = [threading.Thread(target=load.run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    load.stop.wait()
    for thread in threads:
        thread.join()
    Path(seen).write_text(json.dumps(load.seen()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

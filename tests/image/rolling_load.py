"""Asks a service without pause and without a second try until it is told to stop.

    python tests/image/rolling_load.py URL TILES ANSWERS

Eight connections, kept alive, send single tiles, forms of eight and questions about stored tiles.
At SIGTERM it writes what it saw to ANSWERS as JSON: requests, those that failed with the first
few reasons, the slowest in ms, and how many answers came from each bundle.
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
from urllib.parse import urlsplit

from benchmarks.load import multipart

CONNECTIONS = 8


def requests(tiles: list[Path]) -> list[tuple[str, str, bytes, str]]:
    """Return method, path, body and content type of each question."""
    pictures = [tile.read_bytes() for tile in tiles]
    form, kind = multipart(pictures[:8])
    single = [("POST", "/encode", picture, "image/png") for picture in pictures[:8]]
    stored = [("GET", f"/neighbors/{tile.stem}", b"", "") for tile in tiles[:8]]
    return [*single, ("POST", "/neighbors", form, kind), *stored]


class Load:
    """What all connections saw."""

    def __init__(self, url: str, asked: list[tuple[str, str, bytes, str]]) -> None:
        self.address = urlsplit(url).netloc
        self.asked = asked
        self.stop = threading.Event()
        self.bundles: Counter[str] = Counter()
        self.failures: list[str] = []
        self.slowest_ms = 0.0

    def run(self, start: int) -> None:
        """Ask in turn until told to stop."""
        connection = HTTPConnection(self.address, timeout=60)
        for method, path, body, kind in cycle(self.asked[start:] + self.asked[:start]):
            if self.stop.is_set():
                break
            began = time.perf_counter()
            try:
                connection.request(method, path, body, {"Content-Type": kind} if kind else {})
                answer = connection.getresponse()
                content = json.loads(answer.read())
                if answer.status != 200 or any("error" in one for one in content["results"]):
                    self.failures.append(f"{method} {path}: {answer.status} {str(content)[:200]}")
                else:
                    self.bundles[content["bundle"]] += 1
            except (OSError, HTTPException, ValueError, KeyError) as error:
                self.failures.append(f"{method} {path}: {type(error).__name__}: {error}")
                connection.close()
            self.slowest_ms = max(self.slowest_ms, 1000 * (time.perf_counter() - began))


def main() -> None:
    """Ask until SIGTERM, then write what was seen."""
    _, url, tiles, answers = sys.argv
    load = Load(url, requests(sorted(Path(tiles).glob("*.png"))))
    signal.signal(signal.SIGTERM, lambda *_: load.stop.set())
    threads = [threading.Thread(target=load.run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    load.stop.wait()
    for thread in threads:
        thread.join()
    seen = {
        "requests": sum(load.bundles.values()) + len(load.failures),
        "failed": len(load.failures),
        "reasons": load.failures[:5],
        "slowest_ms": round(load.slowest_ms),
        "bundles": load.bundles,
    }
    Path(answers).write_text(json.dumps(seen))


if __name__ == "__main__":
    main()

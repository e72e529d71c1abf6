"""Start and memory of the service over large bundles, with one worker and several.

    python -m benchmarks.large BUNDLE [BUNDLE ...] [--workers 1 2 4]

`benchmarks.grown` makes such bundles. Memory is the proportional set size (PSS) of all processes
together, so that what they share counts once: when the service is ready, and after it answered
1,000 questions about stored tiles, 200 about new ones and one exact search on each of eight
connections; then once more after each has screened five new tiles. Seconds go from
starting the process to the first 200 of /readyz; what the processor worked for that stands beside
them, since a busy machine makes the first longer and not the second.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from benchmarks import record
from benchmarks.scale import tree, tree_memory_mib
from benchmarks.server import Served, served
from bundle import Bundle, open_bundle

_STORED, _NEW, _SCREENED = 1000, 200, 40
_CONNECTIONS = 8
_PNG = {"Content-Type": "image/png"}


def processor_s(pid: int) -> float:
    """Return the processor seconds of a process and of all below it."""
    ticks = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:13]))
    return round(ticks / os.sysconf("SC_CLK_TCK"), 2)


def clients(service: Served) -> Iterator[httpx.Client]:
    """Give connections one after another, which different workers take."""
    for _ in range(_CONNECTIONS):
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
            yield client


def ask(service: Served, bundle: Bundle, tile: bytes) -> None:
    """Ask what reads much of a bundle."""
    ids = [bundle.id(row) for row in range(0, len(bundle), max(1, len(bundle) // _STORED))]
    for number, client in enumerate(clients(service)):
        for one in ids[number::_CONNECTIONS]:
            client.get(f"/neighbors/{quote(one, safe='')}").raise_for_status()
        for _ in range(_NEW // _CONNECTIONS):
            client.post("/neighbors", content=tile, headers=_PNG).raise_for_status()
        client.post("/neighbors?exact=true", content=tile, headers=_PNG).raise_for_status()


def screen(service: Served, tile: bytes) -> None:
    """Ask for verdicts with their evidence, for which the points of a reason's tiles are read."""
    for client in clients(service):
        for _ in range(_SCREENED // _CONNECTIONS):
            client.post("/screen", content=tile, headers=_PNG).raise_for_status()


def measure(path: Path, tile: bytes, workers: int, starts: int) -> dict[str, Any]:
    """Start the service some times over a bundle; return seconds and MiB."""
    options = ["--log-level", "error", "--workers", str(workers)]
    ready, worked = [], []
    bundle = open_bundle(path)
    for number in range(starts):
        with served(path, *options) as service:
            ready.append(service.ready_s)
            worked.append(processor_s(service.pid))
            at_ready = tree_memory_mib(service.pid)[1]
            if number == starts - 1:
                ask(service, bundle, tile)
                after = tree_memory_mib(service.pid)[1]
                screen(service, tile)
                screened = tree_memory_mib(service.pid)[1]
    return {
        "workers": workers,
        "ready_s": ready,
        "processor_s_to_ready": worked,
        "pss_mib_at_ready": round(at_ready, 1),
        "pss_mib_after_load": round(after, 1),
        "pss_mib_after_screening": round(screened, 1),
    }


def main() -> None:
    """Measure each bundle with each number of workers; write results/large.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+", metavar="BUNDLE")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--starts", type=int, default=3, help="of each (3)")
    parser.add_argument("--tile", type=Path, required=True, help="a PNG to ask about")
    args = parser.parse_args()
    tile = args.tile.read_bytes()
    figures: dict[str, Any] = {}
    for path in args.bundles:
        tiles = open_bundle(path).manifest.source.tiles
        figures[f"{tiles} tiles"] = [
            measure(path, tile, count, args.starts) for count in args.workers
        ]
        print(tiles, figures[f"{tiles} tiles"], flush=True)
    record.record("large", record.invoked("large"), figures)


if __name__ == "__main__":
    main()

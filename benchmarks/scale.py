"""62,000 tiles of 299 x 299: memory of fit, then start-up, memory and speed of the service.

    python -m benchmarks.scale WORK [--tiles 62000] [--width 4]

Generates the tiles (about 3 GB in WORK), fits one epoch of a narrow default network as
a process of its own whose whole tree is watched, then serves the bundle.
"""

import argparse
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import load, record
from benchmarks.generate import write_tiles
from benchmarks.server import ROOT, served
from bundle import open_bundle

_POLL_S = 0.2


def tree_memory_mib(pid: int) -> tuple[float, float]:
    """Return (resident, proportional) memory in MiB of a process and all below it."""
    resident = proportional = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        kib = {key: int(value.split()[0]) for key, value in (line.split(":") for line in lines)}
        resident += kib.get("Rss", 0)
        proportional += kib.get("Pss", 0)
    return resident / 1024, proportional / 1024


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def watched(command: list[str]) -> dict[str, float]:
    """Run a command; return its seconds and the peaks of its process tree's memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    peaks = [0.0, 0.0]

    def watch() -> None:
        while process.poll() is None:
            peaks[:] = map(max, peaks, tree_memory_mib(process.pid))
            time.sleep(_POLL_S)

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    watcher.join()
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 1),
        "peak_resident_mib": round(peaks[0], 1),
        "peak_proportional_mib": round(peaks[1], 1),
    }


def serve(path: Path) -> dict[str, Any]:
    """Measure start-up, memory and stored neighbours, the service on one core."""
    bundle = open_bundle(path)
    ids = [bundle.id(row) for row in range(0, len(bundle), max(1, len(bundle) // 2000))]
    requests = [load.request_bytes("GET", f"/neighbors/{name}") for name in ids]
    picture = load.request_bytes("POST", "/neighbors", bundle.picture(0))
    figures: dict[str, Any] = {"ready_s": []}
    for _ in range(3):
        with served(path, "--log-level", "warning") as service:
            figures["ready_s"].append(service.ready_s)
            figures["memory_at_ready_mib"] = service.memory_mib()
    with served(path, "--log-level", "warning", cores=[0]) as service:
        for connections in (1, 16):
            seen = load.run(service.port, requests, connections=connections, seconds=8)
            figures[f"stored_neighbors_x{connections}"] = asdict(seen) | {
                "per_s": round(seen.per_second, 1)
            }
        seen = load.run(service.port, [picture], connections=1, seconds=8)
        figures["uploaded_neighbors_x1"] = asdict(seen) | {"per_s": round(seen.per_second, 1)}
        figures["memory_after_load_mib"] = service.memory_mib()
    return figures


def main() -> None:
    """Run it all and write results/scale.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--tiles", type=int, default=62_000)
    parser.add_argument("--width", type=int, default=4, help="filters of the narrow network")
    args = parser.parse_args()
    tiles, path = args.work / f"tiles-{args.tiles}", args.work / f"bundle-{args.tiles}"
    if not (tiles / "tiles.csv").exists():
        write_tiles(tiles, args.tiles)
    fit = [sys.executable, "-m", "training", "fit", str(tiles), "--out", str(path)]
    fitted = watched([*fit, "--epochs", "1", "--width", str(args.width)])
    manifest = open_bundle(path).manifest
    figures = {
        "tiles": args.tiles,
        "fit": fitted | {"steps": [step.model_dump() for step in manifest.steps]},
        "bundle_mib": round(sum(entry.size for entry in manifest.files.values()) / 2**20, 1),
        "service": serve(path),
    }
    record.record("scale", f"python -m benchmarks.scale WORK --tiles {args.tiles}", figures)


if __name__ == "__main__":
    main()

"""Exports and lists at 62,000 tiles, 20,000 of them decided: seconds, bytes, memory.

Beside the clock stands what the service took of the processor: on a shared machine the clock tells
more of the others.

    python -m benchmarks.exports BUNDLE [--tiles 62000] [--decided 20000]

The bundle is grown to as many tiles (`benchmarks.grown`). Two reviewers decide over the API, and
meet on a tenth of the tiles; then each file is asked for several times, the export is checked as
`client verify` does, and the lists that people work through are asked for.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import numpy as np

from benchmarks import record
from benchmarks.grown import grow
from benchmarks.server import Served, served
from bundle import open_bundle
from client.api import Client
from client.exports import verify

_FILES = ("/exports/tiles.csv", "/exports/boxes.json", "/exports/manifest.json", "/exports")
_LISTS = (
    "/review/budget?budget=300",
    "/review/tiles?limit=120",
    "/review/tiles?limit=120&offset=30000",
    "/review/tiles?limit=120&state=undecided&sort=uncertainty",
    "/review/progress",
)
_MEETING = 0.1
_A_BATCH = 500
_TIMES, _ASKED = 3, 20


def decisions(ids: list[str], count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield who decides, and the body: so many tiles in all, a tenth of them by both."""
    rng = np.random.default_rng(1)
    chosen = [ids[row] for row in rng.permutation(len(ids))[:count]]
    own = {"ann": chosen[: count * 7 // 10], "ben": chosen[count * 7 // 10 - count // 10 :]}
    for reviewer, tiles in own.items():
        for start in range(0, len(tiles), _A_BATCH):
            number = start // _A_BATCH + (reviewer == "ben")  # so that they differ where they meet
            decision = ("keep", "drop", "keep", "review")[number % 4]
            batch = {"ids": tiles[start : start + _A_BATCH], "decision": decision}
            yield reviewer, {**batch, "reason": "LETTERING", "comment": "seen at the screen"}


def decide(base: str, ids: list[str], count: int) -> dict[str, Any]:
    """Write the decisions; return how many and how long that took."""
    written, start = 0, time.perf_counter()
    for reviewer, body in decisions(ids, count):
        headers = {"Content-Type": "application/json", "X-Reviewer": reviewer}
        ask(f"{base}/decisions", json.dumps(body).encode(), headers)
        written += len(body["ids"])
    return {"events": written, "seconds": round(time.perf_counter() - start, 2)}


def ask(url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """Ask our own service; return the body of a good answer."""
    with urlopen(Request(url, data, headers or {})) as answer:  # noqa: S310, our own service
        body: bytes = answer.read()
    return body


@dataclass(frozen=True)
class Clocked:
    """Of a work that was done several times: the last result, and seconds in ascending order.

    cpu_s: of the processor, in all processes that do it, a time.
    """

    result: Any
    seconds: list[float]
    cpu_s: float


def clocked(work: Callable[[], object], times: int, cpu: Callable[[], float]) -> Clocked:
    """Do something so many times, and once more before; `cpu` reads the processor's clock."""
    result, seconds = work(), []
    before = cpu()
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return Clocked(result, sorted(seconds), (cpu() - before) / times)


def cpu_of(pid: int) -> float:
    """Return the seconds of the processor that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def exported(service: Served, base: str) -> dict[str, Any]:
    """Ask for each file; return seconds, bytes, and the most memory the service had meanwhile."""
    figures: dict[str, Any] = {}
    for path in _FILES:
        Path(f"/proc/{service.pid}/clear_refs").write_text("5")  # the peak is counted from here
        before = service.memory_mib()["resident"]
        made = clocked(partial(ask, base + path), _TIMES, partial(cpu_of, service.pid))
        figures[f"GET {path}"] = {
            "seconds_p50": round(median(made.seconds), 2),
            "seconds_max": round(made.seconds[-1], 2),
            "cpu_seconds": round(made.cpu_s, 2),
            "bytes": len(made.result),
            "resident_mib_before": before,
            "resident_mib_peak": _peak_mib(service.pid),
        }
    return figures


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return round(kib / 1024, 1)


def checked(base: str, folder: Path, bundle: Path) -> dict[str, Any]:
    """Fetch an export with the client and check it offline, all hashes and the signature.

    Raises:
        RuntimeError: something in it is not as it was signed.
    """
    start = time.perf_counter()
    with Client(base) as client:
        client.export(folder)
    fetched = time.perf_counter() - start
    checks = clocked(partial(verify, folder, bundle=bundle), _TIMES, time.process_time)
    found = checks.result
    if found.wrong or not found.signed_by:
        raise RuntimeError(f"the export is not whole: {found.wrong}")
    return {
        "client_export_seconds": round(fetched, 2),
        "client_verify_seconds_p50": round(median(checks.seconds), 3),
        "client_verify_cpu_seconds": round(checks.cpu_s, 3),
        "counts": dict(found.manifest["counts"]),
    }


def listed(service: Served, base: str) -> dict[str, Any]:
    """Ask for the lists that people work through; return milliseconds."""
    figures = {}
    for path in _LISTS:
        told = clocked(partial(ask, base + path), _ASKED, partial(cpu_of, service.pid))
        figures[f"GET {path}"] = {
            "ms_p50": round(1e3 * median(told.seconds), 1),
            "ms_max": round(1e3 * told.seconds[-1], 1),
            "cpu_ms": round(1e3 * told.cpu_s, 1),
            "bytes": len(told.result),
        }
    return figures


def main() -> None:
    """Measure and write results/exports.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--tiles", type=int, default=62_000)
    parser.add_argument("--decided", type=int, default=20_000, metavar="TILES")
    parser.add_argument("--grown", type=Path, help="keep the grown bundle here, or use it again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        path = args.grown or Path(work) / "bundle"
        if not path.exists():
            grow(open_bundle(args.bundle), path, args.tiles, pictures=True)
        bundle = open_bundle(path)
        ids = [bundle.id(row) for row in range(len(bundle))]
        with served(path, "--log-level", "warning", "--decisions", f"{work}/kept") as service:
            base = f"http://127.0.0.1:{service.port}"
            figures = {
                "tiles": len(ids),
                "decided": decide(base, ids, args.decided),
                "exports": exported(service, base),
                "client": checked(base, Path(work) / "export", path),
                "lists": listed(service, base),
            }
    command = f"python -m benchmarks.exports BUNDLE --tiles {args.tiles} --decided {args.decided}"
    record.record("exports", command, figures)


if __name__ == "__main__":
    main()

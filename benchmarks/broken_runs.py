"""`python -m benchmarks.broken_runs BUNDLE`: a large batch while service and client are killed.

One run without faults, for its rate; then one of the same tiles in which the service is killed with
kill -9 and started again at a quarter and three quarters, and the client at the half, which goes on
with --resume. Counts what is lost, what is doubled, and what differs from the undisturbed run.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.generate import write_tiles
from benchmarks.record import record
from benchmarks.server import ROOT

_PORT = 8571
_URL = f"http://127.0.0.1:{_PORT}"
_DEADLINE_S = 540.0
_SIDE = 128


@contextmanager
def _service(bundle: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port", str(_PORT)]
    null = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=null, stderr=null) as process:
        try:
            _wait(_is_ready)
            yield process
        finally:
            process.kill()


def _is_ready() -> bool:
    try:
        return httpx.get(f"{_URL}/readyz").is_success
    except httpx.TransportError:
        return False


def _wait(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _DEADLINE_S
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"nothing happened within {_DEADLINE_S:.0f} s")
        time.sleep(0.02)


class _Batch:
    """One batch: its command, and what its ledger holds."""

    def __init__(self, tiles: Path, out: Path) -> None:
        self.out = out
        self.ledger = out.with_name(out.name + ".ledger")
        batch = [sys.executable, "-m", "client", "screen", str(tiles), "--url", _URL, "--quiet"]
        kept = ["--out", str(out), "--ledger", str(self.ledger), "--resume"]
        self.command = [*batch, *kept]

    def start(self) -> subprocess.Popen[bytes]:
        """Start the client."""
        return subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def answered(self) -> list[str]:
        """Return the hashes in the ledger, in the order of their answers."""
        if not self.ledger.exists():
            return []
        lines = self.ledger.read_bytes().split(b"\n")[1:-1]
        return [entry["sha256"] for line in lines if "sha256" in (entry := json.loads(line))]

    def wait_for(self, tiles: int) -> None:
        """Wait until so many are answered."""
        _wait(lambda: self.ledger.exists() and self.ledger.read_bytes().count(b"\n") > tiles)


def _disturbed(batch: _Batch, bundle: Path, count: int) -> list[dict[str, Any]]:
    """Kill the service, the client and the service; return what was answered when each died."""
    faults: list[dict[str, Any]] = []

    def killed(what: subprocess.Popen[bytes], name: str, share: float) -> None:
        batch.wait_for(int(share * count))
        what.kill()
        what.wait()
        faults.append({"killed": name, "answered": len(batch.answered())})

    with _service(bundle) as service:
        client = batch.start()
        killed(service, "service", 0.25)
    with _service(bundle) as service:
        killed(client, "client", 0.5)
        client = batch.start()
        killed(service, "service", 0.75)
    with _service(bundle):
        status = client.wait(_DEADLINE_S)
    faults.append({"exit_status": status, "answered": len(batch.answered())})
    return faults


def main() -> int:
    """Run both and write results/broken-runs.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--tiles", type=int, default=10_000, metavar="N")
    arguments = parser.parse_args()
    with TemporaryDirectory() as work:
        tiles = Path(work, "tiles")
        write_tiles(tiles, arguments.tiles, side=_SIDE)
        plain, broken = (_Batch(tiles, Path(work, f"{name}.csv")) for name in ("plain", "broken"))
        with _service(arguments.bundle):
            start = time.perf_counter()
            status = plain.start().wait(_DEADLINE_S)
            seconds = time.perf_counter() - start
        start = time.perf_counter()
        faults = _disturbed(broken, arguments.bundle, arguments.tiles)
        broken_s = time.perf_counter() - start
        times = Counter(broken.answered())
        rows = [batch.out.read_text().splitlines() for batch in (plain, broken)]
        figures = {
            "tiles": arguments.tiles,
            "different_tiles": len(set(plain.answered())),
            "undisturbed": {
                "exit_status": status,
                "seconds": round(seconds, 1),
                "tiles_per_s": round(arguments.tiles / seconds, 1),
            },
            "disturbed": {
                "seconds": round(broken_s, 1),
                "faults": faults,
                "tiles_answered": len(times),
                "tiles_answered_twice": sum(count > 1 for count in times.values()),
                "tiles_lost": len(set(plain.answered()) - set(times)),
                "rows": len(rows[1]) - 1,
                "rows_unlike_the_undisturbed": sum(
                    one != other for one, other in zip(*rows, strict=True)
                ),
            },
        }
    record("broken-runs", "python -m benchmarks.broken_runs BUNDLE", figures)
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

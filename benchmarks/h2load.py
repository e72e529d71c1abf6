"""h2load, a load generator in C (Debian: nghttp2-client), for answers within a millisecond.

k6 runs a script for every request and pauses to collect its garbage: where thousands of requests
a second are answered, its own tail is longer than the service's. Only closed loops: so many
connections, each asks anew as soon as it is answered.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.environments import PeerMissing
from benchmarks.server import pinned

MISSING = "h2load is not installed (Debian: nghttp2-client)."


@dataclass(frozen=True)
class Seen:
    """Answers of one status: how many a second, and their latencies in milliseconds."""

    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def has_h2load() -> bool:
    """Tell whether h2load is installed."""
    return shutil.which("h2load") is not None


def hammer(
    urls: Sequence[str],
    *,
    connections: int,
    seconds: int,
    png: bytes = b"",
    cores: Sequence[int] = (),
) -> dict[int, Seen]:
    """Ask for the addresses in turn, POST with a picture; return what came by status.

    The generator keeps to `cores`, where some are given.

    Raises:
        PeerMissing: h2load is not installed, or could not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed, log, body = (Path(folder) / name for name in ("urls", "log", "body"))
        listed.write_text("\n".join(urls))
        body.write_bytes(png)
        sent = ["--data", str(body), "--header", "content-type: image/png"] if png else []
        loop = ["--h1", "--threads", "1", "--clients", str(connections), "--duration", str(seconds)]
        try:
            ended = subprocess.run(
                [
                    *pinned(cores),
                    "h2load",
                    *loop,
                    *sent,
                    "--input-file",
                    str(listed),
                    "--log-file",
                    str(log),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise PeerMissing(MISSING) from error
        if ended.returncode or not log.exists():
            raise PeerMissing(f"h2load ended with {ended.returncode}: {ended.stderr[-300:]}")
        lines = [line.split() for line in log.read_text().splitlines()]
    table = np.array([[int(status), int(took)] for _, status, took, *_ in lines]).reshape(-1, 2)
    statuses = np.unique(table[:, 0])
    return {int(one): _seen(table[table[:, 0] == one, 1], seconds) for one in statuses}


def _seen(microseconds: np.ndarray, seconds: int) -> Seen:
    quantiles = np.percentile(microseconds, [50, 95, 99, 100]) / 1000
    p50, p95, p99, most = (round(float(one), 2) for one in quantiles)
    return Seen(round(len(microseconds) / seconds, 1), p50, p95, p99, most)

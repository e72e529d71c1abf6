"""What the runtime gives without HTTP, in a process of its own.

    python -m benchmarks.serving.bare BUNDLE SECONDS

Prints, as JSON, tiles/s of the service's own encoder over decoded tiles, in batches of 64 and
with the threads the service gives it; and with decoding, on as many threads, before each batch.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import pngs
from benchmarks.record import machine
from benchmarks.server import ROOT
from bundle import Bundle, Encoder, choose_precision, load_tile, open_bundle, open_encoder
from service.settings import Settings

BATCH = 64


def service_encoder(bundle: Bundle, threads: int) -> Encoder:
    """Return the encoder that the service would load with the environment's settings."""
    wanted = Settings(bundle=bundle.path).precision
    return open_encoder(bundle, threads=threads, precision=choose_precision(bundle, wanted))


def measure(path: Path, seconds: float) -> dict[str, float]:
    """Return tiles/s of the encoder, with and without decoding, and ms of a single tile."""
    threads = machine()["cores"]
    bundle = open_bundle(path)
    encoder = service_encoder(bundle, threads)
    side = bundle.manifest.preprocessing.side
    pictures = list(pngs(BATCH))
    tiles = np.stack([load_tile(picture, side) for picture in pictures])
    with ThreadPoolExecutor(threads) as pool:

        def decode_and_encode() -> None:
            decoded = pool.map(lambda picture: load_tile(picture, side), pictures)
            encoder.examine(np.stack(list(decoded)))

        return {
            "encoder_tiles_per_s": round(BATCH * _rate(lambda: encoder.examine(tiles), seconds), 1),
            "decode_and_encoder_tiles_per_s": round(BATCH * _rate(decode_and_encode, seconds), 1),
            "single_ms": round(1000 / _rate(lambda: encoder.examine(tiles[:1]), seconds / 2), 3),
        }


def _rate(work: Callable[[], object], seconds: float) -> float:
    work()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - start)


def bare(path: Path, seconds: float) -> dict[str, Any]:
    """Return what `measure` finds in a new process."""
    command = [sys.executable, "-m", "benchmarks.serving.bare", str(path), str(seconds)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    found: dict[str, Any] = json.loads(said)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), float(sys.argv[2]))))

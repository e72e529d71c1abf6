"""The encoder in each runtime and precision, beside the float one in ONNX Runtime, in one run.

    python -m benchmarks.runtimes STUDY_BUNDLE DEFAULT_BUNDLE [--rounds 8]

What is measured is the processor's time a tile, the best of some rounds that take turns, so that
other work on the machine counts little; the result file holds it as a ratio as well. Also: what
decoding a PNG takes, and what the encoders of less precision change by the bundle's manifest.
"""

import argparse
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks import record
from benchmarks.generate import pngs
from bundle import Bundle, OnnxEncoder, load_tile, open_bundle
from bundle.arrays import Tiles
from bundle.openvino_encoder import OpenVinoEncoder, is_installed
from bundle.runtime import precisions

BATCHES = (1, 16)
"""Longer runs are cut into pieces of 16 by the encoder."""
Way: TypeAlias = Callable[[Tiles], object]


def ways(bundle: Bundle, threads: int) -> dict[str, Way]:
    """Return every way to encode with the bundle, by name; float in ONNX Runtime first."""
    found: dict[str, Way] = {}
    for precision in precisions(bundle):
        if precision == "bf16":  # ONNX Runtime would take float for it
            continue
        encoder = OnnxEncoder(bundle.path, threads=threads, precision=precision)
        found[f"onnxruntime {precision}"] = encoder.encode
    if is_installed():
        for precision in precisions(bundle):
            encoder = OpenVinoEncoder(bundle.path, threads=threads, precision=precision)
            found[f"openvino {precision}"] = encoder.encode
    return found


def compare(runs: dict[str, Way], tiles: Tiles, rounds: int) -> dict[str, dict[str, float]]:
    """Return of each way processor milliseconds a tile, and how many times the first's speed."""
    for run in runs.values():
        run(tiles)
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            count = max(1, 16 // len(tiles))
            start = time.process_time()
            for _ in range(count):
                run(tiles)
            spent = (time.process_time() - start) / (count * len(tiles))
            best[name] = min(best[name], spent)
    first = next(iter(best.values()))
    return {
        name: {"cpu_ms_a_tile": round(spent * 1e3, 3), "times_as_fast": round(first / spent, 2)}
        for name, spent in best.items()
    }


def decoding(pictures: list[bytes], side: int, rounds: int) -> float:
    """Return processor milliseconds to turn a PNG of 299 x 299 into encoder input."""
    best = np.inf
    for _ in range(rounds):
        start = time.process_time()
        for picture in pictures:
            load_tile(picture, side)
        best = min(best, (time.process_time() - start) / len(pictures))
    return round(best * 1e3, 3)


def measure(bundle: Bundle, rounds: int) -> dict[str, Any]:
    """Measure one bundle on its own stored pictures."""
    side = bundle.manifest.preprocessing.side
    rows = np.linspace(0, len(bundle) - 1, max(BATCHES)).astype(int)
    tiles = np.stack([load_tile(bundle.picture(row), side) for row in rows])
    rounded = bundle.manifest.rounded
    return {
        "decode_cpu_ms_a_tile": decoding(list(pngs(32)), side, rounds),
        **{one: made.model_dump() | {"harmless": made.harmless} for one, made in rounded.items()},
        "encode": {
            f"{threads} threads, {batch} tiles": compare(
                ways(bundle, threads), tiles[:batch], rounds
            )
            for threads, batch in product((1, 2), BATCHES)
        },
    }


def main() -> None:
    """Measure every bundle given, in one run, and write results/runtimes.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtimes", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--rounds", type=int, default=8, help="rounds to take the best of")
    args = parser.parse_args()
    figures: dict[str, Any] = {}
    for path in args.bundles:
        bundle = open_bundle(path)
        key = f"{bundle.manifest.profile}, {len(bundle)} tiles"
        figures[key] = measure(bundle, args.rounds)
    record.record("runtimes", "python -m benchmarks.runtimes STUDY_BUNDLE DEFAULT_BUNDLE", figures)


if __name__ == "__main__":
    main()

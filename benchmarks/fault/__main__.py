"""Faults on purpose; `make fault-test`. Minutes long, so not part of the tests.

    python -m benchmarks.fault [CASE ...] [--bundle BUNDLE] [--seconds 60] [--port 8200]

Without a bundle, the small one of the tests (12 tiles of 16 x 16) is served. Each case prints
what was held and refused, the time to recover, and wrong answers, which must be 0; else the
status is 1.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import record
from benchmarks.fault.cases import CASES, Ground
from benchmarks.fault.load import Question, question
from benchmarks.fault.service import Service
from benchmarks.generate import pngs
from benchmarks.load import request_bytes
from benchmarks.server import ROOT
from bundle import OnnxEncoder, load_tile, open_bundle

TILES = 64
FORMS = 8


def searches(bundle: Path) -> list[bytes]:
    """Return requests whose answers read all stored points."""
    stored = f"/neighbors/{open_bundle(bundle).id(0)}"
    new = [request_bytes("POST", "/neighbors", picture) for picture in pngs(4, side=96)]
    return [request_bytes("GET", stored), *new]


def questions(bundle: Path) -> list[Question]:
    """Return forms of 64 tiles each, with the latents of the bundle's encoder, run here."""
    side = open_bundle(bundle).manifest.preprocessing.side
    pictures = list(pngs(TILES, side=96))
    latents = OnnxEncoder(bundle).encode(np.stack([load_tile(one, side) for one in pictures]))
    orders = [np.random.default_rng(n).permutation(TILES) for n in range(FORMS)]
    return [question([pictures[n] for n in order], latents[order]) for order in orders]


def main() -> int:
    """Run the cases, write results/fault.json; return 1 if any answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fault", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--bundle", type=Path, default=ROOT / "tests/data/bundle_v2")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the overload (60)")
    parser.add_argument("--port", type=int, default=8200)
    parser.add_argument("--name", default="fault", help="of the result file (fault)")
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        service = Service(args.bundle.resolve(), args.port, ["--log-level=error"])
        ground = Ground(service, questions(args.bundle), searches(args.bundle), work, args.seconds)
        for name in args.cases or CASES:
            figures[name] = asyncio.run(CASES[name](ground))
            print(f"{name}: {json.dumps(figures[name])}", flush=True)
    record.record(args.name, record.invoked("fault"), figures)
    return 1 if any(case.get("wrong_answers") for case in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

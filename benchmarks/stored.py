"""Questions about stored tiles: how many a second on one core, and how soon.

    python -m benchmarks.stored BUNDLE [--seconds 10] [--tile PNG --alone BUNDLE ...]

The service on one core, h2load on another: 1, 4, 8 and 16 connections, each asks about another
tile as soon as it is answered. Last a tile that is sent to other bundles, one at a time, service
and h2load on all cores: k6, with which `serving` asks, has a tail of its own.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.h2load import MISSING, hammer, has_h2load
from benchmarks.server import served
from bundle import open_bundle

QUESTIONS = ("neighbors", "screen", "cluster", "encode")
CONNECTIONS = (1, 4, 8, 16)
_ASKED = 500
_OK = 200


def main() -> None:
    """Write results/stored.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stored", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--seconds", type=int, default=10, help="of each run (10)")
    parser.add_argument("--tile", type=Path, metavar="PNG", help="sent to those of --alone")
    parser.add_argument("--alone", type=Path, nargs="+", default=[], metavar="BUNDLE")
    args = parser.parse_args()
    if not has_h2load():
        raise SystemExit(MISSING)
    bundle = open_bundle(args.bundle)
    ids = [bundle.id(row) for row in range(0, len(bundle), max(1, len(bundle) // _ASKED))]
    first, *others = sorted(os.sched_getaffinity(0))
    figures: dict[str, Any] = {"stored_tiles": len(bundle), "asked_about": len(ids)}
    with served(args.bundle, "--log-level", "warning", cores=[first]) as service:
        for question in QUESTIONS:
            urls = [f"http://127.0.0.1:{service.port}/{question}/{one}" for one in ids]
            for connections in CONNECTIONS:
                seen = hammer(urls, connections=connections, seconds=args.seconds, cores=others)
                if wrong := set(seen) - {_OK}:
                    raise SystemExit(f"Some answers had the status {sorted(wrong)}.")
                figures.setdefault(question, {})[f"connections_{connections}"] = asdict(seen[_OK])
    if args.tile:
        figures["alone"] = {
            open_bundle(path).manifest.profile: _alone(path, args.tile.read_bytes(), args.seconds)
            for path in args.alone
        }
    print(json.dumps(figures, indent=1))
    record.record("stored", record.invoked("stored"), figures)


def _alone(path: Path, png: bytes, seconds: int) -> dict[str, Any]:
    """Send a tile again and again to `/encode` on one connection."""
    with served(path, "--log-level", "warning") as service:
        url = f"http://127.0.0.1:{service.port}/encode"
        hammer([url], connections=1, seconds=2, png=png)  # warm-up
        return asdict(hammer([url], connections=1, seconds=seconds, png=png)[_OK])


if __name__ == "__main__":
    main()

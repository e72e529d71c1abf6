"""Kills what writes decisions, again and again; `make kill-test`. Minutes long.

    python -m benchmarks.kill [--kills 200] [--seed 1] [--port 8230] [--database URL]

First processes that write into the database through the service's own code, then a whole service
under several reviewers. Nothing acknowledged may be missing, no batch be there in part, and nothing
else be there; else the status is 1. Without --database each has an SQLite file of its own; with it
they share a PostgreSQL database, such as one that `make kill-test-postgresql` starts for them.
"""

import argparse
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.kill.rounds import Tally, kill_writers
from benchmarks.kill.serving import kill_services
from benchmarks.server import ROOT


def main() -> int:
    """Run both, write results/kill.json or another; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of each kind (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (1)")
    parser.add_argument("--port", type=int, default=8230)
    parser.add_argument("--bundle", type=Path, default=ROOT / "tests/data/bundle_v2")
    parser.add_argument("--database", default="", help="address of an empty PostgreSQL database")
    parser.add_argument("--name", help="of the result file (kill, or kill-postgresql)")
    args = parser.parse_args()
    chance = random.Random(args.seed)  # noqa: S311, no secret
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("writers", "service"):
            address = args.database or f"sqlite:///{folder}/{kind}.sqlite"
            tallies[kind] = (
                kill_writers(address, args.kills, chance)
                if kind == "writers"
                else kill_services(args.bundle, address, args.port, args.kills, chance)
            )
            print(f"{kind}: {tallies[kind]}", flush=True)
    figures: dict[str, Any] = {
        "database": "PostgreSQL" if args.database else "SQLite",
        **{kind: asdict(tally) for kind, tally in tallies.items()},
    }
    words = f"--kills {args.kills} --seed {args.seed}" + (" --database URL" * bool(args.database))
    name = args.name or ("kill-postgresql" if args.database else "kill")
    record.record(name, f"python -m benchmarks.kill {words}", figures)
    return 1 if any(tally.faults for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

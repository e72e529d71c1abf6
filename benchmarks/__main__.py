"""`python -m benchmarks`: every measurement that needs no labels, one after another."""

import subprocess
import sys
from pathlib import Path

from benchmarks.server import ROOT

TILES = Path("build/demo/tiles")
WORK = Path("build/bench")


def main() -> int:
    """Run them on the demo's tiles, made by `make run`; stop at the first that fails."""
    if not (ROOT / TILES / "tiles.csv").exists():
        print(f"bench: {TILES} is missing; run `make run` once.", file=sys.stderr)
        return 1
    runs = [
        ["benchmarks.fit", str(TILES), "--out", str(WORK)],
        [
            "benchmarks.serving",
            *("--study", str(WORK / "study")),
            *("--default", str(WORK / "default")),
        ],
        ["benchmarks.scale", str(WORK)],
    ]
    for run in runs:
        subprocess.run([sys.executable, "-m", *run], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m benchmarks`: what docs/performance.md tells, measured one after another.

On the demo's tiles, made by `make run`: both profiles are fitted, the service stands beside its
peers, and the default profile's bundle is grown to 62,000 and 1,000,000 tiles.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.h2load import MISSING, has_h2load
from benchmarks.server import ROOT

TILES = Path("build/demo/tiles")
WORK = Path("build/bench")
STUDY, DEFAULT = str(WORK / "study"), str(WORK / "default")
_SIZES = (62_000, 1_000_000)


def runs(tile: Path) -> list[list[str]]:
    """Return what is run, in order; `tile` is a PNG to ask about."""
    grown = [str(WORK / f"grown-{tiles}") for tiles in _SIZES]
    return [
        ["fit", str(TILES), "--out", str(WORK), "--study-epochs", "3"],
        ["runtimes", STUDY, DEFAULT],
        ["serving", "--study", STUDY, "--default", DEFAULT],
        ["search", DEFAULT, "--tiles", str(_SIZES[0]), "--others"],
        ["search", DEFAULT, "--tiles", str(_SIZES[1])],
        *(
            ["grown", DEFAULT, path, "--tiles", str(tiles)]
            for path, tiles in zip(grown, _SIZES, strict=True)
        ),
        ["large", *grown, "--tile", str(tile)],
        ["stored", grown[0], "--tile", str(tile), "--alone", STUDY, DEFAULT],
        ["overload", DEFAULT],
    ]


def main() -> int:
    """Run them; stop at the first that fails."""
    tile = next(TILES.glob("*.png"), None)
    if tile is None:
        print(f"bench: there are no tiles in {TILES}; run `make run` once.", file=sys.stderr)
        return 1
    for name, *options in runs(tile):
        if name == "stored" and not has_h2load():
            print(f"bench: {name} is left out: {MISSING}", file=sys.stderr, flush=True)
            continue
        if name == "grown":
            shutil.rmtree(ROOT / options[1], ignore_errors=True)
        print(f"bench: {name} {' '.join(options)}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

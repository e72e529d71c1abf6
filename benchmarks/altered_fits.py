"""Bundles fitted on labelled tiles that all look as another scanner would have given them.

    python -m benchmarks.altered_fits --labels LABELS.csv --work FOLDER TILES

A fit adapts to its tiles by what it believes of them, so what it mistakes it may learn. Every fifth
scan is taken, its tiles are altered all alike, and a bundle is fitted on them and asked about the
labels. The kinds need not know where a tile lies: each changes its greys alone.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import record
from benchmarks.altered import ALTERED
from benchmarks.quality import evaluate
from benchmarks.server import ROOT
from bundle import open_bundle
from training.learning.listing import TABLE, list_tiles

_EVERY = 5
KINDS = (
    "as they are",
    "shown brighter (gamma 0.5)",
    "white for black",
    "a tenth of the contrast, dark",
    "a third of the contrast, mid-grey",
)
_MEASURES = ("screening_ap", "screening_recall", "p_at_k_other_scans", "labels_pure")


def altered_folder(tiles: Path, kind: str, out: Path) -> int:
    """Write the tiles of every fifth scan, altered, with their table; return how many."""
    listed = list_tiles(tiles)
    scans = sorted({tile.scan for tile in listed if tile.scan is not None})[::_EVERY]
    chosen = [tile.file for tile in listed if tile.scan in scans]
    for file in chosen:
        with Image.open(file) as picture:
            tile = np.ascontiguousarray(ALTERED[kind](np.asarray(picture)))
        Image.fromarray(tile).save(out / file.name)
    (out / TABLE).write_bytes((tiles / TABLE).read_bytes())
    return len(chosen)


def _fitted(tiles: Path, labels: Path, kind: str, work: Path) -> dict[str, Any]:
    bundle = work / "bundle"
    with TemporaryDirectory(dir=work) as folder:
        count = altered_folder(tiles, kind, Path(folder))
        command = [sys.executable, "-m", "training", "fit", folder, "--out", str(bundle)]
        subprocess.run(command, cwd=ROOT, check=True)
    found: Any = evaluate(bundle, labels)
    measures = {name: found["measures"][name] for name in _MEASURES}
    metrics = open_bundle(bundle).manifest.metrics
    print(f"{kind}: {measures}", flush=True)
    return {"tiles": count, "labelled": found["labelled"], "metrics": metrics, **measures}


def main() -> None:
    """Write results/altered-fits.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.altered_fits",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tiles", type=Path, metavar="TILES", help="as `training tile` wrote them")
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for tiles and bundles")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    figures = {kind: _fitted(args.tiles, args.labels, kind, args.work) for kind in KINDS}
    command = "python -m benchmarks.altered_fits --labels LABELS --work FOLDER TILES"
    record.record("altered-fits", command, {"every": _EVERY, "kinds": figures})


if __name__ == "__main__":
    main()

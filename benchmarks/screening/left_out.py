r"""Weights taught on the films of other patients alone, beside weights that know every film.

python -m benchmarks.screening.left_out FILMS --regions JSON --trunk NPZ \
    --collection NAME=TILES:LABELS.csv

The shipped weights have seen clean windows of the very films that CBIS-DDSM is judged on. Here the
screener is taught once without each patient, and asked about that patient's tiles; and once on all
films, asked about all tiles. Both have the same, short schooling, and no adaptation.
"""

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks import record
from benchmarks.screening.arguments import collection_parts
from benchmarks.screening.data import Collection, read_collection
from bundle.arrays import Maps, Tiles
from bundle.preprocess import resize
from bundle.screening import peaks
from bundle.views import look_again, whitest
from training.cutting.scan_files import find_scans
from training.learning.config import SIDE
from training.learning.screener import build_screener, load_start
from training.measuring.measures import FALSE_ALARMS, measure, precision, recall

_AT_ONCE = 64
Scores = NDArray[np.float64]


def main() -> None:
    """Write results/left-out-NAME.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screening.left_out",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("films", type=Path)
    parser.add_argument("--regions", type=Path, required=True, help="as for pretrain")
    parser.add_argument("--trunk", type=Path, required=True, help="as for pretrain")
    parser.add_argument("--collection", required=True, help="NAME=TILES[,TILES]:LABELS.csv")
    parser.add_argument("--lessons", type=int, default=12_000, help="for each (12000)")
    parser.add_argument("--passes", type=float, default=3.0, help="over the lessons (3)")
    args = parser.parse_args()
    name, folders, labels = collection_parts(args.collection)
    collection = read_collection(name, folders, labels)
    known = _evidence(args, collection.tiles, without=set())
    left_out = np.empty(len(collection))
    for patient in np.unique(collection.patients).tolist():
        rows = np.flatnonzero(collection.patients == patient)
        films = {collection.ids[row].rpartition("_y")[0] for row in rows.tolist()}
        left_out[rows] = _evidence(args, collection.tiles[rows], without=films)
    figures = {
        **collection.about(),
        "lessons": args.lessons,
        "passes": args.passes,
        "films known": _measures(collection, known),
        "patient left out": _measures(collection, left_out),
    }
    command = (
        "python -m benchmarks.screening.left_out FILMS --regions JSON --trunk NPZ --collection "
    )
    record.record(f"left-out-{name}", f"{command}{name}=TILES:LABELS", figures)


def _evidence(args: argparse.Namespace, tiles: Tiles, *, without: set[str]) -> Scores:
    """Teach a screener on all films but some and return its evidence: (n,) log-odds."""
    with TemporaryDirectory() as folder:
        films, weights = Path(folder) / "films", Path(folder) / "screener.npz"
        films.mkdir()
        for scan in find_scans(args.films).scans:
            if scan.name not in without:
                # The name of the link is that of the scan, by which the regions know it.
                (films / (scan.name + scan.path.suffix)).symlink_to(scan.path.resolve())
        command = [sys.executable, "-m", "training", "pretrain", str(films)]
        command += ["--regions", str(args.regions), "--trunk", str(args.trunk)]
        command += ["--out", str(weights)]
        command += ["--lessons", str(args.lessons), "--passes", str(args.passes)]
        print(f"without {', '.join(sorted(without)) or 'none'}", file=sys.stderr)
        subprocess.run(command, check=True)
        return _found(weights, tiles)


def _found(weights: Path, tiles: Tiles) -> Scores:
    screener = build_screener(SIDE)
    load_start(screener, weights)

    def examine(some: Tiles) -> Maps:
        return np.moveaxis(screener.predict_on_batch(some[..., None])[2], -1, 1)

    inputs = np.stack([resize(tile, SIDE) for tile in tiles])
    parts = [inputs[at : at + _AT_ONCE] for at in range(0, len(inputs), _AT_ONCE)]
    white = whitest(inputs)
    seen = [peaks(look_again(part, examine(part), examine, white))[:, 0] for part in parts]
    return np.concatenate(seen).astype(np.float64)


def _measures(collection: Collection, evidence: Scores) -> dict[str, list[float | None]]:
    """Return AP and recall with their intervals by scan."""
    found = {
        "AP": partial(precision, collection.positive, evidence),
        f"recall at {FALSE_ALARMS:.0%} false alarms": partial(
            recall, collection.positive, evidence
        ),
    }
    taken = {
        title: measure(title, title, statistic, groups=collection.scans, seed=0)
        for title, statistic in found.items()
    }
    return {title: [one.value, one.low, one.high] for title, one in taken.items()}


if __name__ == "__main__":
    main()

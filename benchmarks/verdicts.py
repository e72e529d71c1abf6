"""What verdicts tiles get that are sent, by a bundle of their own collection or of another.

    python -m benchmarks.verdicts --collection NAME=TILES:LABELS.csv ... --bundle NAME=BUNDLE ...

Each collection's tiles that are not blank, and not doubtful, are screened as the service screens
uploads. Counted are the verdicts of those with lettering and of those without, and how many are
told to be OFF_TOPIC.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import record
from benchmarks.screening.arguments import collection_parts, pair
from benchmarks.screening.data import Collection, read_collection
from bundle import Bundle, choose_precision, open_bundle, open_encoder, resize
from bundle.preprocess import Input
from bundle.screening import LIKELY, REASONS, VERDICTS, Screened, screen_new
from bundle.views import examine_twice

_AT_ONCE = 64


def screened(bundle: Bundle, collection: Collection) -> list[Screened]:
    """Return what is found on a collection's tiles, as if they were sent."""
    encoder = open_encoder(bundle, precision=choose_precision(bundle, "auto"))
    side, found = bundle.manifest.preprocessing.side, []
    for start in range(0, len(collection), _AT_ONCE):
        tiles = collection.tiles[start : start + _AT_ONCE]
        reads = [Input(resize(tile, side), tile.shape, 0.0) for tile in tiles]
        seen = examine_twice(encoder, np.stack([read.tile for read in reads]))
        found.append(screen_new(bundle, reads, bundle.scale(seen.latents), seen.maps))
    return found


def counted(found: list[Screened], which: NDArray[np.bool_]) -> dict[str, int]:
    """Return the number of some tiles by verdict, and of those OFF_TOPIC."""
    verdicts = np.concatenate([some.verdicts for some in found])[which]
    foreign = np.concatenate([some.scores for some in found])[which, REASONS.index("OFF_TOPIC")]
    numbers = np.bincount(verdicts, minlength=len(VERDICTS)).tolist()
    return {
        **dict(zip(VERDICTS, numbers, strict=True)),
        "OFF_TOPIC": int((foreign >= LIKELY).sum()),
    }


def main() -> None:
    """Write results/verdicts.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verdicts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--collection", action="append", required=True, metavar="NAME=TILES:CSV")
    parser.add_argument("--bundle", action="append", required=True, metavar="NAME=BUNDLE")
    args = parser.parse_args()
    collections = [read_collection(*collection_parts(text)) for text in args.collection]
    bundles = {name: open_bundle(Path(path)) for name, path in map(pair, args.bundle)}
    figures: dict[str, Any] = {}
    for collection in collections:
        for name, bundle in bundles.items():
            found = screened(bundle, collection)
            figures.setdefault(collection.name, {})[name] = {
                "lettering": counted(found, collection.positive),
                "clean": counted(found, ~collection.positive),
            }
    print(figures)
    command = "--collection NAME=TILES:LABELS ... --bundle NAME=BUNDLE ..."
    record.record("verdicts", f"python -m benchmarks.verdicts {command}", figures)


if __name__ == "__main__":
    main()

"""The labelled tiles as another scanner, or another program, would have given them.

    python -m benchmarks.altered --collection NAME=TILES:LABELS.csv ... --bundle NAME=BUNDLE ...

Each collection's tiles that are not blank, and not doubtful, are altered all alike and sent to
finished bundles. Of large collections all tiles with lettering are taken, and 1,500 of the others,
so that average precision is higher than where all are asked about.
"""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks import record
from benchmarks.screening.arguments import collection_parts, pair, parser_of
from benchmarks.screening.data import Collection, read_collection
from benchmarks.screening.measures import found_lettering
from benchmarks.screening.ours import answers
from bundle import choose_precision, open_bundle, open_encoder
from bundle.arrays import Grey
from bundle.spread import spread

_SEED = 42
_FEW = 1_500
"""Tiles without lettering that are asked about, at most."""
Alter = Callable[[Grey], Grey]


def _grey(values: NDArray[np.float64]) -> Grey:
    return np.asarray(np.rint(values).clip(0, 255), dtype=np.uint8)


def _toned(tile: Grey, *, low: float = 0, high: float = 255, gamma: float = 1) -> Grey:
    return _grey(low + (high - low) * (tile / 255) ** gamma)


def _noisy(tile: Grey, *, deviation: float) -> Grey:
    """Add grain: another one to each tile, the same in each run."""
    rng = np.random.default_rng([_SEED, crc32(np.ascontiguousarray(tile).data)])
    return _grey(tile + rng.normal(0, deviation, tile.shape))


def _jpeg(tile: Grey, *, quality: int) -> Grey:
    stream = BytesIO()
    Image.fromarray(tile).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def _blurred(tile: Grey, *, share: float) -> Grey:
    return np.asarray(Image.fromarray(tile).filter(ImageFilter.GaussianBlur(share * len(tile))))


def _halved(tile: Grey) -> Grey:
    height, width = tile.shape
    return np.asarray(Image.fromarray(tile).resize((width // 2, height // 2), Image.Resampling.BOX))


def _streaked(tile: Grey, *, strength: float) -> Grey:
    waves = strength * np.sin(np.arange(len(tile)) * 2 * np.pi / 7)
    return _grey(tile + waves[:, None])


ALTERED: dict[str, Alter] = {
    "as they are": lambda tile: tile,
    "turned upside down": lambda tile: tile[::-1, ::-1],
    "mirrored": lambda tile: tile[:, ::-1],
    "white for black": lambda tile: np.asarray(255 - tile),
    "shown brighter (gamma 0.5)": partial(_toned, gamma=0.5),
    "shown darker (gamma 2)": partial(_toned, gamma=2),
    "a third of the contrast, dark": partial(_toned, high=77),
    "a third of the contrast, mid-grey": partial(_toned, low=90, high=167),
    "a tenth of the contrast, dark": partial(_toned, high=25),
    "black lifted to 60 of 255": partial(_toned, low=60),
    "grain of 8 grey levels": partial(_noisy, deviation=8),
    "grain of 20 grey levels": partial(_noisy, deviation=20),
    "JPEG of quality 30": partial(_jpeg, quality=30),
    "16 grey levels": lambda tile: np.asarray(tile // 16 * 16),
    "streaks of 6 grey levels": partial(_streaked, strength=6),
    "blurred by 1.5 % of the tile": partial(_blurred, share=0.015),
    "half as many pixels": _halved,
}


def chosen(positive: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows to ask about: all with lettering, and `_FEW` of the others, spread evenly."""
    others = np.flatnonzero(~positive)
    some = others[spread(len(others), _FEW)]
    return np.sort(np.append(np.flatnonzero(positive), some))


def _measured(collection: Collection, bundle: Path) -> dict[str, Any]:
    rows = chosen(collection.positive)
    positive, scans = collection.positive[rows], collection.scans[rows]
    stored = open_bundle(bundle)
    encoder = open_encoder(stored, precision=choose_precision(stored, "auto"))
    found: dict[str, Any] = {}
    for name, alter in ALTERED.items():
        tiles = np.stack([np.ascontiguousarray(alter(collection.tiles[row])) for row in rows])
        scores = np.concatenate([one.scores[:, 0] for one, _ in answers(stored, encoder, tiles)])
        found[name] = found_lettering(positive, scores.astype(np.float64), scans, _SEED)
        print(f"{collection.name}, {bundle.name}, {name}: {found[name]}", flush=True)
    return found


def main() -> None:
    """Write results/altered.json."""
    args = parser_of("benchmarks.altered", __doc__).parse_args()
    collections = [read_collection(*collection_parts(text)) for text in args.collection]
    bundles = {name: Path(path) for name, path in map(pair, args.bundle)}
    figures = {
        collection.name: {name: _measured(collection, bundle) for name, bundle in bundles.items()}
        for collection in collections
    }
    command = "--collection NAME=TILES:LABELS ... --bundle NAME=BUNDLE ..."
    record.record("altered", f"python -m benchmarks.altered {command}", figures)


if __name__ == "__main__":
    main()

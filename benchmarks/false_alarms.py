"""Strange but clean tiles, by kind, and how many of them a bundle drops or has looked at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.screening.ours import screened
from bundle.arrays import Tiles
from bundle.preprocess import Input, resize
from bundle.reader import open_bundle
from bundle.runtime import OnnxEncoder
from bundle.screening import LIKELY
from training.planting.distractors import KINDS, distract
from training.planting.film import synthetic_film
from training.planting.wear import wear

NOTHING = "nothing"
"""The same grounds with no distractor: what the others are to be read against."""
_EACH = 150
_SEED = 7
_AT_ONCE = 64
Draw = Callable[[np.random.Generator], NDArray[np.float32]]
"""Makes a clean ground: (side, side) float32 in [0, 1]."""


def false_alarms(path: Path, clean: Tiles) -> dict[str, dict[str, dict[str, float]]]:
    """Return kind -> ground -> shares of tiles that were no lettering and were not kept.

    `dropped` and `as_lettering` are false alarms; `otherwise` are tiles for review since they
    look masked, blank or foreign. Whatever is drawn is worn as all tiles are.

    Args:
        path: of the bundle.
        clean: (n, side, side) uint8 tiles, labelled as without lettering.
    """
    side = open_bundle(path).manifest.preprocessing.side
    grounds: dict[str, Draw] = {
        "films": lambda rng: _float(resize(clean[rng.integers(len(clean))], side)),
        "synthetic": lambda rng: synthetic_film(rng, side),
    }
    return {
        kind: {
            name: _verdicts(path, _strange(draw, kind, number)) for name, draw in grounds.items()
        }
        for number, kind in enumerate((NOTHING, *KINDS))
    }


def _float(tile: Tiles) -> NDArray[np.float32]:
    return tile.astype(np.float32) / np.float32(255)


def _strange(draw: Draw, kind: str, number: int) -> Tiles:
    rng = np.random.default_rng([_SEED, number])
    kinds = () if kind == NOTHING else (kind,)
    return np.stack(
        [wear(rng, distract(rng, draw(rng), kinds).pixels).pixels for _ in range(_EACH)]
    )


def _verdicts(path: Path, tiles: Tiles) -> dict[str, float]:
    bundle, encoder = open_bundle(path), OnnxEncoder(path, threads=1)
    scores, verdicts = [], []
    for at in range(0, len(tiles), _AT_ONCE):
        reads = [Input(tile, bundle.sides, 0.0) for tile in tiles[at : at + _AT_ONCE]]
        one, _ = screened(bundle, encoder, reads)
        scores.append(one.scores)
        verdicts.append(one.verdicts)
    found, verdict = np.concatenate(scores), np.concatenate(verdicts)
    blank = found[:, 3] >= LIKELY
    dropped = (verdict == 2) & ~blank
    lettering = (verdict == 1) & (found[:, 0] >= bundle.manifest.screening.review_score)
    otherwise = (verdict > 0) & ~dropped & ~lettering
    shares = {"dropped": dropped, "as_lettering": lettering, "otherwise": otherwise}
    return {name: round(float(which.mean()), 4) for name, which in shares.items()}

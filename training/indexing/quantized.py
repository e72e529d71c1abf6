"""What an encoder of less precision changes beside the float one, on the user's own tiles."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.bundle import Bundle
from bundle.encoders import encoders_in
from bundle.manifest import Precision, Rounding
from bundle.neighbors import search
from bundle.preprocess import Input
from bundle.runtime import Encoder, Examined, OnnxEncoder
from bundle.screening import screen_new
from bundle.spread import spread
from bundle.views import look_again
from training.tiles import TileSet

_MOST = 1_000
_AT_ONCE = 64
_NEIGHBORS = 10
_MARGIN = 2.0
"""What the self-test allows, beside the largest difference seen: the probes are other tiles."""


@dataclass(frozen=True)
class Trial:
    """What is measured: the models' folder, the tiles, and those the scales were taken from.

    probes: rows of the self-test's tiles, which must stay within what it allows.
    bundle: what serving needs of the stored tiles, see `measure`.
    """

    models: Path
    tiles: TileSet
    calibrated_on: NDArray[np.int64] = field(repr=False)
    probes: NDArray[np.int64] = field(repr=False)
    bundle: Bundle = field(repr=False)


def measure(trial: Trial, precision: Precision) -> Rounding:
    """Ask both encoders about stored tiles, as the service would, and compare the answers.

    Each tile is asked about as if it were not stored: at no distance to itself by one encoder and
    at some by the other, it would be its own neighbour by one of them alone.

    The tiles are spread over all that the encoder was not calibrated on, at most 1,000;
    where it was calibrated on all of them, those are taken. Where several runtimes can run it,
    each figure is that of the one with which it is worst. The bundle of the trial needs
    its manifest, scaler, points and tile sizes alone.
    """
    # Every search is exact, and the index is no part of an unfinished bundle.
    manifest = trial.bundle.manifest.model_copy(update={"index": None})
    trial = replace(trial, bundle=replace(trial.bundle, manifest=manifest))
    count = len(trial.tiles)
    others = np.setdiff1d(np.arange(count), trial.calibrated_on)
    others = others if len(others) else np.arange(count)
    rows = others[spread(len(others), _MOST)]
    float_ = OnnxEncoder(trial.models)
    seen = [
        _compared(trial, rows, float_, rough)
        for rough in encoders_in(trial.models, precision=precision)
    ]
    largest = max(one.largest for one in seen)
    return Rounding(
        tiles=len(rows),
        verdict_flips=max(one.flips for one in seen) / len(rows),
        neighbor_overlap=min(one.shared for one in seen) / len(rows),
        largest_difference=largest,
        allowed_difference=max(_MARGIN * largest, 1e-6),
    )


class _Compared(NamedTuple):
    """Verdicts that differ, sum of the shares of equal neighbours, largest difference."""

    flips: float
    shared: float
    largest: float


def _compared(
    trial: Trial, rows: NDArray[np.int64], float_: OnnxEncoder, rough: Encoder
) -> _Compared:
    probes = trial.tiles.read(trial.probes)
    largest = _largest(float_.examine(probes), rough.examine(probes))
    flips = shared = 0.0
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        tiles = trial.tiles.read(part)
        one, other = float_.examine(tiles), rough.examine(tiles)
        largest = max(largest, _largest(one, other))
        before, after = (
            _answers(trial, part, tiles, encoder, seen)
            for encoder, seen in ((float_, one), (rough, other))
        )
        flips += (before[0] != after[0]).sum()
        shared += sum(
            len(np.intersect1d(*both)) / len(both[0])
            for both in zip(before[1], after[1], strict=True)
        )
    return _Compared(flips, shared, largest)


def _largest(one: Examined, other: Examined) -> float:
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(first - second).max(initial=0)) for first, second in pairs)


def _answers(
    trial: Trial, rows: NDArray[np.int64], tiles: Tiles, encoder: Encoder, seen: Examined
) -> tuple[NDArray[np.uint8], list[NDArray[np.int32]]]:
    """Return verdicts, and the ten nearest of each tile without itself."""
    bundle, given = trial.bundle, trial.tiles
    points = bundle.scale(seen.latents)
    hits = search(bundle, points, _NEIGHBORS + 1, index="brute").rows
    near = [hit[hit != row][:_NEIGHBORS] for hit, row in zip(hits, rows, strict=True)]
    sizes, colours = given.sizes[rows].tolist(), given.colours[rows].tolist()
    reads = [Input(*one) for one in zip(tiles, map(tuple, sizes), colours, strict=True)]
    maps = look_again(tiles, seen.maps, lambda some: encoder.examine(some).maps, bundle.white)
    return screen_new(bundle, reads, points, maps, rows).verdicts, near

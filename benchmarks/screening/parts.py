"""Our way with one part taken out at a time: scores and points of tiles, by the product's code."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Maps, Points, Tiles
from bundle.manifest import Screening
from bundle.preprocess import resize
from bundle.reader import open_bundle
from bundle.runtime import OnnxEncoder
from bundle.screening import Evidence, gather, reference_distances, screen
from bundle.views import look_again
from training.learning.network import LAYOUT
from training.measuring.measures import Scores

_AT_ONCE = 64


@dataclass(frozen=True)
class Seen:
    """What a bundle makes of n tiles.

    inputs: (n, side, side) uint8. first: (n, 3, g, g) float32 log-odds of one look; maps: the
        same, of five looks where one leaves a doubt.
    points: (n, d) float32. away: (n,) float32 from `reference_distances`.
    """

    rules: Screening
    inputs: Tiles = field(repr=False)
    first: Maps = field(repr=False)
    maps: Maps = field(repr=False)
    points: Points = field(repr=False)
    away: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class Part:
    """Our way, whole or without a part: (n,) scores and (n, d) points.

    rescored, moved: whether scores and points may differ from those of the whole.
    """

    key: str
    title: str
    scores: Scores = field(repr=False)
    points: Points = field(repr=False)
    rescored: bool = True
    moved: bool = True


def look(path: Path, tiles: Tiles) -> Seen:
    """Ask a bundle about (n, side, side) uint8 tiles as they were cut."""
    bundle = open_bundle(path)
    side = bundle.manifest.preprocessing.side
    encoder = OnnxEncoder(path, threads=1)
    inputs = np.stack([resize(tile, side) for tile in tiles])
    blocks = [encoder.examine(inputs[at : at + _AT_ONCE]) for at in range(0, len(tiles), _AT_ONCE)]
    points = bundle.scale(np.concatenate([block.latents for block in blocks]))
    first = np.concatenate([block.maps for block in blocks])
    maps = look_again(inputs, first, lambda some: encoder.examine(some).maps, bundle.white)
    away = reference_distances(bundle.points, points)
    return Seen(bundle.manifest.screening, inputs, first, maps, points, away)


def whole(seen: Seen, key: str = "whole", title: str = "ours") -> Part:
    """Return our way with all its parts."""
    return Part(key, title, _scores(seen, _evidence(seen)), seen.points)


def without(seen: Seen) -> Iterator[Part]:
    """Yield our way without each part that can be taken out of a finished bundle."""
    ours, evidence = whole(seen), _evidence(seen)
    once = _scores(seen, _evidence(replace(seen, maps=seen.first)))
    highest = _scores(seen, replace(evidence, peaks=seen.maps.max(axis=(2, 3))))
    plain = seen.rules.model_copy(update={"slope": 1.0, "offset": 0.0})
    uncalibrated = _scores(replace(seen, rules=plain), evidence)
    for key, title, scores in (
        ("once", "one look, none of the turns", once),
        ("highest", "the highest cell alone, not six", highest),
        ("uncalibrated", "no calibration: the network's own log-odds", uncalibrated),
    ):
        yield replace(ours, key=key, title=title, scores=scores, moved=False)
    for key, title, columns in (
        ("no-sureness", "latent without the sureness of lettering", slice(-1)),
        ("layout", "latent of the autoencoder's layout alone", slice(LAYOUT)),
        ("strokes", "latent of the screener's features alone", slice(LAYOUT, -1)),
        ("sureness", "latent of the sureness alone", slice(-1, None)),
    ):
        points = np.ascontiguousarray(seen.points[:, columns])
        yield replace(ours, key=key, title=title, points=points, rescored=False)


def _evidence(seen: Seen) -> Evidence:
    return gather(seen.maps, seen.inputs.shape[1])


def _scores(seen: Seen, evidence: Evidence) -> Scores:
    screened = screen(seen.rules, seen.inputs, evidence, seen.away)
    return screened.scores[:, 0].astype(np.float64)

"""What our own bundles say about tiles, in the shape of a peer's answer."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.screening.data import Collection
from benchmarks.screening.outputs import Output, Scores
from bundle.arrays import Points, Tiles
from bundle.bundle import Bundle
from bundle.preprocess import Input, resize
from bundle.reader import open_bundle
from bundle.runtime import Encoder, OnnxEncoder
from bundle.screening import Screened, screen_new
from bundle.views import examine_twice

_AT_ONCE = 64


def ours(bundle_path: Path, tiles: Tiles) -> tuple[Scores, Points]:
    """Ask one of our bundles about tiles it may never have seen, as the service does.

    Args:
        bundle_path: of the bundle.
        tiles: (n, side, side) uint8, as cut.

    Returns: (n,) scores for lettering; and (n, d) float32 scaled latents.
    """
    encoder = OnnxEncoder(bundle_path, threads=1)
    scores, points = [], []
    for found, near in answers(open_bundle(bundle_path), encoder, tiles):
        points.append(near)
        scores.append(found.scores[:, 0])
    return np.concatenate(scores).astype(np.float64), np.concatenate(points)


def answers(bundle: Bundle, encoder: Encoder, tiles: Tiles) -> Iterator[tuple[Screened, Points]]:
    """Yield what `screened` says of (n, side, side) uint8 tiles, some at a time."""
    side = bundle.manifest.preprocessing.side
    for start in range(0, len(tiles), _AT_ONCE):
        part = tiles[start : start + _AT_ONCE]
        yield screened(bundle, encoder, [Input(resize(one, side), one.shape, 0.0) for one in part])


def screened(bundle: Bundle, encoder: Encoder, reads: Sequence[Input]) -> tuple[Screened, Points]:
    """Screen tiles as the service does; return that and their (m, d) scaled latents."""
    seen = examine_twice(encoder, np.stack([read.tile for read in reads]), bundle.white)
    points = bundle.scale(seen.latents)
    return screen_new(bundle, reads, points, seen.maps), points


def ask_ours(bundle_path: Path, collection: Collection) -> list[Output]:
    """Return a bundle's answer about a collection, timed."""
    start = time.process_time()
    scores, points = ours(bundle_path, collection.tiles)
    rate = round(len(collection) / (time.process_time() - start), 1)
    return [Output("", rate, {"lettering": scores}, {"latent": points}, together=True)]

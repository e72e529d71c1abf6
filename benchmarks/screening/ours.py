"""What our own bundles say about tiles, in the shape of a peer's answer."""

import time
from pathlib import Path

import numpy as np

from benchmarks.screening.data import Collection
from benchmarks.screening.outputs import Output, Scores
from bundle.arrays import Points, Tiles
from bundle.preprocess import Input, resize
from bundle.reader import open_bundle
from bundle.runtime import OnnxEncoder
from bundle.screening import screen_new
from bundle.views import look_again

_AT_ONCE = 64


def ours(bundle_path: Path, tiles: Tiles) -> tuple[Scores, Points]:
    """Ask one of our bundles about tiles it may never have seen, as the service does.

    Args:
        bundle_path: of the bundle.
        tiles: (n, side, side) uint8, as cut.

    Returns: (n,) scores for lettering; and (n, d) float32 scaled latents.
    """
    bundle = open_bundle(bundle_path)
    side = bundle.manifest.preprocessing.side
    encoder = OnnxEncoder(bundle_path, threads=1)
    scores, points = [], []
    for start in range(0, len(tiles), _AT_ONCE):
        part = tiles[start : start + _AT_ONCE]
        reads = [Input(resize(tile, side), tile.shape, 0.0) for tile in part]
        inputs = np.stack([read.tile for read in reads])
        seen = encoder.examine(inputs)
        points.append(bundle.scale(seen.latents))
        maps = look_again(inputs, seen.maps, lambda tiles: encoder.examine(tiles).maps)
        scores.append(screen_new(bundle, reads, points[-1], maps).scores[:, 0])
    return np.concatenate(scores).astype(np.float64), np.concatenate(points)


def ask_ours(bundle_path: Path, collection: Collection) -> list[Output]:
    """Return a bundle's answer about a collection, timed."""
    start = time.process_time()
    scores, points = ours(bundle_path, collection.tiles)
    rate = round(len(collection) / (time.process_time() - start), 1)
    return [Output("", rate, {"lettering": scores}, {"latent": points}, together=True)]

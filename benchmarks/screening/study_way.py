"""The study's own way: its autoencoder, and tiles far from all others as what may be lettering.

Trained once on all tiles of a collection's scans, then asked twice: right, and as the notebook did,
which read pictures as green ones and looked its neighbours up in a frame with gaps.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.screening.data import Collection
from benchmarks.screening.outputs import Output
from bundle.arrays import Grey, Latents, Tiles
from bundle.preprocess import resize
from bundle.screening import outlier_evidence
from training.indexing.graph import neighbor_graph
from training.indexing.scaler import scale
from training.learning.config import make_config
from training.learning.data import fingerprint, read_tiles
from training.learning.listing import Listed, list_tiles
from training.progress import StepLog
from training.studying.flaws import gapped_index, in_grey, skewed
from training.studying.study_encoder import ColourEncoder, Task, train_encoder

AT_MOST = 1000
"""Tiles, as for slow peers: of a larger collection only each k-th scan."""
BATCH = 8
"""The study had 128: a few hundred tiles for a few epochs would be a few dozen steps."""
_SEED = 42
_AT_ONCE = 32
_NEAREST = 5
Way = Callable[[Grey], NDArray[np.float32]]


@dataclass(frozen=True)
class Course:
    """How the study's encoder is trained: on which folders of tiles, for how many epochs.

    work: keeps the decoded tiles and the trained encoder, for the next time.
    """

    folders: tuple[Path, ...]
    epochs: int
    work: Path


def ask_study(course: Course, collection: Collection) -> dict[str, tuple[str, Output]]:
    """Return key -> title and answer, without the study's flaws and with them."""
    config = make_config("study", seed=_SEED, epochs=course.epochs, batch=BATCH)
    listed, log = _listed(course, collection), StepLog()
    course.work.mkdir(parents=True, exist_ok=True)
    tiles = read_tiles(listed, course.work, side=config.side, log=log)
    encoder = train_encoder(Task(tiles, config, course.work, fingerprint(listed, config.side), log))
    index = gapped_index(len(collection), np.random.default_rng(_SEED))
    title = f"the study's autoencoder, {course.epochs} epoch{'s' * (course.epochs > 1)}"
    right = _answer(encoder, collection.tiles, partial(_grey, side=config.side))
    flawed = _answer(encoder, collection.tiles, partial(skewed, side=config.side), index)
    return {"study": (title, right), "study-flawed": ("the same with its flaws", flawed)}


def _listed(course: Course, collection: Collection) -> list[Listed]:
    listed = [tile for path in course.folders for tile in list_tiles(path)]
    ids = set(collection.ids)
    scans = {tile.scan for tile in listed if tile.id in ids}
    return [tile for tile in listed if tile.scan in scans]


def _grey(tile: Grey, side: int) -> NDArray[np.float32]:
    picture: NDArray[np.float32] = in_grey(resize(tile, side)[None])[0]
    return picture


def _answer(
    encoder: ColourEncoder, tiles: Tiles, way: Way, index: NDArray[np.int64] | None = None
) -> Output:
    start = time.process_time()
    latents = np.concatenate(
        [
            encoder.encode(np.stack([way(tile) for tile in tiles[at : at + _AT_ONCE]]))
            for at in range(0, len(tiles), _AT_ONCE)
        ]
    )
    rate = round(len(tiles) / (time.process_time() - start), 1)
    return outlying(latents, rate, index)


def outlying(latents: Latents, rate: float, index: NDArray[np.int64] | None) -> Output:
    """Return what the study's steps after its encoder make of (n, d) float32 latents."""
    points = scale(latents)[1]
    away = neighbor_graph(points, min(_NEAREST, len(points) - 1)).distances
    scores = outlier_evidence(away).astype(np.float64)
    return Output("", rate, {"distance": scores}, {"latent": points}, index=index)

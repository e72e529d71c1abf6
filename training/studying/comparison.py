"""The study's variants on one set of tiles: encoded, compared, and the facts behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Grey, Latents, Rows
from bundle.preprocess import decode_png
from training.indexing.cluster import STUDY_EPS, k_distances
from training.progress import StepLog
from training.studying.flaws import gapped_index, in_grey, nearest_resized, skewed
from training.studying.study_encoder import ColourEncoder
from training.studying.variants import (
    Marked,
    Outcome,
    Space,
    Variant,
    brightness_gap,
    make_space,
    make_variants,
    measure,
    shown_rows,
)
from training.tiles import TileSet

_AT_ONCE = 32
Way: TypeAlias = Callable[[Grey, int], NDArray[np.float32]]
"""From a tile at its full size, and the side, to (side, side, 3) float32 in [0, 1]."""


@dataclass(frozen=True)
class Views:
    """Latents of the same tiles, (n, d) float32 each, read in three ways.

    right: as the encoder was trained. skew: as the notebook read them, green.
    resize: grey, but resized to the nearest pixel.
    """

    right: Latents = field(repr=False)
    skew: Latents = field(repr=False)
    resize: Latents = field(repr=False)


@dataclass(frozen=True)
class Facts:
    """Figures that the sentences need beside the outcomes.

    tiles: how many. moved: median distance between a tile's right place and where its green
    picture lands, in the right space. own: share of tiles that the gapped index shows when
    asked for themselves. noise_low: noise share at the study's first eps. reach: median
    distance at which a tile has enough neighbours to be core. near_grey, far_grey: median
    difference in mean grey to the right neighbours and between random tiles. positives:
    share of positives among labelled tiles.
    """

    tiles: int
    moved: float
    own: float
    noise_low: float
    reach: float
    near_grey: float
    far_grey: float
    positives: float | None


@dataclass(frozen=True)
class Comparison:
    """All that came out; `k` neighbours were shown a tile."""

    k: int
    outcomes: list[Outcome]
    facts: Facts
    variants: list[Variant] = field(repr=False)

    def outcome(self, key: str) -> Outcome:
        """Return one variant's outcome."""
        return next(outcome for outcome in self.outcomes if outcome.key == key)

    def shown(self, variant: Variant, row: int) -> Rows:
        """Return the rows that a variant shows as neighbours of a tile: (k,), -1 for none."""
        found: Rows = shown_rows(variant, variant.space.graph.rows[row, : self.k])
        return found


def encode_views(
    files: Sequence[Path], tiles: TileSet, encoder: ColourEncoder, log: StepLog
) -> Views:
    """Encode every tile in the three ways; pictures pass through memory a few at a time.

    Args:
        files: each tile's file, in the order of `tiles`.
        tiles: what the encoder was trained on.
        encoder: takes three channels.
        log: shows the progress.
    """
    side = tiles.inputs.shape[1]

    def encode(name: str, pictures: Callable[[slice], NDArray[np.float32]]) -> Latents:
        blocks = []
        with log.step(name, len(tiles)) as bar:
            for start in range(0, len(tiles), _AT_ONCE):
                blocks.append(encoder.encode(pictures(slice(start, start + _AT_ONCE))))
                bar.update(len(blocks[-1]))
        return np.concatenate(blocks)

    def read(way: Way, some: slice) -> NDArray[np.float32]:
        return np.stack([way(decode_png(file.read_bytes()), side) for file in files[some]])

    return Views(
        right=encode("encode, right", lambda some: in_grey(tiles.inputs[some])),
        skew=encode("encode, green", partial(read, skewed)),
        resize=encode("encode, other resize", partial(read, nearest_resized)),
    )


def compare(
    views: Views, tiles: TileSet, *, k: int, seed: int, marked: Marked | None = None
) -> Comparison:
    """Run every variant on the latents.

    Args:
        views: latents of the tiles.
        tiles: the tiles.
        k: neighbours a tile.
        seed: of the gaps and of random pairs.
        marked: labelled tiles, for P@k.
    """
    right, skew, resize = (make_space(x, seed) for x in (views.right, views.skew, views.resize))
    index = gapped_index(len(tiles), np.random.default_rng(seed))
    variants = make_variants(right, skew, resize, index)
    outcomes = [measure(variant, right, k, marked) for variant in variants]
    brightness = np.array([picture.mean() for picture in tiles.inputs])
    near, far = brightness_gap(brightness, right.graph.rows[:, :k], np.random.default_rng(seed))
    facts = Facts(
        tiles=len(tiles),
        moved=_moved(views, right),
        own=float((index == np.arange(len(tiles))).mean()),
        noise_low=right.noise(STUDY_EPS[0]),
        reach=float(np.median(k_distances(right.graph))),
        near_grey=near,
        far_grey=far,
        positives=None if marked is None else float(marked.positive.mean()),
    )
    return Comparison(k, outcomes, facts, variants)


def _moved(views: Views, right: Space) -> float:
    """Scale the skewed latents as the right ones are, and measure how far each tile went."""
    scale = views.right.std(axis=0, dtype=np.float64)
    placed = (views.skew - views.right.mean(axis=0, dtype=np.float64)) / np.where(
        scale > 0, scale, 1
    )
    return float(np.median(np.linalg.norm(placed - right.points, axis=1)))

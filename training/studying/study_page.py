"""The study's neighbour figure under each variant, as one self-contained page."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.reporting.page import environment
from training.reporting.thumbnails import Thumbnail, data_uri, encode_uri
from training.studying.comparison import Comparison
from training.studying.flaws import skewed
from training.studying.verdicts import legend, sentences, table
from training.tiles import TileSet

_SIDE = 128


@dataclass(frozen=True)
class Strip:
    """What one variant shows for a tile; a thumbnail without a picture is a missing row."""

    title: str
    tiles: list[Thumbnail] = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """A tile in grey and as the notebook read it, with a strip for each variant."""

    tile: Thumbnail
    green: str = field(repr=False)
    strips: list[Strip]


def study_page(comparison: Comparison, tiles: TileSet, rows: Sequence[int]) -> str:
    """Return the page as HTML.

    Args:
        comparison: what came out.
        tiles: the tiles it is of.
        rows: tiles whose neighbours to show.
    """
    return (
        environment()
        .get_template("study.html")
        .render(
            asked=[_asked(comparison, tiles, row) for row in rows],
            sentences=sentences(comparison),
            table=table(comparison),
            legend=legend(comparison),
            tiles=len(tiles),
        )
    )


def _asked(comparison: Comparison, tiles: TileSet, row: int) -> Asked:
    own = np.asarray(tiles.inputs[row])
    green = (skewed(own, own.shape[0]) * 255).round().astype(np.uint8)
    right = set(comparison.shown(comparison.variants[0], row).tolist())
    strips = [
        Strip(
            variant.title.strip(),
            [_shown(tiles, int(other), right) for other in comparison.shown(variant, row)],
        )
        for variant in comparison.variants
        if variant.key != "eps"  # changes the clusters, not the neighbours
    ]
    return Asked(Thumbnail(tiles.ids[row], data_uri(own, _SIDE)), encode_uri(green), strips)


def _shown(tiles: TileSet, row: int, right: set[int]) -> Thumbnail:
    if row < 0:
        return Thumbnail("", "", "no such row")
    kind = "right" if row in right else "other"
    return Thumbnail(tiles.ids[row], data_uri(np.asarray(tiles.inputs[row]), _SIDE), kind=kind)

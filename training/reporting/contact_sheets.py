"""The report's rows of pictures: reconstructions, clusters, and neighbours of a tile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bundle.bundle import Bundle
from bundle.errors import UnknownTile
from bundle.neighbors import rarity
from bundle.runtime import OnnxDecoder
from bundle.spread import spread
from training.reporting.figures import percent
from training.reporting.thumbnails import Thumbnail, data_uri, thumbnail

MOST_CLUSTERS = 40
PICTURES = 24
NEIGHBORS = 5
DEFAULT_QUERIES = 5
_RECONSTRUCTIONS = 12
_TRIED = 256  # tiles decoded to find good and bad ones
_SMALL, _LARGE = 72, 128


@dataclass(frozen=True)
class Pair:
    """A tile, and what the decoder makes of its latent; `error` in grey levels of 255."""

    original: Thumbnail
    reconstruction: str
    error: float


@dataclass(frozen=True)
class Sheet:
    """The pictures of one cluster, the medoid first."""

    title: str
    about: str
    tiles: list[Thumbnail]


@dataclass(frozen=True)
class Query:
    """A tile and its nearest others, or why there are none to show."""

    tile: Thumbnail | None
    neighbors: list[Thumbnail]
    problem: str = ""


def reconstructions(bundle: Bundle, decoder: OnnxDecoder, seed: int) -> list[Pair]:
    """Return a dozen tiles from the best to the worst reconstructed of a random sample."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(bundle))[:_TRIED])
    originals = np.stack([bundle.tile(int(row)) for row in rows])
    pictures = decoder.decode(np.array(bundle.latents[rows]))
    errors = np.abs(originals.astype(np.int16) - pictures).mean(axis=(1, 2))
    chosen = np.argsort(errors, kind="stable")[spread(len(rows), _RECONSTRUCTIONS)]
    return [
        Pair(
            thumbnail(bundle, int(rows[at]), _LARGE),
            data_uri(pictures[at], _LARGE),
            float(errors[at]),
        )
        for at in chosen
    ]


def cluster_sheets(bundle: Bundle) -> list[Sheet]:
    """Return a sheet for each of the largest clusters, largest first."""
    order = np.argsort(-bundle.cluster_sizes, kind="stable")[:MOST_CLUSTERS]
    return [_cluster_sheet(bundle, int(label)) for label in order if bundle.cluster_sizes[label]]


def _cluster_sheet(bundle: Bundle, label: int) -> Sheet:
    rows, medoid = bundle.members(label), bundle.medoid(label)
    points = bundle.points[rows]
    outward = rows[np.argsort(np.linalg.norm(points - points.mean(axis=0), axis=1), kind="stable")]
    chosen = outward[spread(len(outward), PICTURES)]
    tiles = [
        thumbnail(bundle, int(row), _SMALL, kind="medoid" if row == medoid else "")
        for row in chosen
    ]
    return Sheet(f"Cluster {label}", _share(bundle, len(rows)), tiles)


def stray_sheet(bundle: Bundle) -> Sheet | None:
    """Return the stray tiles, the loneliest first; None when there are none."""
    rows = bundle.members(-1)
    if not len(rows):
        return None
    lonely = rows[np.argsort(-bundle.neighbor_distances[rows, 0], kind="stable")]
    tiles = [
        thumbnail(
            bundle,
            int(row),
            _SMALL,
            note=f"{bundle.neighbor_distances[row, 0]:.3g}",
        )
        for row in lonely[: 2 * PICTURES]
    ]
    return Sheet("Stray tiles", _share(bundle, len(rows)), tiles)


def _share(bundle: Bundle, count: int) -> str:
    return f"{count:,} tile{'' if count == 1 else 's'}, {percent(count / len(bundle))}"


def default_queries(bundle: Bundle) -> list[str]:
    """Return the ids of the largest clusters' medoids; spread tiles where no cluster is."""
    order = np.argsort(-bundle.cluster_sizes, kind="stable")[:DEFAULT_QUERIES]
    medoids = [bundle.medoid(int(label)) for label in order]
    rows = [row for row in medoids if row is not None]
    return [bundle.id(row) for row in rows or spread(len(bundle), DEFAULT_QUERIES).tolist()]


def queries(bundle: Bundle, ids: Sequence[str]) -> list[Query]:
    """Return the study's neighbour figure for each id; unknown ids give a sentence."""
    return [_query(bundle, tile_id) for tile_id in ids]


def _query(bundle: Bundle, tile_id: str) -> Query:
    try:
        row = bundle.row(tile_id)
    except UnknownTile as error:
        return Query(None, [], str(error))
    rows = bundle.neighbors[row, :NEIGHBORS]
    distances = bundle.neighbor_distances[row, :NEIGHBORS]
    shares = rarity(bundle, distances)
    neighbors = [
        thumbnail(
            bundle,
            int(other),
            _LARGE,
            note=f"distance {away:.3g}, {one_in(share)}",
            kind=_relation(bundle, row, int(other)),
        )
        for other, away, share in zip(rows, distances, shares, strict=True)
    ]
    return Query(thumbnail(bundle, row, _LARGE, kind="query"), neighbors)


def one_in(share: float) -> str:
    """Say how many random pairs lie as close, in words."""
    if share <= 0:
        return "closer than any random pair drawn"
    if share > 0.1:  # noqa: PLR2004  beyond one in ten a share reads better
        return f"{percent(share)} of random pairs are closer"
    return f"1 random pair in {round(1 / share):,} is closer"


def _relation(bundle: Bundle, row: int, other: int) -> str:
    mine, theirs = bundle.scan(row), bundle.scan(other)
    if mine is None or theirs is None:
        return ""
    return "same scan" if mine == theirs else "other scan"

"""Reconstructions, contact sheets and the neighbour figure."""

import base64
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bundle import Bundle, OnnxDecoder, rarity
from bundle.preprocess import decode_png
from training.reporting.contact_sheets import (
    cluster_sheets,
    default_queries,
    one_in,
    queries,
    reconstructions,
    stray_sheet,
)
from training.reporting.thumbnails import data_uri


def test_data_uri_is_the_picture(tiny_bundle: Bundle):
    """What the page shows is the tile, small."""
    pixels = decode_png(tiny_bundle.picture(3))
    data = base64.b64decode(data_uri(pixels, 8).partition(",")[2])
    with Image.open(BytesIO(data)) as picture:
        assert picture.size == (8, 8)
        assert np.asarray(picture.convert("L")).mean() == pytest.approx(pixels.mean(), abs=4)


def test_small_tiles_are_not_enlarged(tiny_bundle: Bundle):
    """A tile smaller than its place keeps its size."""
    data = base64.b64decode(data_uri(decode_png(tiny_bundle.picture(0)), 128).partition(",")[2])
    with Image.open(BytesIO(data)) as picture:
        assert picture.size == (16, 16)


def test_reconstructions_go_from_best_to_worst(tiny_bundle: Bundle):
    """Pairs are ordered by error; the tiny decoder is exact to rounding."""
    pairs = reconstructions(tiny_bundle, OnnxDecoder(tiny_bundle.path), seed=1)
    errors = [pair.error for pair in pairs]
    assert len(pairs) == 12
    assert errors == sorted(errors)
    assert errors[-1] < 1


def test_sheet_begins_with_the_medoid(tiny_bundle: Bundle):
    """A cluster's sheet tells its size and shows its medoid first, framed."""
    first = cluster_sheets(tiny_bundle)[0]
    medoid = tiny_bundle.medoid(0)
    assert medoid is not None
    assert first.about == "6 tiles, 50 %"
    assert (first.tiles[0].id, first.tiles[0].kind) == (tiny_bundle.id(medoid), "medoid")
    assert [tile.kind for tile in first.tiles[1:]] == [""] * 5


def test_stray_tiles_stand_apart(tiny_bundle: Bundle):
    """The stray tile is on the sheet of strays with its distance, and on no other."""
    stray = stray_sheet(tiny_bundle)
    assert stray is not None
    assert [tile.id for tile in stray.tiles] == ["c333"]
    assert all(tile.id != "c333" for sheet in cluster_sheets(tiny_bundle) for tile in sheet.tiles)


def test_no_stray_tiles_no_sheet(tiny_bundle: Bundle):
    """Without stray tiles there is no sheet of them."""
    arrays = {**tiny_bundle.arrays, "labels.npy": np.zeros(12, dtype=np.int32)}
    assert stray_sheet(replace(tiny_bundle, arrays=arrays)) is None


def test_query_has_the_stored_neighbours(tiny_bundle: Bundle):
    """The neighbour figure shows the graph's five, nearest first, never the tile itself."""
    (query,) = queries(tiny_bundle, ["c306"])
    row = tiny_bundle.row("c306")
    expected = [tiny_bundle.id(int(other)) for other in tiny_bundle.neighbors[row]]
    assert [tile.id for tile in query.neighbors] == expected
    nearest = tiny_bundle.neighbor_distances[row, :1]
    assert query.neighbors[0].note == (
        f"distance {nearest[0]:.3g}, {one_in(float(rarity(tiny_bundle, nearest)[0]))}"
    )


def test_query_tells_same_from_other_scan(tiny_bundle: Bundle):
    """Rows 0, 3, 6, 9 are of one film, and the figure says so."""
    (query,) = queries(tiny_bundle, ["c300"])
    for tile in query.neighbors:
        same = tiny_bundle.row(tile.id) % 3 == 0
        assert tile.kind == ("same scan" if same else "other scan")


def test_unknown_query_names_near_matches(tiny_bundle: Bundle):
    """An unknown id gives a sentence in its place and does not stop the others."""
    unknown, known = queries(tiny_bundle, ["c301", "c303"])
    assert "No stored tile has the id 'c301'. Near matches: c30" in unknown.problem
    assert known.tile is not None


def test_default_queries_are_medoids(tiny_bundle: Bundle):
    """Without ids the medoids of the clusters are asked for."""
    medoids = [tiny_bundle.medoid(label) for label in (0, 1)]
    assert default_queries(tiny_bundle) == [tiny_bundle.id(row or 0) for row in medoids]


def test_default_queries_without_clusters(tiny_bundle: Bundle):
    """Where all tiles are stray, the figure shows some tiles all the same."""
    arrays = {**tiny_bundle.arrays, "labels.npy": np.full(12, -1, dtype=np.int32)}
    about = tiny_bundle.manifest.clustering.model_copy(update={"clusters": 0})
    manifest = tiny_bundle.manifest.model_copy(update={"clustering": about})
    bundle = replace(tiny_bundle, arrays=arrays, manifest=manifest)
    assert default_queries(bundle) == ["c300", "c309", "c318", "c324", "c333"]
    assert cluster_sheets(bundle) == []


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "closer than any random pair drawn"),
        (0.001, "1 random pair in 1,000 is closer"),
        (0.4, "40 % of random pairs are closer"),
    ],
)
def test_rarity_in_words(share: float, text: str):
    """A distance's rarity is said in words that fit its size."""
    assert one_in(share) == text

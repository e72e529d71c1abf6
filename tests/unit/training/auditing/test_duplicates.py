"""Tiles that show the same, and what stands in two places."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import Bundle, open_bundle
from tests.audited import film, write_bundle, write_classes
from tests.forge import forge_array, reseal
from tests.pictures import png
from training.auditing.duplicates import equal_tiles, find_groups
from training.auditing.labels import read_classes
from training.auditing.leaks import find_leaks
from training.auditing.likeness import SIDE, Bounds, Looks, copied, detail

COUNT = 24
NEAR = Bounds(distance=1.0, likeness=0.7, copies=1, strangers=1)


def likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(detail(first), detail(second))[0, 1])


def test_a_copy_is_like_its_tile_and_another_film_is_not():
    """Exposure, JPEG and a pixel's shift leave the grain; soft shades alone do not count."""
    rng = np.random.default_rng(1)
    tiles = [film(rng, 192) for _ in range(6)]
    assert min(likeness(tile, copied(rng, tile)) for tile in tiles) > 0.5
    assert max(likeness(a, b) for a, b in pairwise(tiles)) < 0.2


def test_a_film_edge_alone_is_no_content():
    """Two black tiles with one straight edge would be alike; most of them is flat."""
    tile = np.zeros((SIDE, SIDE), dtype=np.uint8)
    tile[:, 50:] = 180
    assert not detail(tile).any()


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle whose tiles 3 and 8 are equal, and 5 a near copy of 4 by latent and pixels."""
    path = tmp_path / "bundle"
    write_bundle(path, np.zeros(COUNT, dtype=bool))
    rng = np.random.default_rng(5)
    tiles = [film(rng, 16) for _ in range(COUNT)]
    tiles[8] = tiles[3]
    tiles[5] = (tiles[4] * 0.9).astype(np.uint8)
    pictures = [png(tile) for tile in tiles]
    (path / "pictures.bin").write_bytes(b"".join(pictures))
    forge_array(path, "picture_offsets.npy", np.cumsum([0, *map(len, pictures)]))
    opened = open_bundle(path)
    neighbors = np.array(opened.neighbors)
    distances = np.full(neighbors.shape, 9.0, dtype=np.float32)
    for one, other in ((4, 5), (6, 7)):  # 6 and 7 are near by latent alone
        at = np.flatnonzero(neighbors[one] == other)
        neighbors[one, at] = neighbors[one, 0]
        neighbors[one, 0], distances[one, 0] = other, 0.5
    forge_array(path, "neighbors.npy", neighbors)
    forge_array(path, "neighbor_distances.npy", distances)
    reseal(path)
    return open_bundle(path)


def test_equal_pixels_are_exact_and_near_latents_are_verified(bundle: Bundle):
    """What is near by latent alone is no duplicate."""
    assert equal_tiles(bundle)[8] == 3
    groups = find_groups(bundle, NEAR, Looks(bundle), lambda _: None)
    assert [(group.kind, group.rows) for group in groups] == [("exact", [3, 8]), ("near", [4, 5])]


def test_leaks_are_patients_scans_and_contents_in_two_splits(bundle: Bundle, tmp_path: Path):
    """A content under two classes is told too."""
    splits = {3: "train", 8: "test"}
    rows = [
        (f"t{at:04d}", "b" if at == 8 else "ab"[at % 2 == 0], splits.get(at, "train"), f"p{at % 6}")
        for at in range(COUNT)
    ]
    rows[3] = ("t0003", "a", "train", "p3")
    classes = read_classes(
        write_classes(tmp_path / "c.csv", rows, "id,class,split,patient"), bundle
    )
    groups = find_groups(bundle, NEAR, Looks(bundle), lambda _: None)
    found = find_leaks(bundle, classes, groups)
    told = {(leak.kind, leak.name): leak.places for leak in found}
    assert told["patient", "p2"] == {"test": 1, "train": 3}
    assert told["scan", "film-c"] == {"test": 1, "train": 7}
    assert told["content", "1"] == {"test": 1, "train": 1}
    assert told["class", "1"] == {"a": 1, "b": 1}
    assert ("patient", "p1") not in told

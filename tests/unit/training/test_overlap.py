"""Which tiles see the same film, found in their pixels, and what they make of it together."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bundle.runtime import Examined, OnnxEncoder, no_maps
from tests.tile_folders import tile_set
from training.learning.pipeline import examine
from training.overlap import Overlap, find_overlap
from training.progress import StepLog
from training.tiles import TileSet

SIDE, GRID = 64, 8


def film(seed: int, side: int = 480) -> NDArray[np.float32]:
    """Return a film with structure of every size."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.uniform(0, 255, (side // size, side // size)).astype(np.float32))
        for size in (1, 4, 16, 60)
    ]
    return np.mean([np.asarray(one.resize((side, side))) for one in layers], axis=0)


def cut(window: int, stride: int, *, films: int = 2) -> TileSet:
    """Return the windows of some films as tiles of 64 pixels."""
    inputs, scans, corners = [], [], []
    for number in range(films):
        pixels = film(number)
        for y in range(0, len(pixels) - window + 1, stride):
            for x in range(0, len(pixels) - window + 1, stride):
                tile = Image.fromarray(pixels[y : y + window, x : x + window])
                inputs.append(np.asarray(tile.resize((SIDE, SIDE))).clip(0, 255).astype(np.uint8))
                scans.append(number)
                corners.append((y, x))
    return replace(
        tile_set(np.stack(inputs)),
        scan_numbers=np.array(scans, np.int32),
        positions=np.array(corners, np.int32),
    )


@pytest.mark.parametrize(("window", "stride"), [(64, 32), (120, 70), (100, 80)])
def test_the_width_of_a_tile_shows_in_the_pixels(window: int, stride: int) -> None:
    """Tiles of any size and step, resized: each neighbour's step is told in widths of a tile."""
    tiles = cut(window, stride)
    found = find_overlap(tiles)
    assert found is not None
    rows, columns = np.nonzero(found.near >= 0)
    away = tiles.positions[found.near[rows, columns]] - tiles.positions[rows]
    np.testing.assert_allclose(found.steps[rows, columns], away / window, atol=0.03)
    assert (np.abs(away) < window).all()
    middle = len(tiles) // 4 + int(len(tiles) ** 0.5) // 4
    nearby = np.abs(tiles.positions - tiles.positions[middle]).max(axis=1)
    same = tiles.scan_numbers == tiles.scan_numbers[middle]
    sharing = np.flatnonzero(same & (nearby > 0) & (nearby < 0.95 * window))
    assert set(sharing) <= set(found.near[middle].tolist())


def test_tiles_that_share_nothing_have_no_overlap() -> None:
    """Side by side, of unlike films at the places of one, or of no known place."""
    assert find_overlap(cut(48, 48)) is None
    tiles = cut(64, 32)
    mixed = np.random.default_rng(1).permutation(len(tiles))
    assert find_overlap(replace(tiles, inputs=tiles.inputs[mixed])) is None
    nowhere = np.full_like(tiles.positions, -1)
    assert find_overlap(replace(tiles, positions=nowhere)) is None
    flat = np.full_like(tiles.inputs, 90)
    assert find_overlap(replace(tiles, inputs=flat)) is None


def test_a_place_has_the_mean_of_all_that_see_it() -> None:
    """Two tiles half a width apart: what both see is the mean, what one sees its own."""
    near = np.array([[1], [0], [-1]], np.int32)
    steps = np.array([[[0, 0.5]], [[0, -0.5]], [[0, 0]]], np.float32)
    maps = np.zeros((3, GRID, GRID), np.float32)
    maps[0], maps[1], maps[2] = 2, 6, 9
    agreed = Overlap(near, steps).agreed(maps)
    half = GRID // 2
    assert (agreed[0][:, :half] == 2).all()
    assert (agreed[0][:, half:] == 4).all()
    assert (agreed[1][:, :half] == 4).all()
    assert (agreed[1][:, half:] == 6).all()
    assert (agreed[2] == 9).all()


def test_between_cells_a_view_is_interpolated() -> None:
    """A step of a cell and a half: a slope stays a slope."""
    slope = np.arange(GRID, dtype=np.float32)
    step = 1.5 / GRID
    near = np.array([[1], [0]], np.int32)
    steps = np.array([[[step, 0]], [[-step, 0]]], np.float32)
    maps = np.stack([np.tile(slope[:, None], (1, GRID)), np.tile(slope[:, None] + 1.5, (1, GRID))])
    np.testing.assert_allclose(Overlap(near, steps).agreed(maps), maps, atol=1e-5)


def test_some_tiles_know_of_no_others() -> None:
    """Rows are those of the part, and whoever is not in it is no neighbour."""
    near = np.array([[1, 2], [0, 2], [0, 1], [-1, -1]], np.int32)
    steps = np.arange(16, dtype=np.float32).reshape(4, 2, 2) / 20
    part = Overlap(near, steps).among(np.array([0, 2, 3]))
    assert part.near.tolist() == [[-1, 1], [0, -1], [-1, -1]]
    np.testing.assert_array_equal(part.steps, steps[[0, 2, 3]])


class NoMaps:
    """An encoder as the study's, which says nothing of places."""

    def examine(self, tiles: NDArray[np.uint8]) -> Examined:
        """(n, side, side) uint8 -> mean greys."""
        return Examined(tiles.mean((1, 2), dtype=np.float32)[:, None], no_maps(len(tiles)))


def test_an_encoder_without_maps_has_nothing_to_agree_on() -> None:
    """Tiles that share film keep what is said of them alone, which is nothing."""
    tiles = cut(64, 32)
    seen = examine(cast("OnnxEncoder", NoMaps()), tiles, find_overlap(tiles), StepLog())
    assert len(seen.latents) == len(tiles)
    assert seen.placed is seen.evidence
    assert (seen.placed.peaks == -np.inf).all()

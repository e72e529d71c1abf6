"""The 2-D map of the latents."""

import numpy as np
import pytest

from bundle import Bundle
from training.reporting.tilemap import COLUMNS, ROWS, lay_out, representatives, tile_map


def points(count: int, width: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def test_cells_hold_one_picture_each():
    """However many tiles fall in a cell, one is chosen: the one nearest its middle."""
    middle = [0.5 / COLUMNS, 0.5 / ROWS]
    chosen = representatives(np.array([[0.0, 0.0], middle, [1.0, 1.0]]))
    assert chosen == {(0, 0): 1, (COLUMNS - 1, ROWS - 1): 2}


@pytest.mark.parametrize("count", [2, 3, 9, 12])
def test_small_sets_are_laid_out(count: int):
    """Any number of tiles from two up has a layout in the unit square."""
    _, layout = lay_out(points(count), seed=1)
    assert layout.shape == (count, 2)
    assert layout.min() >= 0
    assert layout.max() <= 1


def test_one_dimension_is_laid_out():
    """A latent of one number lies on a line."""
    method, layout = lay_out(points(20, width=1), seed=1)
    assert method == "PCA"
    assert np.ptp(layout[:, 1]) == 0


def test_equal_tiles_lie_in_the_middle():
    """Tiles that are all the same have one place and raise no warning."""
    _, layout = lay_out(np.ones((12, 4), dtype=np.float32), seed=1)
    assert (layout == 0.5).all()


def test_layout_is_seeded():
    """The same seed gives the same map."""
    first, second = (lay_out(points(12), seed=3)[1] for _ in range(2))
    assert (first == second).all()


def test_neighbourhoods_are_kept():
    """Two groups far apart stay apart on the map."""
    both = np.concatenate([points(20), points(20, seed=1) + 40])
    method, layout = lay_out(both, seed=1)
    centres = layout[:20].mean(0), layout[20:].mean(0)
    spread = layout[:20].std(), layout[20:].std()
    assert method == "t-SNE"
    assert np.linalg.norm(centres[0] - centres[1]) > max(spread)


def test_places_know_their_tile(tiny_bundle: Bundle):
    """Each place has an id, a picture and the label of that tile."""
    found = tile_map(tiny_bundle, seed=1)
    assert found.placed == found.tiles == 12
    for place in found.places:
        assert place.label == tiny_bundle.labels[tiny_bundle.row(place.tile.id)]
        assert place.tile.uri.startswith("data:image/webp;base64,")

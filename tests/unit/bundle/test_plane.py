"""Every bundle has a map: the one that was stored, or one by principal axes."""

from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, open_bundle
from bundle.plane import principal_plane
from tests.tiny import write_tiny_bundle


def test_a_stored_map_is_the_map(tmp_path: Path) -> None:
    """A bundle with a map shows that one, row by row."""
    write_tiny_bundle(tmp_path / "bundle", plane=True)
    opened = open_bundle(tmp_path / "bundle")
    assert opened.plane.tolist() == opened.latents[:, :2].tolist()


def test_a_bundle_without_a_map_gets_one(tiny_bundle: Bundle) -> None:
    """Bundles of before are laid out along their main axes, within -1 to 1."""
    assert tiny_bundle.plane.shape == (12, 2)
    assert np.abs(tiny_bundle.plane).max() == pytest.approx(1)
    # Dark and bright tiles differ most of all: they stand on two sides.
    sides = tiny_bundle.plane[:-1, 0] > 0
    assert len(set(sides[:6])) == len(set(sides[6:])) == 1
    assert sides[0] != sides[-1]


def test_the_main_axes_are_those_of_the_widest_spread() -> None:
    """Of a cloud ten times as wide along one axis as along another, these two are shown."""
    cloud = np.random.default_rng(1).normal(0, [1, 10, 0.1, 100], (500, 4)).astype(np.float32)
    plane = principal_plane(cloud)
    assert abs(np.corrcoef(plane[:, 0], cloud[:, 3])[0, 1]) > 0.99
    assert abs(np.corrcoef(plane[:, 1], cloud[:, 1])[0, 1]) > 0.99


@pytest.mark.parametrize("shape", [(2, 1), (1, 3), (5, 4)])
def test_points_that_are_all_the_same_have_places_too(shape: tuple[int, int]) -> None:
    """Nothing to tell tiles apart by is no error: they all stand in the middle."""
    assert principal_plane(np.ones(shape, np.float32)).tolist() == [[0, 0]] * shape[0]

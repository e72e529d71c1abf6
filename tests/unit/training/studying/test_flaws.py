"""The study's flaws, each alone."""

import numpy as np
import pytest

from bundle.preprocess import resize
from training.studying.flaws import (
    STUDY_KEPT,
    gapped_index,
    in_grey,
    looked_up,
    nearest_resized,
    skewed,
)


def grey(height: int, width: int) -> np.ndarray:
    ramp = np.add.outer(np.arange(height), np.arange(width)) * 255 / (height + width - 2)
    return ramp.astype(np.uint8)


def test_skewed_tile_is_green():
    """Red and blue are exactly 0; green holds the picture."""
    picture = skewed(grey(60, 60), 16)
    assert picture.shape == (16, 16, 3)
    assert picture[..., 0].max() == picture[..., 2].max() == 0
    assert picture[..., 1] == pytest.approx(resize(grey(60, 60), 16) / 255, abs=0.01)


def test_skewed_tile_has_the_known_numbers():
    """The green channel has the numbers that scikit-image 0.26 gives for this tile."""
    tile = np.zeros((4, 4), dtype=np.uint8)
    tile[0, 0], tile[2, 1] = 255, 102
    expected = np.array([[0.21006688, 0.00120335], [0.10000614, 0.01069504]])
    assert skewed(tile, 2)[..., 1] == pytest.approx(expected, abs=1e-7)


def test_same_size_is_not_smoothed():
    """A tile of the right size loses its colours and nothing else."""
    tile = grey(16, 16)
    assert skewed(tile, 16)[..., 1] == pytest.approx(tile / 255, abs=1e-6)


def test_grey_has_three_equal_channels():
    """What the encoder was trained on is the tile three times, in [0, 1]."""
    picture = in_grey(np.array([[[0, 51], [102, 255]]], dtype=np.uint8))
    assert picture.shape == (1, 2, 2, 3)
    assert picture[0, :, :, 2] == pytest.approx(np.array([[0, 0.2], [0.4, 1]]))
    assert (picture[..., 0] == picture[..., 1]).all()


def test_nearest_resize_takes_single_pixels():
    """The generator's resize makes no new grey level."""
    tile = np.random.default_rng(0).integers(0, 2, (60, 60)).astype(np.uint8) * 255
    assert set(np.unique(nearest_resized(tile, 16))) == {0, 1}


def test_gaps_are_as_frequent_as_the_study_s():
    """The index ascends, has one label a row, and leaves out the study's share."""
    index = gapped_index(10_000, np.random.default_rng(1))
    assert len(index) == 10_000
    assert (np.diff(index) > 0).all()
    assert index[-1] == pytest.approx(10_000 / STUDY_KEPT, rel=0.01)


def test_rows_are_taken_for_labels():
    """Row 2 is looked up as the label 2, which another row has; label 1 no row has."""
    index = np.array([0, 2, 3])
    assert looked_up(np.array([[0, 1, 2]], dtype=np.int32), index).tolist() == [[0, -1, 1]]


def test_no_row_stays_no_row():
    """Where there was no neighbour, none is shown; labels past the end are not there."""
    rows = np.array([[-1, 2]], dtype=np.int32)
    assert looked_up(rows, np.array([0, 1])).tolist() == [[-1, -1]]


def test_index_without_gaps_is_right():
    """Without gaps the look-up is harmless, as the study's authors must have seen at first."""
    rows = np.array([[2, 0], [1, 1]], dtype=np.int32)
    assert (looked_up(rows, np.arange(3)) == rows).all()

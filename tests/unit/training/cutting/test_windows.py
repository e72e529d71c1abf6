"""The recipe: where windows lie, what a tile is made of, which ones are blank."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.errors import InputError
from tests.films import film
from training.cutting.windows import (
    Cut,
    Recipe,
    corners,
    cut_window,
    is_blank,
    scan_of_file,
    tile_id,
    without_white,
)

SMALL = Recipe(window=16, stride=8, size=8)


def test_defaults_are_the_studys() -> None:
    """598 px every 350 px, to 299 px, // 256, white to black."""
    recipe = Recipe()
    assert (recipe.window, recipe.stride, recipe.size) == (598, 350, 299)
    assert (recipe.sixteen_bit, recipe.keep_white) == ("divide", False)


def test_no_window_crosses_the_border() -> None:
    """Windows begin at multiples of the stride and the last one still fits."""
    assert corners(film(30, 16), SMALL) == [(0, 0), (8, 0)]
    assert corners(film(32, 24), SMALL)[-1] == (16, 8)


def test_scan_of_the_windows_size_gives_one() -> None:
    """A scan as large as the window is not too small."""
    assert corners(film(16, 16), SMALL) == [(0, 0)]


def test_smaller_scan_is_refused() -> None:
    """One pixel less, and the sentence names both sizes."""
    with pytest.raises(InputError, match="15 x 40 pixels, smaller than the window of 16"):
        corners(film(40, 15), SMALL)


def test_halving_averages_four_pixels() -> None:
    """The area resize from 598 to 299 is the rounded mean of 2 x 2 pixels."""
    grey = film(16, 16)
    _, tile = cut_window(grey, (0, 0), SMALL)
    mean = grey.reshape(8, 2, 8, 2).astype(int).sum((1, 3))
    np.testing.assert_array_equal(np.asarray(tile), (mean + 2) // 4)


def test_other_ratios_are_area_resized_too() -> None:
    """5 to 8 pixels: every tile pixel is the mean of the area it covers."""
    grey = np.zeros((20, 20), np.uint8)
    grey[:, :10] = 200
    _, tile = cut_window(grey, (0, 0), Recipe(window=20, stride=8, size=8))
    assert np.asarray(tile)[0].tolist() == [200] * 4 + [0] * 4


def test_numbers_of_a_tile_are_those_of_its_pixels() -> None:
    """Mean, deviation and near-black share agree with numpy on the written tile."""
    cut, tile = cut_window(film(), (8, 16), SMALL)
    pixels = np.asarray(tile).astype(float)
    assert (cut.y, cut.x) == (8, 16)
    assert cut[2:4] == pytest.approx((pixels.mean(), pixels.std()))
    assert cut.near_black == (pixels <= 16).mean()


def test_only_pure_white_becomes_black() -> None:
    """255 is set to 0 and 254 stays."""
    grey = np.array([[0, 254, 255]], np.uint8)
    assert without_white(grey).tolist() == [[0, 254, 0]]
    assert grey[0, 2] == 255


def test_even_and_dark_is_blank() -> None:
    """Both must hold, each threshold included."""
    recipe = Recipe(blank_mean=10, blank_std=2)
    assert is_blank(Cut(0, 0, 10.0, 2.0, 1.0), recipe)
    assert not is_blank(Cut(0, 0, 10.1, 2.0, 1.0), recipe)
    assert not is_blank(Cut(0, 0, 10.0, 2.1, 1.0), recipe)


def test_sliver_of_a_letter_is_not_blank() -> None:
    """A stroke's end of 6 x 6 pixels in the corner of a black tile keeps it."""
    tile = np.zeros((299, 299), np.uint8)
    tile[:6, :6] = 60
    cut, _ = cut_window(tile, (0, 0), Recipe(window=299))
    assert not is_blank(cut, Recipe())


@pytest.mark.parametrize(
    ("option", "value"),
    [("window", 7), ("stride", 0), ("size", 3000), ("near_black", 256), ("blank_std", -1.0)],
)
def test_number_out_of_bounds_is_refused(option: str, value: Any) -> None:
    """The sentence names the option as typed, the value and the bounds."""
    flag = option.replace("_", "-")
    with pytest.raises(InputError, match=f"--{flag} is {value}; give a number from"):
        Recipe(**{option: value})


def test_not_a_number_is_refused() -> None:
    """NaN lies within no bounds."""
    with pytest.raises(InputError, match="--blank-mean is nan"):
        Recipe(blank_mean=float("nan"))


def test_tile_id_sorts_by_position_and_tells_its_scan() -> None:
    """Ids of one scan sort by y and x, and lead back to the scan."""
    assert tile_id("a_1-130", 350, 700) == "a_1-130_y00350_x00700"
    assert tile_id("a", 700, 0) < tile_id("a", 10_150, 0)
    assert scan_of_file("a_y1_y00350_x00700.png") == "a_y1"
    assert scan_of_file("c311.png") is None


def test_tile_is_one_grey_channel() -> None:
    """Tiles are 8-bit grey, as the one preprocessing takes them without change."""
    _, tile = cut_window(film(), (0, 0), SMALL)
    assert isinstance(tile, Image.Image)
    assert (tile.mode, tile.size) == ("L", (8, 8))

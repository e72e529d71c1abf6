"""The study's recipe: which windows of a scan become tiles, and which of them are blank."""

import re
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from PIL import Image

from bundle.arrays import Grey
from bundle.errors import InputError
from bundle.preprocess import MAX_PIXELS, MIN_SIDE
from training.cutting.scan_files import PatientRule
from training.cutting.scans import SixteenBit

_WHITE = 255
_MAX_SIDE = int(MAX_PIXELS**0.5)
_BOUNDS: dict[str, tuple[float, float]] = {
    "window": (MIN_SIDE, 65_536),
    "stride": (1, 65_536),
    "size": (MIN_SIDE, _MAX_SIDE),
    "near_black": (0, 255),
    "blank_mean": (0, 255),
    "blank_std": (0, 128),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How scans become tiles. Defaults are the study's, where study.md gives them.

    window, stride, size: pixels of the scan, pixels of the scan, pixels of the tile.
    near_black: highest grey level that counts as near black.
    blank_mean, blank_std: a tile at or below both is blank. Ours, not the study's:
        docs/decisions.md#blank-tiles.
    patient: where the patient comes from, see `training.cutting.scan_files.patient_of`.

    Raises:
        InputError: a number is out of its bounds.
    """

    window: int = 598
    stride: int = 350
    size: int = 299
    sixteen_bit: SixteenBit = "divide"
    keep_white: bool = False
    near_black: int = 16
    blank_mean: float = 16.0
    blank_std: float = 1.0
    keep_blank: bool = False
    patient: PatientRule = "auto"

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name in _BOUNDS):
            value = getattr(self, name)
            low, high = _BOUNDS[name]
            if not low <= value <= high:
                option = f"--{name.replace('_', '-')}"
                raise InputError(f"{option} is {value}; give a number from {low} to {high}.")


class Cut(NamedTuple):
    """A window's corner in its scan, and what its tile looks like in numbers.

    near_black: share of near-black pixels, 0 to 1.
    """

    y: int
    x: int
    mean: float
    std: float
    near_black: float


def corners(grey: Grey, recipe: Recipe) -> list[tuple[int, int]]:
    """Return (y, x) of all windows: multiples of the stride, none crossing the border.

    Raises:
        InputError: the scan is smaller than one window.
    """
    height, width = grey.shape
    if min(height, width) < recipe.window:
        raise InputError(
            f"It is {width} x {height} pixels, smaller than the window of {recipe.window}; "
            "give a smaller --window."
        )
    ys = range(0, height - recipe.window + 1, recipe.stride)
    xs = range(0, width - recipe.window + 1, recipe.stride)
    return [(y, x) for y in ys for x in xs]


def without_white(grey: Grey) -> Grey:
    """Set pure white to black, as the study did: label plates and masks are pure white."""
    return np.where(grey == _WHITE, np.uint8(0), grey)


def cut_window(grey: Grey, corner: tuple[int, int], recipe: Recipe) -> tuple[Cut, Image.Image]:
    """Cut one window of a (height, width) uint8 scan: its numbers and its tile."""
    y, x = corner
    tile = _area_resize(grey[y : y + recipe.window, x : x + recipe.window], recipe.size)
    return _measure(tile, corner, recipe.near_black), tile


def _area_resize(window: Grey, size: int) -> Image.Image:
    image = Image.fromarray(window)
    factor, rest = divmod(len(window), size)
    if rest == 0 and factor > 0:
        return image.reduce(factor)  # one rounding, where resize rounds per direction
    return image.resize((size, size), Image.Resampling.BOX)


def _measure(tile: Image.Image, corner: tuple[int, int], near_black: int) -> Cut:
    counts = np.array(tile.histogram(), dtype=np.int64)
    levels = np.arange(256)
    pixels = int(counts.sum())
    mean = float(counts @ levels) / pixels
    variance = float(counts @ (levels - mean) ** 2) / pixels
    share = float(counts[: near_black + 1].sum()) / pixels
    return Cut(*corner, mean, variance**0.5, share)


def is_blank(cut: Cut, recipe: Recipe) -> bool:
    """Tell film without anything on it: dark, and hardly a pixel differs.

    Both must hold: lettering at the rim of a black tile leaves the mean low, but not the
    deviation. With a deviation of at most 1, a stroke of contrast 60 has at most 25 of
    a tile's 89,401 pixels.
    """
    return cut.mean <= recipe.blank_mean and cut.std <= recipe.blank_std


def tile_id(scan: str, y: int, x: int) -> str:
    """Return a tile's id, also its file's name without `.png`."""
    return f"{scan}_y{y:05d}_x{x:05d}"


_TILE_FILE = re.compile(r"(.+)_y\d{5,}_x\d{5,}\.png")


def scan_of_file(name: str) -> str | None:
    """Return the scan that a tile's file name begins with, None for other names."""
    match = _TILE_FILE.fullmatch(name)
    return match and match[1]

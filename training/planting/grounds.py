"""Clean grounds for planting: windows of real films at many scales, none with lettering."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bundle.errors import InputError

Grey = NDArray[np.uint8]
Polygon = list[list[float]]

NO, YES, UNSAID = 0, 1, 2
"""What is said of a cell or a tile: nothing is learnt from the third."""
_SMALLEST = 150
"""Shortest side of a window in pixels of the scan: at 50 micrometres a pixel, 7 mm of film."""
_LARGEST = 0.8
_RIM = 0.06
"""Share of a scan's side along its border where the film's own edge may lie."""
_TRIES = 20


@dataclass(frozen=True)
class Ground:
    """A clean tile to plant on.

    pixels: (side, side) float32 in [0, 1].
    rim: it may hold the film's own edge or a scanner's mask.
    believed: (g, g, 3) uint8 of NO, YES, UNSAID: lettering, film edges and masks of its own, in
        cells of the evidence map; None where it is known to have no lettering.
    lettering: the same of lettering on the whole tile.
    """

    pixels: NDArray[np.float32] = field(repr=False)
    rim: bool
    believed: NDArray[np.uint8] | None = field(default=None, repr=False)
    lettering: int = NO


def read_regions(file: Path) -> Mapping[str, list[Polygon]]:
    """Read hand-drawn lettering regions: scan -> polygons of x, y as shares of width and height.

    Raises:
        InputError: the file is no such table.
    """
    try:
        told = json.loads(file.read_bytes())
        return {name: about["lettering"] for name, about in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file} is no table of lettering regions ({error}). It must be JSON: "
            '{"SCAN": {"lettering": [[[x, y], ...]]}} with shares of width and height.'
        ) from error


def windows(
    film: Grey, regions: list[Polygon], count: int, side: int, rng: np.random.Generator
) -> Iterator[tuple[Grey, bool]]:
    """Yield windows of a film without lettering: (side, side) uint8, and whether at its rim.

    Args:
        film: (height, width) uint8.
        regions: polygons round its lettering.
        count: how many windows.
        side: pixels of a window after resizing.
        rng: chooses places and scales, from 150 pixels to nearly the whole film.
    """
    written = _written(film.shape, regions)
    picture = Image.fromarray(film)
    height, width = film.shape
    for _ in range(count):
        for _ in range(_TRIES):
            largest = _LARGEST * min(film.shape)
            size = int(np.exp(rng.uniform(np.log(min(_SMALLEST, largest)), np.log(largest))))
            y, x = int(rng.integers(0, height - size)), int(rng.integers(0, width - size))
            if written[y // 8 : (y + size) // 8 + 1, x // 8 : (x + size) // 8 + 1].any():
                continue
            part = picture.crop((x, y, x + size, y + size))
            tile = np.asarray(part.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2))
            if tile.std() < 1 and rng.random() < 0.8:  # film without anything on it abounds
                continue
            margin_y, margin_x = _RIM * height, _RIM * width
            inside_y = margin_y < y < height - size - margin_y
            inside = inside_y and margin_x < x < width - size - margin_x
            yield tile, not inside
            break


def _written(shape: tuple[int, ...], regions: list[Polygon]) -> NDArray[np.bool_]:
    """Return where there is lettering, at an eighth of the size."""
    height, width = shape[0] // 8 + 1, shape[1] // 8 + 1
    page = Image.new("1", (width, height))
    draw = ImageDraw.Draw(page)
    for polygon in regions:
        draw.polygon([(x * width, y * height) for x, y in polygon], fill=1, outline=1)
    return np.asarray(page)

"""Noise, curves and soft edges: what synthetic films and distractors are drawn with."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Plane = NDArray[np.float32]  # (side, side) or (height, width)
Points = NDArray[np.float64]  # (n, 2), x and y in pixels
Stroke = tuple[Points, float]  # a path and its width in pixels

_MESH_CELLS = 4
_SUPERSAMPLING = 2
_COARSEST = 3  # pixels of the first octave's longer side


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with this probability."""
    return bool(rng.random() < probability)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number in [low, high], its logarithm uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def axes(side: int) -> tuple[Plane, Plane]:
    """Give x (1, side) and y (side, 1) of the pixels' centres, in pixels."""
    line = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return line[None, :], line[:, None]


def noise(
    rng: np.random.Generator, height: int, width: int, exponent: float, finest: int = 0
) -> Plane:
    """Noise with a power spectrum of about 1 / frequency ** exponent, mean 0, deviation 1.

    Octaves are added from coarse to fine; the `finest` ones are left out. (height, width).
    """
    halvings = max(int(np.log2(max(max(height, width) / _COARSEST, 1.0))), finest)
    gain, amplitude = 2.0 ** ((2.0 - exponent) / 2.0), 1.0
    field = np.zeros((2, 2), np.float32)
    for halving in range(halvings, finest - 1, -1):
        size = (ceil(width / 2**halving), ceil(height / 2**halving))
        field = resized(field, size)
        field += np.float32(amplitude) * rng.standard_normal(size[::-1], dtype=np.float32)
        amplitude *= gain
    field = resized(field, (width, height)) if finest else field
    field -= field.mean()
    return field / np.float32(max(float(field.std()), 1e-6))


def resized(field: Plane, size: tuple[int, int]) -> Plane:
    """The plane at another (width, height), bicubic."""
    return np.array(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC), np.float32)


def texture(
    rng: np.random.Generator, side: int, exponent: float, *, stretch: float, finest: int = 0
) -> Plane:
    """Noise drawn out `stretch` times along a random, gently bent direction. (side, side)."""
    reach = ceil(side * 1.5)
    field = noise(rng, reach, max(ceil(reach / stretch), 8), exponent, finest)
    corners = _bent_grid(rng, side, (field.shape[1], field.shape[0]), stretch)
    edges = np.linspace(0, side, _MESH_CELLS + 1).round().astype(int)
    mesh = []
    for row in range(_MESH_CELLS):
        for column in range(_MESH_CELLS):
            box = (edges[column], edges[row], edges[column + 1], edges[row + 1])
            around = ((row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1))
            quad = tuple(float(value) for at in around for value in corners[at])
            mesh.append((tuple(int(value) for value in box), quad))
    picture = Image.fromarray(field)
    bent = picture.transform(
        (side, side), Image.Transform.MESH, mesh, resample=Image.Resampling.BILINEAR
    )
    return np.array(bent, np.float32)


def _bent_grid(
    rng: np.random.Generator, side: int, size: tuple[int, int], stretch: float
) -> NDArray[np.float64]:
    """Where each corner of the mesh lies in a field of this (width, height): (n, n, 2)."""
    angle = rng.uniform(0, np.pi)
    line = np.linspace(-0.5, 0.5, _MESH_CELLS + 1) * side
    x, y = line[None, :], line[:, None]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    across = across + rng.normal(0, 0.08) * side * np.cos(along * np.pi / side + rng.uniform(0, 6))
    grid = np.stack([along / stretch + size[0] / 2, across + size[1] / 2], axis=-1)
    return np.asarray(np.clip(grid, 1.0, np.array(size) - 1.5), np.float64)


def path(
    rng: np.random.Generator, start: Points, heading: float, length: float, bend: float
) -> Points:
    """A smooth curve of this length in pixels that turns about `bend` radians on its way."""
    steps = int(np.clip(length / 3, 4, 60))
    turning = rng.normal(0, bend) + rng.normal(0, bend) * np.sin(
        np.linspace(0, rng.uniform(2, 9), steps) + rng.uniform(0, 6)
    )
    headings = heading + np.cumsum(turning) / steps
    moves = np.stack([np.cos(headings), np.sin(headings)], axis=1) * (length / steps)
    return np.concatenate([start[None], start + np.cumsum(moves, axis=0)])


def crossing(rng: np.random.Generator, side: int, bend: float) -> Points:
    """A smooth curve from border to border, through a random point."""
    middle = rng.uniform(0.1, 0.9, 2) * side
    heading = rng.uniform(0, 2 * np.pi)
    one, other = (path(rng, middle, heading + turn, 1.6 * side, bend) for turn in (0.0, np.pi))
    return np.concatenate([other[:0:-1], one])


def strokes(side: int, drawn: Sequence[Stroke], blur: float = 0.0) -> Plane:
    """How far each pixel is covered by the strokes, 0 to 1. (side, side)."""
    sheet = Image.new("L", (side * _SUPERSAMPLING, side * _SUPERSAMPLING))
    pen = ImageDraw.Draw(sheet)
    for points, width in drawn:
        wide = max(round(width * _SUPERSAMPLING), 1)
        line = (points * _SUPERSAMPLING).ravel().tolist()
        pen.line(line, fill=255, width=wide, joint="curve" if wide > 1 else None)
    return coverage(sheet.reduce(_SUPERSAMPLING), blur)


def discs(side: int, centres: Points, radii: NDArray[np.float64], blur: float = 0.0) -> Plane:
    """How far each pixel is covered by the discs, 0 to 1; radii in pixels. (side, side)."""
    scale = 2 * _SUPERSAMPLING if len(radii) == 1 else _SUPERSAMPLING
    sheet = Image.new("L", (side * scale, side * scale))
    pen = ImageDraw.Draw(sheet)
    for (x, y), radius in zip(centres * scale, radii * scale, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return coverage(sheet.reduce(scale), blur)


def coverage(sheet: Image.Image, blur: float = 0.0) -> Plane:
    """An 8 bit sheet as numbers from 0 to 1, blurred by so many pixels. (height, width)."""
    soft = sheet.filter(ImageFilter.GaussianBlur(blur)) if blur else sheet
    return np.asarray(soft, np.float32) / np.float32(255)


def step(distance: Plane, width: float) -> Plane:
    """0 where the distance is negative, 1 beyond the width, smooth between."""
    t = np.clip(distance / np.float32(max(width, 1e-3)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)

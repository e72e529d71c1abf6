"""Distractors of film, cassette and scanner: borders, masks, scratches, dust, noise.

Each draws one on pixels (side, side) float32 in [0, 1] and gives the new pixels, not clipped.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.fft import idctn

from training.planting.canvas import (
    Plane,
    Stroke,
    axes,
    chance,
    crossing,
    discs,
    log_uniform,
    noise,
    path,
    resized,
    step,
    strokes,
)

_NEAR = 1 / 64  # greys that differ by less are one
_BLOCK = 8  # pixels of JPEG's blocks
_DARK = 0.12  # mean grey of film without anything on it


def contrast(rng: np.random.Generator, pixels: Plane, low: float = 0.03) -> float:
    """How much a mark adds, from `low` to 1: mostly brighter, darker on bright pixels."""
    amount = log_uniform(rng, low, 1.0)
    return -amount if chance(rng, 0.1 + 0.8 * float(pixels.mean())) else amount


def draw_film_edge(rng: np.random.Generator, pixels: Plane) -> tuple[Plane, Plane]:
    """A bar along one border or two; pixels and how far they are covered, 0 to 1."""
    side = len(pixels)
    outside = _beyond_film(rng, side)
    softness = rng.uniform(0.5, 1.5) if chance(rng, 0.6) else log_uniform(rng, 1.5, 0.08 * side + 2)
    cover = _bar(rng, outside, softness)
    bar = rng.uniform(0.12, 1.0) + rng.normal(0, 0.3) * np.maximum(outside, 0) / side
    bar = np.clip(bar + log_uniform(rng, 0.001, 0.03) * noise(rng, side, side, 1.8, 1), 0, 1)
    turns = int(rng.integers(4))
    cover = np.rot90(cover, turns).astype(np.float32)
    return pixels + cover * (np.rot90(bar, turns).astype(np.float32) - pixels), cover


def _bar(rng: np.random.Generator, outside: Plane, softness: float) -> Plane:
    """The covered part beyond the film: all, a band, all and a thin line, or all but notches."""
    side = len(outside)
    cover = step(outside, softness)
    if chance(rng, 0.25):
        beyond = step(outside - log_uniform(rng, 0.01, 0.15) * side - 2, softness)
        return np.asarray(cover * (1 - beyond), np.float32)
    if chance(rng, 0.3):
        away = outside + log_uniform(rng, 0.02, 0.1) * side + 2
        thin = step(away, 1) * (1 - step(away - log_uniform(rng, 1, 0.02 * side + 1.5), 1))
        return np.asarray(np.maximum(cover, rng.uniform(0.3, 1) * thin), np.float32)
    return step(outside - _notches(rng, side), softness) if chance(rng, 0.15) else cover


def _beyond_film(rng: np.random.Generator, side: int) -> Plane:
    """Pixels beyond a film's top border, with its left one at times, round or notched."""
    x, y = axes(side)
    slope = np.tan(np.deg2rad(rng.uniform(-3, 3) * rng.random())) if chance(rng, 0.6) else 0.0
    if chance(rng, 0.1):
        slope = np.tan(np.deg2rad(rng.uniform(-20, 20)))
    above = log_uniform(rng, 0.01, 0.3) * side - y - slope * (x - side / 2)
    rough = np.float32(rng.uniform(0, 0.8)) * noise(rng, 1, max(side, 8), 2.0)
    above = above + rough[:, :side] if chance(rng, 0.5) else above
    if chance(rng, 0.7):
        return np.asarray(above, np.float32) + np.zeros((side, side), np.float32)
    left = log_uniform(rng, 0.01, 0.3) * side - x + slope * (y - side / 2)
    radius = log_uniform(rng, 0.02, 0.3) * side if chance(rng, 0.6) else 0.0
    corner = np.hypot(np.maximum(above + radius, 0), np.maximum(left + radius, 0)) - radius
    straight = np.maximum(above, left)
    return np.asarray(np.where(np.minimum(above, left) + radius > 0, corner, straight), np.float32)


def _notches(rng: np.random.Generator, side: int) -> Plane:
    """How far the bar draws back at one to three round notches, in pixels. (1, side)."""
    x = axes(side)[0]
    back = np.zeros((1, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        radius = rng.uniform(0.02, 0.08) * side
        away = x - rng.uniform(0, side)
        back = np.maximum(back, np.sqrt(np.maximum(radius**2 - away**2, 0)))
    return np.asarray(back, np.float32)


def draw_mask(rng: np.random.Generator, pixels: Plane) -> tuple[Plane, Plane]:
    """A hard-edged region of one grey; pixels and the region, 0 or 1."""
    side = len(pixels)
    shapes = (_rectangle, _half, _cut_corner, _blob, _collimator, _polygon, _polygon)
    shape = shapes[int(rng.integers(len(shapes)))]
    mean = float(pixels.mean())
    if mean < _DARK and chance(rng, 0.5):  # black paper on film that is nearly black
        lifted = pixels + np.float32(log_uniform(rng, 0.008, 0.08))
        region = shape(rng, side)
        return np.where(region, np.float32(0), lifted), region.astype(np.float32)
    if shape in (_cut_corner, _polygon) and mean < 2 * _NEAR:
        shape = _half
    region = shape(rng, side)
    grey = float(rng.choice([0.0, 0.0, 1.0, rng.uniform(0, 1)]))
    if shape in (_cut_corner, _polygon):  # a slanted edge in grey or white might be a label's
        grey = 0.0
    if abs(grey - mean) < _NEAR:
        grey = 1.0 - round(grey)
    return np.where(region, np.float32(grey), pixels), region.astype(np.float32)


def _rectangle(rng: np.random.Generator, side: int) -> np.ndarray:
    """An upright rectangle, a tenth to four fifths of the tile in width and height."""
    width, height = np.exp(rng.uniform(np.log(0.1), np.log(0.8), 2)) * side
    left, top = (
        rng.uniform(-width / 2, side - width / 2),
        rng.uniform(-height / 2, side - height / 2),
    )
    x, y = axes(side)
    inside = (abs(x - left - width / 2) < width / 2) & (abs(y - top - height / 2) < height / 2)
    return inside if inside.any() else _half(rng, side)


def _half(rng: np.random.Generator, side: int) -> np.ndarray:
    """All beyond an upright or level line."""
    x = np.broadcast_to(axes(side)[0], (side, side))
    return np.rot90(x < log_uniform(rng, 0.03, 0.7) * side + 1, int(rng.integers(4)))


def _polygon(rng: np.random.Generator, side: int) -> np.ndarray:
    """Paper cut with straight edges: three to seven corners, some beyond the tile."""
    corners = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(0.15, 0.9, corners) * side
    points = rng.uniform(-0.1, 1.1, 2) * side + np.stack(
        [np.cos(angles) * reach, np.sin(angles) * reach], axis=1
    )
    page = Image.new("1", (side, side))
    ImageDraw.Draw(page).polygon([tuple(point) for point in points.tolist()], fill=1)
    inside = np.asarray(page)
    return inside if inside.any() else _half(rng, side)


def _cut_corner(rng: np.random.Generator, side: int) -> np.ndarray:
    """A corner cut off the tile."""
    x, y = axes(side)
    across, down = rng.uniform(0.15, 1.0, 2) * side
    return np.rot90(x / across + y / down < 1, int(rng.integers(4)))


def _blob(rng: np.random.Generator, side: int) -> np.ndarray:
    """A region with an irregular outline, as if cut out by hand."""
    x, y = axes(side)
    centre, radius = rng.uniform(-0.1, 1.1, 2) * side, rng.uniform(0.2, 0.7) * side
    angle = np.arctan2(y - centre[1], x - centre[0])
    outline = 1.0 + sum(
        rng.normal(0, 0.3 / wave) * np.cos(wave * angle + rng.uniform(0, 6))
        for wave in (1, 2, 3, 5)
    )
    inside = np.hypot(x - centre[0], y - centre[1]) < radius * outline
    return inside if inside.any() else _half(rng, side)


def _collimator(rng: np.random.Generator, side: int) -> np.ndarray:
    """All outside a large circle."""
    x, y = axes(side)
    radius = log_uniform(rng, 0.5, 2.5) * side
    heading, inset = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.35) * side
    centre = side / 2 + (radius - inset) * np.array([np.cos(heading), np.sin(heading)])
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) > radius)


def draw_scratch(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One to four long thin lines, straight or slightly bent, nearly parallel."""
    side, drawn = len(pixels), list[Stroke]()
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, 5))):
        start, length = rng.uniform(0, 1, 2) * side, rng.uniform(0.7, 2.0) * side
        line = path(rng, start, heading + rng.normal(0, 0.1), length, rng.uniform(0, 0.2))
        drawn.append((line, log_uniform(rng, 0.5, 1.5)))
    cover = strokes(side, drawn, blur=rng.uniform(0, 0.8))
    return pixels + np.float32(contrast(rng, pixels)) * cover


def draw_dust(rng: np.random.Generator, pixels: Plane) -> Plane:
    """Many tiny specks, bright or dark."""
    side, specks = len(pixels), int(log_uniform(rng, 4, 150))
    radii = np.exp(rng.uniform(np.log(0.4), np.log(1.8), specks))
    cover = discs(side, rng.uniform(0, side, (specks, 2)), radii)
    return pixels + np.float32(contrast(rng, pixels, 0.1)) * cover


def draw_specks(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A few tiny blots, rings and crosses, as dust leaves them on dark film."""
    side = len(pixels)
    result = pixels
    for _ in range(int(rng.integers(1, 8))):
        centre, radius = rng.uniform(0, side, (1, 2)), log_uniform(rng, 0.7, 0.022 * side + 1)
        cover = discs(side, centre, np.array([radius]), blur=rng.uniform(0.2, 1.2))
        if chance(rng, 0.4) and radius > 1.5:  # a ring, at times open
            hole = centre + rng.uniform(-0.4, 0.4, (1, 2)) * radius
            inner = discs(side, hole, np.array([radius * rng.uniform(0.4, 0.8)]), blur=0.6)
            cover = cover * (1 - inner)
        result = result + np.float32(contrast(rng, pixels, 0.02)) * cover
    return result


def draw_hair(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One to three thin smooth curves."""
    side, drawn = len(pixels), list[Stroke]()
    for _ in range(int(rng.integers(1, 4))):
        heading, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1.5) * side
        line = path(rng, rng.uniform(0.1, 0.9, 2) * side, heading, length, rng.uniform(0.5, 3))
        drawn.append((line, log_uniform(rng, 0.5, 1.6)))
    cover = strokes(side, drawn, blur=rng.uniform(0, 1))
    return pixels + np.float32(contrast(rng, pixels)) * cover


def draw_grid(rng: np.random.Generator, pixels: Plane) -> Plane:
    """An anti-scatter grid: fine regular lines of low contrast, in one direction or two."""
    side = len(pixels)
    x, y = axes(side)
    angle, period = rng.normal(0, 0.02) + rng.integers(2) * np.pi / 2, rng.uniform(2.2, 9)
    rate, phase = 2 * np.pi / period, rng.uniform(0, 6)
    lines = np.cos(rate * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    if chance(rng, 0.4):
        lines = lines * np.cos(rate * (y * np.cos(angle) - x * np.sin(angle)) + phase)
    return np.asarray(pixels + log_uniform(rng, 0.02, 0.12) * lines, np.float32)


def draw_streaks(rng: np.random.Generator, pixels: Plane) -> Plane:
    """Scanner lines: noise that is constant, or nearly so, along rows or columns."""
    side = len(pixels)
    along = int(rng.choice([1, 1, 3]))
    bands = resized(noise(rng, max(side, 8), along, rng.uniform(0.5, 3))[:side], (side, side))
    if chance(rng, 0.4):
        bands = bands * (np.abs(bands) > rng.uniform(1, 2))
    bands = np.rot90(bands, int(rng.integers(2)))
    return pixels + np.float32(log_uniform(rng, 0.02, 0.15)) * bands


def draw_weave(rng: np.random.Generator, pixels: Plane) -> Plane:
    """Cross-hatched noise of a line scanner, strongest where the film is black."""
    side = len(pixels)
    down = noise(rng, max(side, 8), 8, rng.uniform(0.3, 2))[:side, :1]
    across = noise(rng, 8, max(side, 8), rng.uniform(0.3, 2))[:1, :side]
    both = down + across if chance(rng, 0.5) else down * across
    patchy = noise(rng, side, side, 2.5, 2) > rng.uniform(-2, 0.5)
    strength = np.float32(log_uniform(rng, 0.003, 0.05))
    return pixels + strength * both * patchy * (1 - pixels) ** 4


def draw_stain(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A soft blot, at times with the ridges of a finger. Low contrast."""
    side = len(pixels)
    x, y = axes(side)
    centre, wide = rng.uniform(0, 1, 2) * side, np.exp(rng.uniform(-2.5, -0.7, 2)) * side
    warp = resized(rng.standard_normal((4, 4)).astype(np.float32), (side, side))
    away = np.hypot((x - centre[0]) / wide[0], (y - centre[1]) / wide[1]) + 0.25 * warp
    blot = 1 - step(away - np.float32(0.6), rng.uniform(0.1, 0.8))
    if chance(rng, 0.5):
        blot = blot * (0.5 + 0.5 * np.cos(away * wide.mean() * 2 * np.pi / rng.uniform(4, 9)))
    return pixels + np.float32(0.4 * contrast(rng, pixels, 0.08)) * blot


def draw_roller(rng: np.random.Generator, pixels: Plane) -> Plane:
    """Marks of the processor's rollers: parallel faint bands that repeat across the tile."""
    side = len(pixels)
    y = axes(side)[1] + np.zeros((side, side), np.float32)
    period, width = rng.uniform(0.08, 0.5) * side, log_uniform(rng, 0.8, 0.04 * side + 1)
    away = np.abs((y + rng.uniform(0, period)) % period - period / 2)
    marks = np.exp(-((away / width) ** 2)) * (0.8 + 0.2 * noise(rng, side, side, 2.5, 1))
    marks = np.rot90(marks, int(rng.integers(2)))
    return np.asarray(pixels + 0.4 * contrast(rng, pixels, 0.08) * marks, np.float32)


def draw_hole(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One small dark disc, at times with a bright rim."""
    side = len(pixels)
    centre, radius = (
        rng.uniform(0.05, 0.95, (1, 2)) * side,
        log_uniform(rng, 0.012, 0.08) * side + 1,
    )
    cover = discs(side, centre, np.array([radius]), blur=rng.uniform(0, 1.5))
    ground = pixels
    if chance(rng, 0.3):
        rim = discs(side, centre, np.array([radius * 1.15 + 1]), blur=1)
        ground = pixels + np.float32(log_uniform(rng, 0.05, 0.5)) * rim
    return ground * (1 - np.float32(rng.uniform(0.3, 1)) * cover)


def draw_fog(rng: np.random.Generator, pixels: Plane) -> Plane:
    """Light let in: a broad bright glow from one border."""
    side = len(pixels)
    start = crossing(rng, side, 0.2)
    glow = strokes(
        side, [(start, rng.uniform(0.05, 0.2) * side)], blur=rng.uniform(0.06, 0.2) * side
    )
    return pixels + np.float32(log_uniform(rng, 0.05, 0.5)) * glow


def draw_blocks(rng: np.random.Generator, pixels: Plane) -> Plane:
    """What JPEG leaves of next to nothing in dark film: squares of a few waves, once brightened."""
    side = len(pixels)
    scale = log_uniform(rng, 0.8, 4.5)
    count = int(np.ceil(side / (_BLOCK * scale))) + 1
    sheet = _blocks(rng, count)
    large = round(len(sheet) * scale)
    way = Image.Resampling.NEAREST if chance(rng, 0.2) else Image.Resampling.BILINEAR
    page = np.array(Image.fromarray(sheet).resize((large, large), way))
    top, left = rng.integers(0, large - side + 1, 2)
    shown = page[top : top + side, left : left + side]
    dark = 1 - step(pixels - np.float32(rng.uniform(0.05, 0.25)), 0.1)
    return pixels + np.float32(log_uniform(rng, 0.01, 0.2)) * shown * dark


def _blocks(rng: np.random.Generator, count: int) -> Plane:
    """Crowds of blocks, each of one to four cosines of one to three steps: (8 count, 8 count)."""
    crowded = noise(rng, count, count, rng.uniform(0, 3)) + rng.normal(0, 0.3, (count, count))
    there = crowded >= np.quantile(crowded, 1 - log_uniform(rng, 0.01, 0.7))
    away = np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK)).ravel()
    shares = np.exp(-rng.uniform(0, 0.25) * away)
    waves = np.zeros((count, count, _BLOCK * _BLOCK))
    for at in zip(*np.nonzero(there), strict=True):
        few = rng.choice(len(away), rng.integers(1, 5), replace=False, p=shares / shares.sum())
        waves[at][few] = rng.integers(1, 4, len(few)) * rng.choice([-1, 1], len(few))
    blocks = idctn(waves.reshape(count, count, _BLOCK, _BLOCK), axes=(2, 3), norm="ortho")
    sheet = blocks.swapaxes(1, 2).reshape(count * _BLOCK, count * _BLOCK)
    return np.asarray(sheet, np.float32)

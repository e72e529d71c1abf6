"""Distractors of the body and of what was put into it or on it: vessels, clips, wires, beads.

Each draws one on pixels (side, side) float32 in [0, 1] and gives the new pixels, not clipped.
"""

import numpy as np

from training.planting.canvas import (
    Plane,
    Points,
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


def draw_vessel(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One to three curved bright bands from border to border."""
    side, drawn = len(pixels), list[Stroke]()
    for _ in range(int(rng.integers(1, 4))):
        band = crossing(rng, side, rng.uniform(0.3, 2))
        drawn.append((band, log_uniform(rng, 0.006, 0.05) * side))
    width = max(width for _, width in drawn)
    cover = strokes(side, drawn, blur=rng.uniform(0.2, 0.5) * width)
    return pixels + np.float32(log_uniform(rng, 0.03, 0.5)) * cover


def draw_skin_fold(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A broad soft-edged bright curve."""
    side = len(pixels)
    width = log_uniform(rng, 0.03, 0.25) * side
    fold = strokes(side, [(crossing(rng, side, 0.6), width)], blur=rng.uniform(0.15, 0.5) * width)
    return pixels + np.float32(log_uniform(rng, 0.05, 0.7)) * fold


def draw_pectoral(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A slanted soft step: the edge of the chest muscle."""
    side = len(pixels)
    x, y = axes(side)
    angle, at = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8, 2) * side
    depth = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)
    depth = depth + 0.02 * side * resized(rng.standard_normal((4, 4)).astype("f4"), (side, side))
    muscle = step(depth, log_uniform(rng, 0.03, 0.4) * side)
    return pixels + np.float32(log_uniform(rng, 0.05, 0.6)) * muscle


def draw_implant(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A very bright smooth area with a sharp round edge."""
    side = len(pixels)
    x, y = axes(side)
    radius, heading = log_uniform(rng, 0.4, 2.0) * side, rng.uniform(0, 2 * np.pi)
    centre = rng.uniform(0.2, 0.8, 2) * side - radius * np.array([np.cos(heading), np.sin(heading)])
    depth = radius - np.hypot(x - centre[0], (y - centre[1]) * rng.uniform(0.9, 1.1))
    cover = step(depth.astype(np.float32), rng.uniform(1, 4))
    bright = rng.uniform(0.75, 1) + 0.01 * noise(rng, side, side, 3, finest=1)
    return pixels + cover * (bright - pixels)


def draw_calcification(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A cluster of fine bright grains, a vessel's two lines, or a few coarse ones."""
    side = len(pixels)
    draw = (_grains, _tram_track, _coarse)[int(rng.choice(3, p=[0.5, 0.2, 0.3]))]
    return pixels + np.float32(log_uniform(rng, 0.1, 1)) * draw(rng, side)


def _grains(rng: np.random.Generator, side: int) -> Plane:
    """A cluster of small irregular dots: each is two or three discs that touch."""
    count, spread = int(rng.integers(4, 40)), rng.uniform(0.03, 0.2) * side
    grains = rng.uniform(0.1, 0.9, 2) * side + rng.normal(0, spread, (count, 2))
    radii = np.exp(rng.uniform(np.log(0.5), np.log(0.006 * side + 1), count))
    beside = grains + rng.normal(0, 0.8, grains.shape) * radii[:, None]
    centres, sizes = np.concatenate([grains, beside]), np.concatenate([radii, radii * 0.8])
    return discs(side, centres, sizes, blur=rng.uniform(0, 0.8))


def _tram_track(rng: np.random.Generator, side: int) -> Plane:
    """Two beaded lines side by side along a vessel."""
    middle = crossing(rng, side, rng.uniform(0.3, 1.2))
    along = np.gradient(middle, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    half, width = rng.uniform(0.008, 0.025) * side + 1, rng.uniform(0.8, 2)
    lines = strokes(side, [(middle + half * normal, width), (middle - half * normal, width)], 0.5)
    beads = np.clip(0.6 + 0.5 * noise(rng, side, side, 1.8, finest=1), 0, 1)
    return np.asarray(lines * beads, np.float32)


def _coarse(rng: np.random.Generator, side: int) -> Plane:
    """One to four large round ones, some with a darker middle."""
    count = int(rng.integers(1, 5))
    centres = rng.uniform(0.05, 0.95, (count, 2)) * side
    radii = np.exp(rng.uniform(np.log(0.01), np.log(0.05), count)) * side + 1
    cover = discs(side, centres, radii, blur=rng.uniform(0.3, 1.5))
    if chance(rng, 0.4):
        cover = cover - np.float32(rng.uniform(0.2, 0.7)) * discs(side, centres, radii * 0.6, 1)
    return cover


def draw_clip(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One to three surgical clips: each a tiny bright pair of lines, or a small V."""
    side, drawn = len(pixels), list[Stroke]()
    for _ in range(int(rng.integers(1, 4))):
        at, angle = rng.uniform(0.08, 0.92, 2) * side, rng.uniform(0, 2 * np.pi)
        drawn += _one_clip(rng, at, angle, rng.uniform(0.012, 0.03) * side + 1)
    cover = strokes(side, drawn, blur=rng.uniform(0, 0.6))
    return pixels + np.float32(log_uniform(rng, 0.2, 1)) * cover


def _one_clip(rng: np.random.Generator, at: Points, angle: float, length: float) -> list[Stroke]:
    """Two lines of this length in pixels, parallel or meeting at one end."""
    ahead = np.array([np.cos(angle), np.sin(angle)])
    beside = np.array([-ahead[1], ahead[0]]) * length * rng.uniform(0.15, 0.3)
    joint = beside * (0.0 if chance(rng, 0.4) else 1.0)
    width = log_uniform(rng, 0.8, 2)
    one = np.stack([at + joint, at + beside + ahead * length])
    other = np.stack([at - joint, at - beside + ahead * length])
    return [(one, width), (other, width)]


def draw_wire(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A biopsy wire or needle: a long bright thin line from a border, with a hook at its tip."""
    side = len(pixels)
    heading, tip = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8, 2) * side
    line = path(rng, tip, heading, 1.5 * side, rng.uniform(0, 0.15))
    width = log_uniform(rng, 0.8, 0.012 * side + 1)
    drawn: list[Stroke] = [(line, width)]
    if chance(rng, 0.7):
        back = heading + rng.choice([-1, 1]) * rng.uniform(0.15, 0.35)
        drawn.append((path(rng, tip, back, rng.uniform(0.03, 0.07) * side, 0.1), width))
    cover = strokes(side, drawn, blur=rng.uniform(0, 0.6))
    return pixels + np.float32(log_uniform(rng, 0.15, 1)) * cover


def draw_coil(rng: np.random.Generator, pixels: Plane) -> Plane:
    """A lead or a marker of thick bent wire: a bright line that swings from side to side."""
    side = len(pixels)
    start, heading = rng.uniform(0.1, 0.9, 2) * side, rng.uniform(0, 2 * np.pi)
    length = log_uniform(rng, 0.15, 0.7) * side
    swing, turns = rng.uniform(0.01, 0.05) * side + 1, rng.uniform(2, 6)
    t = np.linspace(0, 1, 80)
    ahead = np.array([np.cos(heading), np.sin(heading)])
    beside = np.array([-ahead[1], ahead[0]])
    wave = swing * np.sin(2 * np.pi * turns * t + rng.uniform(0, 6))
    bend = rng.normal(0, 0.15) * length * t**2
    line = start + t[:, None] * length * ahead + (wave + bend)[:, None] * beside
    cover = strokes(side, [(line, log_uniform(rng, 1, 0.02 * side + 1.2))], rng.uniform(0, 0.8))
    return pixels + np.float32(log_uniform(rng, 0.1, 1)) * cover


def draw_node(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One to three lymph nodes: smooth beans, brighter than fat, often with a darker middle."""
    side = len(pixels)
    x, y = axes(side)
    cover = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre, angle = rng.uniform(0.05, 0.95, 2) * side, rng.uniform(0, np.pi)
        long = log_uniform(rng, 0.05, 0.18) * side + 3
        along = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)
        across = (y - centre[1]) * np.cos(angle) - (x - centre[0]) * np.sin(angle)
        away = np.hypot(along, across * rng.uniform(1, 2.2)) / long
        soft = rng.uniform(0.3, 0.9)
        bean = step((1 - away).astype(np.float32), soft)
        if chance(rng, 0.6):
            inner = rng.uniform(0.3, 0.8)
            hilum = step((1 - away / inner).astype(np.float32), soft)
            bean = bean - np.float32(rng.uniform(0.3, 1)) * hilum
        cover = np.maximum(cover, bean)
    return pixels + np.float32(log_uniform(rng, 0.04, 0.35)) * cover


def draw_marker_bead(rng: np.random.Generator, pixels: Plane) -> Plane:
    """One bright round bead."""
    side = len(pixels)
    radius = log_uniform(rng, 0.01, 0.05) * side + 0.5
    centre = rng.uniform(0.03, 0.97, (1, 2)) * side
    cover = discs(side, centre, np.array([radius]), blur=rng.uniform(0, 1))
    bright = np.float32(rng.uniform(0.4, 1))
    return np.asarray(pixels + cover * np.maximum(bright - pixels, np.float32(0.03)), np.float32)

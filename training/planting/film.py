"""Clean film tiles out of random numbers: background, breast boundary, tissue, muscle."""

from collections.abc import Callable
from math import cos, sin

import numpy as np
from PIL import Image

from training.planting.canvas import (
    Plane,
    Stroke,
    axes,
    chance,
    crossing,
    log_uniform,
    noise,
    path,
    resized,
    step,
    strokes,
    texture,
)


def synthetic_film(rng: np.random.Generator, side: int) -> Plane:
    """A clean film tile out of random numbers: (side, side) float32 in [0, 1]."""
    scenes = list(_SCENES)
    shares = np.array(list(_SCENES.values()))
    scene = scenes[int(rng.choice(len(scenes), p=shares / shares.sum()))]
    return _developed(rng, scene(rng, side))


def _background(rng: np.random.Generator, side: int) -> Plane:
    """Exposed film beside the breast: near black, with a faint gradient or a glowing border."""
    dark = _gradient(rng, side, log_uniform(rng, 0.002, 0.08)) + np.float32(rng.uniform(0, 0.06))
    if chance(rng, 0.4):
        x = np.broadcast_to(axes(side)[0], (side, side)) / side
        glow = log_uniform(rng, 0.02, 0.25) * np.exp(-x / log_uniform(rng, 0.02, 0.3))
        dark = dark + np.rot90(glow, int(rng.integers(4)))
    if chance(rng, 0.3):
        bands = resized(noise(rng, 1, max(side // 4, 8), 1.5), (side, side))
        dark = dark + np.float32(log_uniform(rng, 0.001, 0.01)) * bands
    return dark.astype(np.float32)


def _boundary(rng: np.random.Generator, side: int) -> Plane:
    """The breast's border: tissue on one side, background on the other."""
    depth = _depth(rng, side)
    thick = 1 - np.exp(-np.maximum(depth, 0) / log_uniform(rng, 0.04, 0.7))
    tissue = rng.uniform(0.1, 0.6) * (1 + rng.uniform(0.05, 0.4) * _tissue(rng, side))
    if chance(rng, 0.6):
        rough = depth + rng.uniform(0.02, 0.12) * noise(rng, side, side, rng.uniform(2.6, 3.4), 1)
        dense = step(rough - np.float32(rng.uniform(0.05, 0.6)), rng.uniform(0.15, 0.7))
        tissue = tissue * (1 + rng.uniform(0.2, 1.5) * dense)
    film = thick * np.maximum(tissue, 0)
    if chance(rng, 0.35):
        inside = (depth - rng.uniform(0.01, 0.03)) / log_uniform(rng, 0.006, 0.03)
        film = film + log_uniform(rng, 0.01, 0.2) * np.exp(-(inside**2))
    scatter = log_uniform(rng, 0.005, 0.08) * np.exp(np.minimum(depth, 0) / 0.15)
    return np.asarray(film + scatter + rng.uniform(0, 0.05), np.float32)


def _parenchyma(rng: np.random.Generator, side: int) -> Plane:
    """Dense tissue, from fine net to cloudy."""
    film = rng.uniform(0.3, 0.75) + log_uniform(rng, 0.02, 0.15) * _tissue(rng, side)
    if chance(rng, 0.3):
        film = film * (1 - rng.uniform(0.3, 0.9) * step(-_depth(rng, side), rng.uniform(0.1, 0.6)))
    return _folded(rng, film + _gradient(rng, side, rng.uniform(0, 0.3)))


def _fat(rng: np.random.Generator, side: int) -> Plane:
    """Fatty tissue: dark, with few bright strands."""
    film = rng.uniform(0.06, 0.35) + log_uniform(rng, 0.01, 0.06) * _tissue(rng, side)
    return _folded(rng, film + _gradient(rng, side, rng.uniform(0, 0.25)))


def _pectoral(rng: np.random.Generator, side: int) -> Plane:
    """The chest muscle: a brighter half plane with a soft, nearly straight edge."""
    film = rng.uniform(0.15, 0.55) + rng.uniform(0.02, 0.09) * _tissue(rng, side)
    muscle = step(_depth(rng, side, straight=True), log_uniform(rng, 0.02, 0.4))
    bright = min(float(film.mean()) + rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.95))
    smooth = log_uniform(rng, 0.005, 0.04) * noise(rng, side, side, 3.0, finest=1)
    kept = rng.uniform(0.1, 0.8)
    film = film + muscle * (bright + smooth - film * (1 - kept) - kept * film.mean())
    return np.asarray(film + _gradient(rng, side, rng.uniform(0, 0.2)), np.float32)


def _saturated(rng: np.random.Generator, side: int) -> Plane:
    """Tissue so dense that the film is nearly white."""
    film = rng.uniform(0.75, 0.98) + log_uniform(rng, 0.008, 0.06) * _tissue(rng, side)
    return np.asarray(film + _gradient(rng, side, rng.uniform(0, 0.15)), np.float32)


_SCENES: dict[Callable[[np.random.Generator, int], Plane], float] = {
    _background: 0.17,
    _boundary: 0.34,
    _parenchyma: 0.22,
    _fat: 0.12,
    _pectoral: 0.09,
    _saturated: 0.06,
}


def _tissue(rng: np.random.Generator, side: int) -> Plane:
    """Clouds, fibres, strands and vessels in random shares: mean 0, deviation 1. (side, side)."""
    clouds = noise(rng, side, side, rng.uniform(2.4, 3.4), finest=int(rng.integers(0, 3)))
    stretch, finest = rng.uniform(1.5, 6), int(rng.integers(0, 3))
    fibres = texture(rng, side, rng.uniform(1.5, 3.2), stretch=stretch, finest=finest)
    tissue = clouds + rng.uniform(0, 1) ** 2 * fibres
    if chance(rng, 0.6):
        tissue = tissue + rng.uniform(0.5, 4) * _strands(rng, side)
    if chance(rng, 0.7):
        tissue = tissue + rng.uniform(1, 5) * _vessels(rng, side)
    tissue -= tissue.mean()
    return np.asarray(tissue / max(float(tissue.std()), 1e-6), np.float32)


def _strands(rng: np.random.Generator, side: int) -> Plane:
    """A net of bright ridges where slow noise crosses zero, 0 to 1."""
    finest = int(np.log2(max(side, 32) / 32)) + int(rng.integers(0, 2))
    ridges = texture(rng, side, rng.uniform(2, 3), stretch=rng.uniform(3.5, 9), finest=finest)
    net = np.exp(-np.abs(ridges) / log_uniform(rng, 0.05, 0.3))
    return np.asarray(net * _presence(rng, side), np.float32)


def _presence(rng: np.random.Generator, side: int) -> Plane:
    """Where strands show and where they fade into the depth, 0 to 1."""
    shown = resized(rng.uniform(-0.4, 1.2, (4, 4)).astype(np.float32), (side, side))
    return np.asarray(np.clip(shown, 0, 1), np.float32)


def _vessels(rng: np.random.Generator, side: int) -> Plane:
    """Vessels and ligaments: curved bright bands that branch and taper, 0 to 1."""
    drawn: list[Stroke] = []
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, 7))):
        start = rng.uniform(-0.2, 1.0, 2) * side
        drawn += _branches(rng, start, heading + rng.normal(0, 0.5), side)
    width = max(width for _, width in drawn)
    fine = strokes(side, drawn, blur=rng.uniform(0.4, 0.8 + 0.5 * width))
    return np.asarray(fine * _presence(rng, side), np.float32)


def _branches(
    rng: np.random.Generator, start: np.ndarray, heading: float, side: int
) -> list[Stroke]:
    """One vessel with up to two branches, thinner than itself."""
    width = log_uniform(rng, 0.003, 0.016) * side
    stem = path(rng, start, heading, rng.uniform(0.4, 1.6) * side, rng.uniform(0.2, 1.5))
    grown: list[Stroke] = [(stem, width)]
    for _ in range(int(rng.integers(0, 3))):
        fork = stem[int(rng.integers(len(stem)))]
        turn = heading + rng.choice([-1, 1]) * rng.uniform(0.3, 0.9)
        twig = path(rng, fork, turn, rng.uniform(0.2, 0.8) * side, rng.uniform(0.2, 1.5))
        grown.append((twig, width * rng.uniform(0.4, 0.8)))
    return grown


def _folded(rng: np.random.Generator, film: Plane) -> Plane:
    """Now and then, a skin fold: a broad bright band with a dark line along it."""
    if chance(rng, 0.1):
        side = len(film)
        fold, width = crossing(rng, side, 0.5), log_uniform(rng, 0.02, 0.12) * side
        film = film + rng.uniform(0.05, 0.35) * strokes(side, [(fold, width)], blur=width / 3)
        dark = strokes(side, [(fold + width / 2, width / 5)], blur=width / 8)
        film = film - rng.uniform(0, 0.2) * dark
    return np.asarray(film, np.float32)


def _depth(rng: np.random.Generator, side: int, *, straight: bool = False) -> Plane:
    """How deep each pixel lies behind a smooth line through the tile, in tile sides."""
    x, y = axes(side)
    angle = rng.uniform(0, 2 * np.pi)
    radius = log_uniform(rng, 3.0, 20.0) if straight else log_uniform(rng, 0.6, 5.0)
    towards = radius * np.array([np.cos(angle), np.sin(angle)])
    right, down = (rng.uniform(0.1, 0.9, 2) + towards).tolist()
    depth = radius - np.hypot(x / side - right, y / side - down)
    wobble = resized(rng.standard_normal((4, 4)).astype(np.float32), (side, side))
    inward = 1.0 if straight or chance(rng, 0.85) else -1.0
    return np.asarray(inward * depth + rng.uniform(0, 0.015) * wobble, np.float32)


def _gradient(rng: np.random.Generator, side: int, height: float) -> Plane:
    """A plane that rises by about `height` across the tile, mean 0."""
    x, y = axes(side)
    angle = rng.uniform(0, 2 * np.pi)
    rise = cos(angle) * (x / side - 0.5) + sin(angle) * (y / side - 0.5)
    return np.asarray(height * rise, np.float32)


def _developed(rng: np.random.Generator, film: Plane) -> Plane:
    """The film as a scanner gives it: tone curve, blur and grain, clipped to [0, 1]."""
    film = np.clip(film, 0, 1) ** np.float32(log_uniform(rng, 0.7, 1.5))
    if chance(rng, 0.4):
        soft = Image.fromarray(film).convert("F")
        small = max(int(len(film) / rng.uniform(1, 2.5)), 8)
        film = resized(np.asarray(soft.resize((small, small)), np.float32), film.shape[::-1])
    if chance(rng, 0.8):
        grain = log_uniform(rng, 0.001, 0.02) * rng.standard_normal(film.shape, dtype=np.float32)
        film = film + grain.astype(np.float32) * np.sqrt(np.maximum(film, 0) + 0.01)
    return np.clip(film, 0, 1).astype(np.float32)

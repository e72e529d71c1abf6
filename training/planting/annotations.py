"""Annotations as cards: grey values and coverage, drawn flat, before they are laid on a tile."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.planting import glyphs

Coverage = NDArray[np.float32]


@dataclass(frozen=True)
class Card:
    """One annotation, drawn flat.

    value: (h, w) float32; 1 is full contrast above the ground, 0 the ground, negative below.
    alpha: (h, w) float32 in [0, 1], how much of the tile it covers.
    letter: height of its letters in pixels; of its shape, where it has none.
    opaque: the card brings its own ground (a plate, a sticker).
    """

    value: Coverage = field(repr=False)
    alpha: Coverage = field(repr=False)
    letter: float
    opaque: bool = False


def _plain(ink: Coverage, letter: float) -> Card:
    return Card(np.ones_like(ink), ink, letter)


def letters(rng: np.random.Generator, size: float) -> Card:
    """Lead letters: side and view, in one size or in two."""
    first = glyphs.render(glyphs.mark(rng), size, rng)
    if rng.random() < 0.35:
        second = glyphs.render(glyphs.mark(rng), size * rng.uniform(0.35, 0.8), rng)
        gap = round(size * rng.uniform(0.1, 0.6))
        first = _beside(first, second, gap) if rng.random() < 0.6 else _below(first, second, gap)
    return _plain(first, size)


def digits(rng: np.random.Generator, size: float) -> Card:
    """A number."""
    return _plain(glyphs.render(glyphs.number(rng), size, rng), size)


def text(rng: np.random.Generator, size: float) -> Card:
    """One to four lines of print without a ground."""
    return _plain(_lines(rng, size, int(rng.integers(1, 5))), size)


def handwriting(rng: np.random.Generator, size: float) -> Card:
    """One or two lines written by hand."""
    lines = [
        glyphs.render(glyphs.line(rng).title(), size, rng, hand=True)
        for _ in range(rng.integers(1, 3))
    ]
    return _plain(_stack(lines, size * 0.5), size)


def arrow(rng: np.random.Generator, size: float) -> Card:
    """A shaft with a head, or a head alone."""
    length, thick = size * rng.uniform(1, 4), max(1.0, size * rng.uniform(0.08, 0.3))
    y, x = np.mgrid[0 : int(size) + 1, 0 : int(length) + 1].astype(np.float32)
    middle, head = size / 2, min(length, size * rng.uniform(0.6, 1.2))
    inside_head = np.abs(y - middle) <= np.clip(x, 0, head) / head * middle
    shaft = np.abs(y - middle) <= thick / 2
    hollow = rng.random() < 0.3
    shape = np.where(x <= head, inside_head, shaft)
    if hollow:
        shape &= ~(np.abs(y - middle) <= np.clip(x - 2 * thick, 0, head) / head * middle - thick)
    return _plain(shape.astype(np.float32), size)


def ruler(rng: np.random.Generator, size: float) -> Card:
    """A scale: ticks along a line, long ones now and then, perhaps with numbers."""
    step = max(3, round(size * rng.uniform(0.15, 0.5)))
    count, thick = int(rng.integers(6, 40)), max(1, round(step * rng.uniform(0.1, 0.35)))
    ink = np.zeros((max(4, int(size)), count * step + thick), np.float32)
    every = int(rng.choice([5, 10, 2, 1]))
    for number in range(count + 1):
        share = 1.0 if number % every == 0 else rng.uniform(0.35, 0.6)
        ink[: max(1, int(len(ink) * share)), number * step : number * step + thick] = 1
    if rng.random() < 0.7:
        ink[:thick] = 1
    if rng.random() < 0.4:
        ink = _below(ink, _lines(rng, size * 0.6, 1), 2)
    return _plain(ink, size)


def strip(rng: np.random.Generator, size: float) -> Card:
    """A strip of film with date and hospital: lines of print between rules, in fields."""
    ink = _lines(rng, size, int(rng.integers(1, 5)))
    value = _padded(ink, size, rng)
    ground = float(rng.choice([rng.uniform(0, 0.15), rng.uniform(0.15, 0.5)]))
    value = ground + (1 - ground) * value
    _fields(value, size, rng)
    _rules(value, size, rng)
    return Card(value, np.ones_like(value), size, opaque=True)


def plate(rng: np.random.Generator, size: float) -> Card:
    """A label plate: a ground of its own, print lighter or darker, a frame, a jagged side."""
    value = _padded(_lines(rng, size, int(rng.integers(1, 5))), size, rng)
    ground, print_ = rng.uniform(0.05, 1), rng.uniform(0, 1)
    if abs(ground - print_) < 0.2:
        print_ = ground - 0.4 if ground > 0.5 else ground + 0.4
    value = (ground + (print_ - ground) * value).astype(np.float32)
    if rng.random() < 0.6:
        _fields(value, size, rng)
    if rng.random() < 0.6:
        _rules(value, size, rng)
    alpha = np.ones_like(value)
    if rng.random() < 0.25:
        _jag(alpha, rng)
    return Card(value, alpha, size, opaque=True)


def sticker(rng: np.random.Generator, size: float) -> Card:
    """A white sticker with dark print or handwriting, its corners round or square."""
    hand = rng.random() < 0.5
    ink = (handwriting(rng, size) if hand else text(rng, size)).alpha
    value = _padded(ink, size, rng)
    value = (rng.uniform(0.7, 1) - value * rng.uniform(0.3, 0.9)).clip(0.02, 1)
    alpha = np.ones_like(value)
    if rng.random() < 0.5:
        _round_corners(alpha, size)
    return Card(value.astype(np.float32), alpha, size, opaque=True)


def bare_plate(rng: np.random.Generator, size: float) -> Card:
    """The part of a plate without a letter: ground, fields and rules alone."""
    height, width = (int(size * rng.uniform(1, 5)) + 2 for _ in range(2))
    if rng.random() < 0.4:  # a thin strip
        height, width = int(size * rng.uniform(0.2, 0.8)) + 2, int(size * rng.uniform(3, 12)) + 8
    value = np.full((height, width * 2), rng.uniform(0.1, 1), np.float32)
    for _ in range(rng.integers(1, 3)):
        _fields(value, size, rng)
        _rules(value, size, rng)
    alpha = np.ones_like(value)
    if rng.random() < 0.4:
        _jag(alpha, rng)
    return Card(value, alpha, size, opaque=True)


KINDS: dict[str, Callable[[np.random.Generator, float], Card]] = {
    "letters": letters,
    "digits": digits,
    "text": text,
    "handwriting": handwriting,
    "arrow": arrow,
    "ruler": ruler,
    "strip": strip,
    "plate": plate,
    "sticker": sticker,
    "bare_plate": bare_plate,
}
"""What can be planted, by name."""


def _lines(rng: np.random.Generator, size: float, count: int) -> Coverage:
    sizes = size * np.where(rng.random(count) < 0.3, rng.uniform(0.5, 1.6, count), 1)
    return _stack([glyphs.render(glyphs.line(rng), one, rng) for one in sizes], size * 0.5)


def _stack(lines: list[Coverage], gap: float) -> Coverage:
    page = lines[0]
    for line in lines[1:]:
        page = _below(page, line, round(gap))
    return page


def _below(first: Coverage, second: Coverage, gap: int) -> Coverage:
    width = max(first.shape[1], second.shape[1])
    parts = (first, np.zeros((max(1, gap), width), np.float32), second)
    return np.concatenate([np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p in parts])


def _beside(first: Coverage, second: Coverage, gap: int) -> Coverage:
    return np.ascontiguousarray(_below(first.T, second.T, gap).T)


def _padded(ink: Coverage, size: float, rng: np.random.Generator) -> Coverage:
    pad = max(1, round(size * rng.uniform(0.2, 1.5)))
    wide = round(pad * rng.uniform(0.5, 4))
    return np.pad(ink, ((pad, pad), (wide, wide)))


def _fields(value: Coverage, size: float, rng: np.random.Generator) -> None:
    """Shift the ground of a few fields, keeping the print."""
    for _ in range(rng.integers(0, 4)):
        height, width = value.shape
        top, left = rng.integers(0, height), rng.integers(0, width)
        extent = (size * rng.uniform(0.5, 5, 2)).astype(int) + 1
        part = value[top : top + extent[0], left : left + extent[1]]
        part[:] = part * rng.uniform(0.3, 1) + rng.uniform(0, 0.5)


def _rules(value: Coverage, size: float, rng: np.random.Generator) -> None:
    """Draw lines along the card: frame and rules."""
    tone, thick = rng.uniform(0, 1), max(1, round(size * rng.uniform(0.04, 0.25)))
    sides = rng.random(4) < 0.5
    for side, there in enumerate(sides):
        if there:
            turned = np.rot90(value, side)
            at = int(rng.integers(0, 1 + thick))
            turned[at : at + thick] = tone
    for _ in range(rng.integers(0, 3)):
        at = int(rng.integers(0, len(value)))
        value[at : at + max(1, thick // 2)] = tone


def _jag(alpha: Coverage, rng: np.random.Generator) -> None:
    """Tear one long side of a card."""
    depth = max(1, int(len(alpha) * rng.uniform(0.05, 0.3)))
    steps = rng.integers(0, depth + 1, max(2, alpha.shape[1] // max(2, depth)))
    edge = np.interp(np.linspace(0, len(steps) - 1, alpha.shape[1]), np.arange(len(steps)), steps)
    alpha[np.arange(len(alpha))[:, None] < edge] = 0


def _round_corners(alpha: Coverage, size: float) -> None:
    height, width = alpha.shape
    radius = min(size * 0.6, height / 2, width / 2)
    y, x = np.mgrid[0:height, 0:width]
    beyond_y = np.maximum(radius - y, 0) + np.maximum(y - (height - 1 - radius), 0)
    beyond_x = np.maximum(radius - x, 0) + np.maximum(x - (width - 1 - radius), 0)
    alpha[np.hypot(beyond_y, beyond_x) > radius] = 0

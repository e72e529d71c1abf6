"""Many lessons on disk, made by all cores and read as arrays."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.planting.grounds import Ground
from training.planting.lessons import CELL, make_lesson

TILES, CELLS, ANSWERS = "tiles.npy", "cells.npy", "lettering.npy"
GROUNDS, RIMS = "grounds.npy", "rims.npy"
_A_PIECE = 250
_ON_FILM = 0.7
"""Share of lessons on windows of real film; the others are on synthetic film."""


@dataclass(frozen=True)
class Lessons:
    """Lessons as arrays, see `training.planting.lessons.Lesson`.

    tiles: (n, side, side) uint8. cells: (n, g, g, 3) uint8. lettering: (n,) uint8.
    """

    tiles: NDArray[np.uint8] = field(repr=False)
    cells: NDArray[np.uint8] = field(repr=False)
    lettering: NDArray[np.uint8] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of lessons."""
        return len(self.lettering)


@dataclass(frozen=True)
class _Piece:
    number: int
    count: int
    seed: int
    side: int
    folder: Path


def save_grounds(folder: Path, pixels: list[NDArray[np.uint8]], rims: list[bool]) -> None:
    """Keep grounds where the processes that make lessons map them."""
    np.save(folder / GROUNDS, np.stack(pixels), allow_pickle=False)
    np.save(folder / RIMS, np.array(rims), allow_pickle=False)


def make_lessons(
    folder: Path, count: int, side: int, seed: int, advance: Callable[[int], object]
) -> Lessons:
    """Make lessons with all cores; the same seed gives the same ones, however many cores.

    Args:
        folder: where their arrays are written, with the grounds from `save_grounds`.
        count: how many lessons.
        side: pixels of a tile.
        seed: of everything in them.
        advance: told how many more are done.
    """
    sizes = [min(_A_PIECE, count - start) for start in range(0, count, _A_PIECE)]
    pieces = [_Piece(number, size, seed, side, folder) for number, size in enumerate(sizes)]
    grid = side // CELL
    open_ = np.lib.format.open_memmap
    lessons = Lessons(
        open_(folder / TILES, "w+", np.uint8, (count, side, side)),
        open_(folder / CELLS, "w+", np.uint8, (count, grid, grid, 3)),
        open_(folder / ANSWERS, "w+", np.uint8, (count,)),
    )
    for piece, made in zip(pieces, _made(pieces), strict=True):
        part = slice(piece.number * _A_PIECE, piece.number * _A_PIECE + piece.count)
        lessons.tiles[part], lessons.cells[part], lessons.lettering[part] = made
        advance(piece.count)
    return lessons


def _made(pieces: list[_Piece]) -> Iterator[tuple[NDArray[np.uint8], ...]]:
    # A fresh process: TensorFlow's threads do not survive a fork.
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        yield from pool.map(_make_piece, pieces)


def _make_piece(piece: _Piece) -> tuple[NDArray[np.uint8], ...]:
    rng = np.random.default_rng([piece.seed, piece.number])
    pixels = np.load(piece.folder / GROUNDS, mmap_mode="r", allow_pickle=False)
    rims = np.load(piece.folder / RIMS, allow_pickle=False)
    made = []
    for _ in range(piece.count):
        ground = None
        if rng.random() < _ON_FILM:
            row = int(rng.integers(len(pixels)))
            ground = Ground(pixels[row].astype(np.float32) / 255, bool(rims[row]))
        made.append(make_lesson(rng, ground, piece.side))
    return (
        np.stack([lesson.tile for lesson in made]),
        np.stack([lesson.cells for lesson in made]),
        np.array([lesson.lettering for lesson in made], dtype=np.uint8),
    )

"""Many lessons on disk, made by all cores and read as arrays."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.errors import InputError
from training.planting.grounds import Ground
from training.planting.lessons import CELL, make_lesson

TILES, CELLS, ANSWERS = "tiles.npy", "cells.npy", "lettering.npy"
GROUNDS, RIMS = "grounds.npy", "rims.npy"
BELIEVED, VERDICTS = "believed.npy", "verdicts.npy"
_A_PIECE = 250
ON_FILM = 0.7
"""Share of lessons on windows of real film when weights are made from nothing."""


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


def save_grounds(folder: Path, pixels: list[NDArray[np.uint8]], rims: list[bool]) -> None:
    """Keep clean grounds where the processes that make lessons map them."""
    np.save(folder / GROUNDS, np.stack(pixels), allow_pickle=False)
    np.save(folder / RIMS, np.array(rims), allow_pickle=False)


def save_tiles(
    folder: Path,
    tiles: NDArray[np.uint8],
    believed: NDArray[np.uint8],
    lettering: NDArray[np.uint8],
) -> None:
    """Keep tiles as grounds, and what they are believed to hold, see `Ground`.

    Args:
        folder: where to.
        tiles: (n, side, side) uint8.
        believed: (n, g, g, 3) uint8.
        lettering: (n,) uint8.
    """
    np.save(folder / GROUNDS, tiles, allow_pickle=False)
    np.save(folder / RIMS, np.zeros(len(tiles), dtype=bool), allow_pickle=False)
    np.save(folder / BELIEVED, believed, allow_pickle=False)
    np.save(folder / VERDICTS, lettering, allow_pickle=False)


@dataclass(frozen=True)
class Order:
    """What lessons to make.

    count: how many. side: pixels of a tile. seed: of everything in them.
    on_grounds: share of them on the grounds that were saved; the others are on synthetic film.
    """

    count: int
    side: int
    seed: int
    on_grounds: float = ON_FILM


@dataclass(frozen=True)
class _Piece:
    """Some lessons of an order. number: which piece. count: lessons in it."""

    number: int
    count: int
    order: Order
    folder: Path


def make_lessons(folder: Path, order: Order, advance: Callable[[int], object]) -> Lessons:
    """Make lessons with all cores; the same seed gives the same ones, however many cores.

    Args:
        folder: where their arrays are written, with the grounds that were saved there.
        order: what to make.
        advance: told how many more are done.

    Raises:
        OSError: there is no room for them.
    """
    count, side = order.count, order.side
    sizes = [min(_A_PIECE, count - start) for start in range(0, count, _A_PIECE)]
    pieces = [_Piece(number, size, order, folder) for number, size in enumerate(sizes)]
    grid = side // CELL
    lessons = Lessons(
        _empty(folder / TILES, (count, side, side)),
        _empty(folder / CELLS, (count, grid, grid, 3)),
        _empty(folder / ANSWERS, (count,)),
    )
    for piece, made in zip(pieces, _made(pieces), strict=True):
        part = slice(piece.number * _A_PIECE, piece.number * _A_PIECE + piece.count)
        lessons.tiles[part], lessons.cells[part], lessons.lettering[part] = made
        advance(piece.count)
    return lessons


def _empty(file: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Make a file that is mapped, all its room taken: a full disk ends who writes to a map."""
    made = np.lib.format.open_memmap(file, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with file.open("r+b") as held:
            try:
                os.posix_fallocate(held.fileno(), 0, file.stat().st_size)
            except OSError as error:
                error.filename = str(file)
                raise
    return made


def _made(pieces: list[_Piece]) -> Iterator[tuple[NDArray[np.uint8], ...]]:
    # A fresh process: TensorFlow's threads do not survive a fork.
    context = get_context("spawn")
    workers = min(os.cpu_count() or 1, len(pieces))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_stopping) as pool:
        try:
            yield from pool.map(_make_piece, pieces)
        except BrokenProcessPool as error:
            raise InputError(
                "A worker process died, most likely for want of memory. Free some; the same "
                "command with --resume goes on."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _leave_stopping() -> None:
    """Ctrl-C is for the process that asked for the lessons."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make_piece(piece: _Piece) -> tuple[NDArray[np.uint8], ...]:
    order = piece.order
    rng = np.random.default_rng([order.seed, piece.number])
    grounds = _read_grounds(piece.folder)
    made = []
    for _ in range(piece.count):
        ground = grounds(int(rng.integers(2**31))) if rng.random() < order.on_grounds else None
        made.append(make_lesson(rng, ground, order.side))
    return (
        np.stack([lesson.tile for lesson in made]),
        np.stack([lesson.cells for lesson in made]),
        np.array([lesson.lettering for lesson in made], dtype=np.uint8),
    )


def _read_grounds(folder: Path) -> Callable[[int], Ground]:
    """Return what gives the ground of a number, however large."""
    pixels = np.load(folder / GROUNDS, mmap_mode="r", allow_pickle=False)
    rims = np.load(folder / RIMS, allow_pickle=False)
    believed, verdicts = (
        np.load(folder / name, allow_pickle=False) if (folder / name).exists() else None
        for name in (BELIEVED, VERDICTS)
    )

    def ground(number: int) -> Ground:
        row = number % len(pixels)
        grey, rim = pixels[row].astype(np.float32) / 255, bool(rims[row])
        if believed is None or verdicts is None:
            return Ground(grey, rim)
        return Ground(grey, rim, believed[row], int(verdicts[row]))

    return ground

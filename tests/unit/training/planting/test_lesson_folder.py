"""Many lessons on disk."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from training.planting import lesson_folder
from training.planting.grounds import NO, UNSAID, YES
from training.planting.lesson_folder import (
    Lessons,
    Order,
    make_lessons,
    save_grounds,
    save_tiles,
)
from training.planting.lessons import CELL

SIDE = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three grounds."""
    rng = np.random.default_rng(2)
    save_grounds(
        tmp_path,
        [rng.integers(60, 90, (SIDE, SIDE)).astype(np.uint8) for _ in range(3)],
        [True, False, False],
    )
    return tmp_path


def copies(lessons: Lessons) -> list[np.ndarray]:
    return [np.array(part) for part in (lessons.tiles, lessons.cells, lessons.lettering)]


def make(folder: Path, count: int, *, seed: int = 1) -> list[np.ndarray]:
    return copies(make_lessons(folder, Order(count, SIDE, seed), lambda _: None))


def test_lessons_are_the_same_on_one_process_and_on_many(folder: Path, monkeypatch):
    """The seed decides, not the number of cores; pieces are made in any order."""
    monkeypatch.setattr(lesson_folder, "_A_PIECE", 5)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = make(folder, 12)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert all(map(np.array_equal, alone, make(folder, 12)))


def test_whole_pieces_are_the_same_however_many_follow(folder: Path, monkeypatch):
    """More lessons begin with those of fewer."""
    monkeypatch.setattr(lesson_folder, "_A_PIECE", 5)
    few, many = make(folder, 5), make(folder, 12)
    assert all(np.array_equal(one, other[:5]) for one, other in zip(few, many, strict=True))


def test_arrays_fit_each_other_and_the_progress_adds_up(folder: Path, monkeypatch):
    """There are as many tiles, cells and answers as asked for, each told once, and on disk."""
    monkeypatch.setattr(lesson_folder, "_A_PIECE", 5)
    told: list[int] = []
    lessons = make_lessons(folder, Order(12, SIDE, 1), told.append)
    assert len(lessons) == sum(told) == 12
    assert lessons.tiles.shape == (12, SIDE, SIDE)
    assert lessons.cells.shape == (12, SIDE // CELL, SIDE // CELL, 3)
    assert set(np.unique(lessons.lettering)) <= {NO, YES, UNSAID}
    assert np.array_equal(np.load(folder / "tiles.npy"), lessons.tiles)


def test_a_disk_that_is_full_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Before the first lesson: who writes to a map of a file without room is ended unasked."""

    def full(descriptor: int, start: int, size: int) -> None:
        assert os.fstat(descriptor).st_size == size > start == 0
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left on device: .*tiles\.npy"):
        make(folder, 12)


def test_another_seed_makes_other_lessons(folder: Path):
    """Hardly any tile comes twice, neither with another seed nor with the same."""
    tiles = np.concatenate([make(folder, 8, seed=seed)[0] for seed in (1, 2)])
    assert len({tile.tobytes() for tile in tiles}) == 16


def test_tiles_come_back_with_what_is_believed_of_them(tmp_path: Path):
    """Every lesson lies on a tile; what that is believed to hold is said in each of them."""
    tiles = np.full((2, SIDE, SIDE), 90, dtype=np.uint8)
    cells = np.full((2, SIDE // CELL, SIDE // CELL, 3), YES, dtype=np.uint8)
    save_tiles(tmp_path, tiles, cells, np.full(2, YES, dtype=np.uint8))
    lessons = make_lessons(tmp_path, Order(10, SIDE, 1, on_grounds=1.0), lambda _: None)
    assert (lessons.lettering == YES).all()
    assert (lessons.cells == YES).all()

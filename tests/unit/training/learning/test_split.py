"""Validation by scan."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.learning.split import split


def rng() -> np.random.Generator:
    """Return a generator with a fixed seed."""
    return np.random.default_rng(3)


def test_no_scan_is_on_both_sides() -> None:
    """All tiles of a scan train, or all validate."""
    numbers = np.repeat(np.arange(8, dtype=np.int32), 50)
    parts = split(numbers, 0.15, rng())
    assert parts.by_scan
    assert not set(numbers[parts.train]) & set(numbers[parts.validation])
    assert len(parts.validation) == 50


def test_tiles_of_unknown_scan_stand_alone() -> None:
    """A tile without a scan is not tied to the other ones without."""
    numbers = np.array([0] * 50 + [1] * 50 + [-1] * 60, dtype=np.int32)
    parts = split(numbers, 0.15, rng())
    held = numbers[parts.validation]
    assert parts.by_scan
    assert (held == -1).sum() == 24


@pytest.mark.parametrize("number", [-1, 0])
def test_without_two_scans_single_tiles_are_held_out(number: int) -> None:
    """Unknown scans, or one scan for all, leave only a split by tile, and it is said."""
    parts = split(np.full(100, number, dtype=np.int32), 0.15, rng())
    assert not parts.by_scan
    assert len(parts.validation) == 15


def test_seed_decides() -> None:
    """The same generator gives the same split, another one another."""
    numbers = np.arange(400, dtype=np.int32) // 20
    first, again = split(numbers, 0.15, rng()), split(numbers, 0.15, rng())
    other = split(numbers, 0.15, np.random.default_rng(4))
    assert first.validation.tolist() == again.validation.tolist()
    assert first.validation.tolist() != other.validation.tolist()


@given(st.lists(st.integers(-1, 5), min_size=2, max_size=60), st.integers(0, 99))
def test_both_sides_have_tiles(numbers: list[int], seed: int) -> None:
    """Whatever the scans' sizes, the sides are not empty and hold each tile once."""
    parts = split(np.array(numbers, dtype=np.int32), 0.15, np.random.default_rng(seed))
    assert len(parts.train)
    assert len(parts.validation)
    assert sorted([*parts.train, *parts.validation]) == list(range(len(numbers)))

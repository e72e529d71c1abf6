"""Validation by patient, by scan, or by tile."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bundle.bundle import Scan
from tests.tile_folders import tile_set
from training.learning.split import Split, owners_of, sentence, split


def parted(
    numbers: NDArray[np.int32], patients: tuple[str | None, ...] = (), seed: int = 3
) -> Split:
    """Split tiles of these scans, whose patients are those given, or not known."""
    count = int(numbers.max(initial=-1)) + 1
    names = patients or (None,) * count
    tiles = replace(
        tile_set(np.zeros((len(numbers), 1, 1), np.uint8)),
        scans=tuple(Scan(f"film{number}", names[number]) for number in range(count)),
        scan_numbers=numbers,
    )
    return split(owners_of(tiles), 0.15, np.random.default_rng(seed))


def test_no_scan_is_on_both_sides() -> None:
    """All tiles of a scan train, or all validate, and it is said."""
    numbers = np.repeat(np.arange(8, dtype=np.int32), 50)
    parts = parted(numbers)
    assert not set(numbers[parts.train]) & set(numbers[parts.validation])
    assert sentence(parts) == "350 tiles of 7 scans train, 50 tiles of 1 scan validate."


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_on_both_sides(seed: int) -> None:
    """The scans of a patient stay together where three patients are known."""
    numbers = np.repeat(np.arange(8, dtype=np.int32), 50)
    owner = numbers // 2
    parts = parted(numbers, ("a", "a", "b", "b", "c", "c", None, None), seed)
    assert parts.by == "patient"
    known = owner < 3
    train, held = np.isin(np.arange(400), parts.train), np.isin(np.arange(400), parts.validation)
    assert not set(owner[train & known]) & set(owner[held & known])
    assert not set(numbers[parts.train]) & set(numbers[parts.validation])


def test_patients_are_counted() -> None:
    """The sentence tells patients where they were parted."""
    numbers = np.repeat(np.arange(8, dtype=np.int32), 50)
    said = sentence(parted(numbers, ("a", "b", "c", "d", "e", "f", "g", "g")))
    assert said == "350 tiles of 6 patients train, 50 tiles of 1 patient validate."


def test_two_patients_are_parted_by_scan() -> None:
    """Of two patients one would be half of what there is to learn."""
    assert parted(np.arange(40, dtype=np.int32) // 10, ("a", "a", "b", "b")).by == "scan"


def test_tiles_of_unknown_scan_stand_alone() -> None:
    """A tile without a scan is not tied to the other ones without."""
    numbers = np.array([0] * 50 + [1] * 50 + [-1] * 60, dtype=np.int32)
    parts = parted(numbers)
    assert parts.by == "scan"
    assert (numbers[parts.validation] == -1).sum() == 24
    assert parts.counts == (2, 0)


@pytest.mark.parametrize("number", [-1, 0])
def test_without_two_scans_single_tiles_are_held_out(number: int) -> None:
    """Unknown scans, or one scan for all, leave only a split by tile, and it is said."""
    parts = parted(np.full(100, number, dtype=np.int32))
    assert sentence(parts) == "85 tiles train, 15 validate: drawn singly, not by scan."


def test_seed_decides() -> None:
    """The same generator gives the same split, another one another."""
    numbers = np.arange(400, dtype=np.int32) // 20
    first, again, other = parted(numbers), parted(numbers), parted(numbers, seed=4)
    assert first.validation.tolist() == again.validation.tolist()
    assert first.validation.tolist() != other.validation.tolist()


@given(
    st.lists(st.integers(-1, 5), min_size=2, max_size=60),
    st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=6, max_size=6),
    st.integers(0, 99),
)
def test_both_sides_have_tiles(numbers: list[int], patients: list[str | None], seed: int) -> None:
    """Whatever the scans' sizes, the sides are not empty and hold each tile once."""
    parts = parted(np.array(numbers, dtype=np.int32), tuple(patients), seed)
    assert len(parts.train)
    assert len(parts.validation)
    assert sorted([*parts.train, *parts.validation]) == list(range(len(numbers)))

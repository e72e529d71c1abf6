"""PNGs that are nearly sound; the long run of the same inputs is `python -m benchmarks.fuzz`."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import judge
from benchmarks.mutants import join, mutant, sound
from bundle.preprocess import MAX_PIXELS, read_tile


@given(number=st.integers(0, 2**62))
@settings(deadline=None, max_examples=300)
def test_nearly_sound_pngs_are_decoded_or_refused(number: int) -> None:
    """Chunks changed, swapped, cut, with right checksums: a tile or one kind of TileError."""
    outcome, wrong = judge(number)
    assert (wrong, outcome != "unforeseen") == ("", True)


def test_a_mutant_is_known_by_its_number() -> None:
    """The same number gives the same bytes, and others give others: findings can be repeated."""
    assert mutant(7) == mutant(7)
    assert len({mutant(number) for number in range(100)}) > 90


KINDS = [(0, depth) for depth in (1, 2, 4, 8, 16)] + [(3, depth) for depth in (1, 2, 4, 8)]
KINDS += [(colour, depth) for colour in (2, 4, 6) for depth in (8, 16)]


@pytest.mark.parametrize(("colour", "depth"), KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
def test_mutants_begin_as_sound_pngs(colour: int, depth: int, interlaced: bool) -> None:
    """Every colour type in every depth, interlaced or not, is decoded before it is damaged."""
    made = sound(random.Random(3), colour, depth, (33, 9), interlaced=interlaced)
    assert read_tile(join(made), 16, max_pixels=MAX_PIXELS).tile.shape == (16, 16)

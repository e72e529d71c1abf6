"""PNGs that are nearly sound; the long run of the same inputs is `python -m benchmarks.fuzz`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import judge
from benchmarks.mutants import mutant


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

"""Evenly spread positions."""

from bundle.spread import spread


def test_spread_keeps_both_ends() -> None:
    """Evenly spaced positions hold the first and the last, each once."""
    assert spread(10, 4).tolist() == [0, 3, 6, 9]
    assert spread(2, 5).tolist() == [0, 1]

"""Scores in words."""

import pytest

from service.answering.screening import score_words


@pytest.mark.parametrize(
    ("score", "words"),
    [(0.0, "0.00"), (0.004, "< 0.01"), (0.5, "0.50"), (0.996, "> 0.99"), (1.0, "1.00")],
)
def test_rounding_claims_nothing(score: float, words: str) -> None:
    """A score is 0 or 1 on the page only if it is."""
    assert score_words(score) == words

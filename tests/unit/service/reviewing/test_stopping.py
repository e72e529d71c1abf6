"""The sentence that says whether to stop."""

import pytest

from service.reviewing.estimate import Draw
from service.reviewing.stopping import Review, advice


@pytest.mark.parametrize(
    ("review", "stop", "sentence"),
    [
        (
            Review(61_700, 0, 300, []),
            False,
            (
                "Look at {} sampled tiles to be able to say that at most 1 % of 61,700 tiles "
                "left hold lettering."
            ),
        ),
        (
            Review(61_600, 0, 300, [Draw(61_700, 100, 0, 0)]),
            False,
            (
                "Look at {} more sampled tiles to be able to say that at most 1 % of 61,600 "
                "tiles left hold lettering."
            ),
        ),
        (
            Review(61_600, 9, 300, [Draw(61_700, 100, 0, 0)], unfinished=(40, 100)),
            False,
            "Finish the audit sample: 40 of its 100 tiles have no decision.",
        ),
        (
            Review(900, 0, 10, [Draw(1000, 100, 10, 10)]),
            False,
            "Go on looking: about 90 of 900 tiles left hold lettering (95 % interval {} to {}).",
        ),
        (
            Review(4000, 0, 30, [Draw(5000, 1000, 0, 0)]),
            True,
            (
                "Stop: with 95 % confidence at most {} of 4,000 tiles left hold lettering "
                "(recall at least {})."
            ),
        ),
        (
            Review(4000, 0, 0, [Draw(5000, 1000, 0, 0)]),
            True,
            "Stop: with 95 % confidence at most {} of 4,000 tiles left hold lettering.",
        ),
        (
            Review(9, 0, 0, [Draw(386, 377, 0, 0)]),
            True,
            "Stop: with 95 % confidence none of 9 tiles left holds lettering.",
        ),
        (
            Review(7, 0, 0, [Draw(2, 2, 0, 0)], outside=7),
            False,
            (
                "Look at the 7 tiles that were decided when samples were drawn and are no longer: "
                "no sample can hold them."
            ),
        ),
        (Review(0, 3, 5, []), True, "Stop: every tile that would be kept has been looked at."),
    ],
)
def test_each_situation_has_its_sentence(review: Review, *, stop: bool, sentence: str) -> None:
    """What to do next is said in words, with the numbers that matter."""
    told = advice(review)
    assert told.stop == stop
    parts = sentence.split("{}")
    at = 0
    for part in parts:
        at = told.sentence.index(part, at) + len(part)
    assert told.sentence.startswith(parts[0])
    assert told.sentence.endswith(parts[-1])


def test_the_advice_keeps_its_word() -> None:
    """As many clean tiles as it asks for let it say Stop, one fewer does not."""
    needed = advice(Review(5000, 0, 10, [])).sample
    for size, stop in ((needed, True), (needed - 1, False)):
        after = Review(5000 - size, 0, 10, [Draw(5000, size, 0, 0)])
        assert advice(after).stop == stop


def test_the_recall_is_not_rounded_up() -> None:
    """30 found and at most 12 left is a recall of at least 0.71, not 0.72."""
    review = Review(4000, 0, 30, [Draw(5000, 1000, 0, 0)])
    assert review.left
    least = review.recall(review.left.high)
    assert least
    said = float(advice(review).sentence.rpartition("at least ")[2].rstrip(")."))
    assert least - 0.01 < said <= least


def test_tiles_outside_every_sample_count_in_full() -> None:
    """A tile that no sample could hold may hold lettering, and the upper bound says so."""
    draws = [Draw(1000, 200, 2, 2)]
    inside, more = Review(800, 0, 2, draws).left, Review(805, 0, 2, draws, outside=5).left
    assert inside
    assert more
    assert (more.low, more.likely, more.high) == (inside.low, inside.likely, inside.high + 5)

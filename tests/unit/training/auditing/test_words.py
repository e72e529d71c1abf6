"""What an audit says in sentences."""

from types import SimpleNamespace
from typing import cast

import pytest

from training.auditing.findings import Findings
from training.auditing.odds import Odds
from training.auditing.words import headline


def said(bounds: tuple[float | None, float | None], p: float) -> str:
    """Say what an odds ratio of 4.3 means, with this interval and this p by scan."""
    odds = Odds("mark", "malign", (9, 9, 9, 9), 4.3, 1.5, 12.0, "Woolf", *bounds, 0.01, p)
    return headline(
        cast("Findings", SimpleNamespace(odds=[odds], classes=SimpleNamespace(unit="scan")))
    )


@pytest.mark.parametrize(
    ("bounds", "p", "why"),
    [
        (
            (1.27, 14.8),
            0.052,
            "leaves out 1, but where the scans' classes are dealt out anew, p is 0.052",
        ),
        (
            (0.9, 14.8),
            0.01,
            "p is 0.01, but where the scans are drawn again, the 95 % interval of the odds",
        ),
        ((None, None), 0.01, "p is 0.01, but too few draws of the scans hold both classes"),
    ],
)
def test_an_interval_and_a_p_that_disagree_are_told_as_two_methods(
    bounds: tuple[float | None, float | None], p: float, why: str
):
    """Nobody is told both that one lies above 1 and that it could be chance, without a word."""
    sentence = said(bounds, p)
    assert sentence.startswith(
        "Whether lettering predicts the class malign is open, for two methods"
    )
    assert why in sentence


def test_where_both_agree_the_sentence_is_plain():
    """Beyond chance, or not."""
    assert said((1.3, 14.8), 0.01).startswith(
        "Lettering predicts the class malign: odds ratio 4.30"
    )
    assert "scan by scan it could be chance" in said((0.9, 14.8), 0.2)

"""What an audit says in sentences."""

from types import SimpleNamespace
from typing import cast

import pytest

from training.auditing.findings import Findings
from training.auditing.odds import Odds
from training.auditing.proving import Proof
from training.auditing.summary import Figure
from training.auditing.words import headline, proof_sentence


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


Bounds = tuple[float | None, float | None]


def proved(with_: float, without: tuple[float, Bounds], gain: tuple[float, Bounds]) -> str:
    """Say what classifiers showed whose scored tiles stand in three scans a class."""
    told = {"with": (with_, (None, None)), "without": without, "gain": gain}
    figures = [
        Figure(arm, "auc", "drop", value, *bounds, [value]) for arm, (value, bounds) in told.items()
    ]
    classes = SimpleNamespace(unit="scan")
    proof = Proof(figures, groups=(7, 3))
    return proof_sentence(cast("Findings", SimpleNamespace(proof=proof, classes=classes)))


def test_what_brings_something_is_no_loss():
    """Letters that move the cleaned classifier the other way are told so, and counted."""
    sentence = proved(0.2, (-0.25, (-0.3, -0.1)), (0.2, (0.1, 0.3)))
    assert "loses 0.20 of its AUC" in sentence
    assert "it gains 0.25 (0.10 to 0.30). So letters move that one no less" in sentence
    assert sentence.endswith("that cleaning helps is not shown.")
    less = proved(0.25, (-0.02, (-0.03, -0.01)), (0.25, (0.1, 0.3)))
    assert less.endswith("it gains 0.02 (0.01 to 0.03). Cleaning saves 0.25 (0.10 to 0.30).")
    sure = proved(0.25, (0.01, (-0.1, 0.1)), (0.24, (0.1, 0.3)))
    assert sure.endswith("Cleaning saves 0.24 (0.10 to 0.30).")
    unsure = proved(0.25, (0.2, (-0.1, 0.3)), (0.05, (-0.1, 0.3)))
    assert unsure.endswith("That cleaning saves any of it is not shown (-0.10 to 0.30).")


def test_of_few_groups_nothing_is_claimed():
    """However large the difference."""
    sentence = proved(0.4, (0.0, (None, None)), (0.4, (None, None)))
    assert "stand in 3 scans, and an interval takes 5. Whether cleaning helps is open." in sentence
    assert "saves" not in sentence

"""Words for figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.manifest import Clustering
from service.pages.captions import (
    closeness,
    cluster_name,
    confidence_words,
    dbscan_words,
    percent,
    same_scan_words,
)


@pytest.mark.parametrize(
    ("rarity", "words"),
    [
        (0.0, "closer than all 100,000 random pairs"),
        (0.00002, "closer than 99.998 % of random pairs"),
        (0.002, "closer than 99.8 % of random pairs"),
        (0.05, "closer than 95 % of random pairs"),
        (0.49, "closer than 51 % of random pairs"),
        (0.5, "no closer than most random pairs"),
        (1.0, "no closer than most random pairs"),
    ],
)
def test_a_distance_is_put_beside_random_pairs(rarity: float, words: str) -> None:
    """The words say which share of random pairs lies farther apart."""
    assert closeness(rarity, 100_000).words == words


def test_the_bar_grows_a_quarter_for_each_factor_of_ten() -> None:
    """Four factors of ten fill it; what is beyond stays full."""
    bars = [closeness(share, 10**6).bar for share in (1, 0.1, 0.01, 0.001, 0.0001, 0.00001)]
    assert bars == [0, 25, 50, 75, 100, 100]


def test_few_pairs_cannot_fill_the_bar() -> None:
    """Being closer than all of ten pairs proves one factor of ten, not more."""
    assert closeness(0.0, 10).bar == 25


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_closeness_never_claims_all_when_it_is_not_so(rarity: float, pairs: int) -> None:
    """100 % is never written, and the bar stays within its bounds."""
    said = closeness(rarity, pairs)
    assert "100 %" not in said.words
    assert "100.0" not in said.words
    assert 0 <= said.bar <= 100


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.0733, "7.3 %"), (0.9996, "> 99.9 %"), (1, "100.0 %")],
)
def test_a_share_is_zero_or_all_only_if_it_is(share: float, words: str) -> None:
    """Rounding does not make something of nothing, or all of most."""
    assert percent(share) == words


def test_labels_have_names() -> None:
    """-1 is not shown as a number."""
    assert [cluster_name(-1), cluster_name(7)] == ["stray", "cluster 7"]


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(0.5, "nearly as near"), (0.7, "farther off"), (0.9, "far off")],
)
def test_confidence_has_a_value_and_a_meaning(confidence: float, words: str) -> None:
    """A number alone says little."""
    said = confidence_words(confidence)
    assert f"{confidence:.2f}" in said
    assert words in said


def test_dbscan_noise_is_put_beside_its_share() -> None:
    """That most tiles are noise belongs to the label."""
    found = Clustering(method="dbscan", settings={"eps": 0.9}, clusters=102, noise_share=0.733)
    assert dbscan_words(-1, found) == "noise with eps 0.9, as are 73.3 % of all tiles"
    assert dbscan_words(3, found) == "cluster 3 of 102 with eps 0.9"


@pytest.mark.parametrize(
    ("same", "words"),
    [(0, "None of them"), (2, "2 of them from the same scan, 3 from others"), (5, "All of them")],
)
def test_neighbours_from_one_scan_are_counted(same: int, words: str) -> None:
    """Many neighbours of one scan say less than few of others."""
    assert words in same_scan_words(same, 5)

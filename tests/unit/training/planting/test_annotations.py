"""Annotations as cards, before they are laid on a tile."""

import numpy as np
import pytest

from training.planting.annotations import KINDS

OPAQUE = ("strip", "plate", "sticker", "bare_plate")


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("size", [4, 17.5, 90])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_a_card(kind: str, size: float):
    """Value and alpha are float32 of one shape, alpha in [0, 1] and somewhere above 0."""
    for seed in range(12):
        card = KINDS[kind](seeded(seed), size)
        assert card.value.shape == card.alpha.shape
        assert card.value.dtype == card.alpha.dtype == np.float32
        assert 0 <= card.alpha.min() <= card.alpha.max() <= 1
        assert card.alpha.max() > 0.2
        assert card.letter == size


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_decides(kind: str):
    """The same seed draws the same card."""
    first, again = (KINDS[kind](seeded(5), 20) for _ in range(2))
    assert np.array_equal(first.value, again.value)
    assert np.array_equal(first.alpha, again.alpha)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_later_it_is_another_card(kind: str):
    """No kind is always the same picture."""
    cards = {KINDS[kind](seeded(seed), 20).value.tobytes() for seed in range(10)}
    assert len(cards) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_plates_and_stickers_bring_their_own_ground(kind: str):
    """Those cover more than half of their card and say so; the others are ink alone."""
    cards = [KINDS[kind](seeded(seed), 30) for seed in range(12)]
    assert {card.opaque for card in cards} == {kind in OPAQUE}
    if kind in OPAQUE:
        assert all(card.alpha.mean() > 0.5 for card in cards)
    else:
        assert all((card.value == 1).all() for card in cards)


@pytest.mark.parametrize("kind", KINDS)
def test_larger_letters_make_larger_cards(kind: str):
    """The size asked for is what the card grows with."""
    small, large = (
        np.median([KINDS[kind](seeded(seed), size).alpha.size for seed in range(15)])
        for size in (10, 60)
    )
    assert large > 4 * small

import numpy as np
import pytest

from training.planting.distractors import KINDS, distract
from training.planting.film import synthetic_film

SIDES = (32, 33, 150, 192, 299)


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def middle_grey(side: int = 96) -> np.ndarray:
    """Grey with a little grain, so that each kind has room above and below."""
    grain = seeded(0).uniform(-0.02, 0.02, (side, side))
    return (0.5 + grain).astype(np.float32)


@pytest.mark.parametrize("side", SIDES)
def test_film_is_a_float32_tile_from_0_to_1_at_every_side(side):
    """A synthetic film has the side asked for, is float32 and stays in [0, 1]."""
    for seed in range(12):
        film = synthetic_film(seeded(seed), side)
        assert film.shape == (side, side)
        assert film.dtype == np.float32
        assert film.min() >= 0
        assert film.max() <= 1


def test_film_depends_on_the_seed_alone():
    """The same seed gives the same film, another seed another one."""
    assert np.array_equal(synthetic_film(seeded(3), 64), synthetic_film(seeded(3), 64))
    assert not np.array_equal(synthetic_film(seeded(3), 64), synthetic_film(seeded(4), 64))


def test_films_span_black_to_white_and_flat_to_rich():
    """Among many films are nearly black, nearly white, flat and contrasty ones."""
    films = np.stack([synthetic_film(seeded(seed), 48) for seed in range(120)])
    means, deviations = films.mean((1, 2)), films.std((1, 2))
    assert means.min() < 0.05
    assert means.max() > 0.75
    assert deviations.min() < 0.02
    assert deviations.max() > 0.2


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_picture_and_says_so(kind, side):
    """A named kind is named, in range, leaves the tile given as it was, and nearly always shows.

    A thin film edge may lie wholly beyond a small tile's border; JPEG's blocks show in the dark.
    """
    tile = middle_grey(side) * np.float32(0.1 if kind == "blocks" else 1)
    before = tile.copy()
    shows = 0
    for seed in range(4):
        drawn = distract(seeded(seed), tile, [kind])
        assert drawn.kinds == (kind,)
        assert drawn.pixels.dtype == np.float32
        assert drawn.pixels.min() >= 0
        assert drawn.pixels.max() <= 1
        shows += not np.array_equal(drawn.pixels, before)
    assert shows >= (3 if kind == "film_edge" else 4)
    assert np.array_equal(tile, before)


@pytest.mark.parametrize("kind", KINDS)
def test_edge_and_masked_are_true_exactly_where_those_were_drawn(kind):
    """`edge` marks what a film edge changed, `masked` what a mask did, other kinds mark nothing."""
    tile = middle_grey()
    for seed in range(20):
        drawn = distract(seeded(seed), tile, [kind])
        changed = drawn.pixels != tile
        assert drawn.edge.any() == (kind == "film_edge")
        assert drawn.masked.any() == (kind == "mask")
        if kind in {"film_edge", "mask"}:
            marked = drawn.edge | drawn.masked
            assert not (changed & ~marked).any()
            assert changed[marked].mean() > 0.95
        if kind == "mask":
            assert np.ptp(drawn.pixels[drawn.masked]) == 0


def test_a_mask_lies_on_top_of_a_film_edge():
    """Where both were drawn the mask is seen, in whichever order they are named."""
    for seed in range(10):
        drawn = distract(seeded(seed), middle_grey(), ["mask", "film_edge"])
        assert drawn.kinds == ("film_edge", "mask")
        assert not (drawn.edge & drawn.masked).any()
        assert np.ptp(drawn.pixels[drawn.masked]) == 0


def test_unnamed_kinds_are_none_to_three_and_depend_on_the_seed_alone():
    """Left to chance, every kind comes up, at most three at once, the same for the same seed."""
    drawn = [distract(seeded(seed), middle_grey(32)) for seed in range(400)]
    assert {len(one.kinds) for one in drawn} == {0, 1, 2, 3}
    assert {kind for one in drawn for kind in one.kinds} == set(KINDS)
    again = distract(seeded(7), middle_grey(32))
    assert again.kinds == drawn[7].kinds
    assert np.array_equal(again.pixels, drawn[7].pixels)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    """The message for an unknown kind lists those to choose from."""
    with pytest.raises(ValueError, match=r"step_wedge.*choose from pectoral.*mask"):
        distract(seeded(0), middle_grey(), ["step_wedge"])

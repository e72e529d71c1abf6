"""Annotations laid on a tile."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.planting.annotations import KINDS
from training.planting.plant import FAINTEST, SMALLEST, Wanted, cover, plant

SHAPES = [(8, 8), (8, 30), (33, 57), (120, 75), (192, 192)]


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(shape: tuple[int, int] = (128, 128), grey: float = 0.3) -> NDArray[np.float32]:
    return np.full(shape, grey, np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_tiles_of_any_shape_keep_it(shape: tuple[int, int]):
    """Pixels and ink have the tile's shape, pixels are float32 in [0, 1], the tile is left."""
    tile = flat(shape)
    for seed in range(40):
        planted = plant(seeded(seed), tile)
        assert planted.pixels.shape == planted.ink.shape == shape
        assert planted.pixels.dtype == np.float32
        assert planted.ink.dtype == bool
        assert 0 <= planted.pixels.min() <= planted.pixels.max() <= 1
    assert (tile == np.float32(0.3)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_tile_where_it_says(kind: str):
    """A strong planting of a kind is named, and its ink differs from the tile."""
    for seed in range(10):
        planted = plant(seeded(seed), flat(), Wanted(kind, size=30, contrast=0.5))
        assert planted.kind == kind
        assert planted.size == 30
        if planted.box is not None and kind not in {"plate", "bare_plate", "strip", "sticker"}:
            assert np.abs(planted.pixels - 0.3)[planted.ink].mean() > 0.02  # some are fine and soft


@pytest.mark.parametrize("shape", SHAPES)
def test_the_box_lies_tightly_round_the_ink(shape: tuple[int, int]):
    """No ink lies outside, and each side of the box touches some; without ink there is no box."""
    for seed in range(40):
        planted = plant(seeded(seed), flat(shape))
        if planted.box is None:
            assert not planted.ink.any()
            continue
        left, top, right, bottom = planted.box
        inside = planted.ink[top:bottom, left:right]
        assert inside.sum() == planted.ink.sum()
        assert all(side.any() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def test_the_contrast_is_the_mean_difference_at_the_ink():
    """What came of the contrast is told, and is at most about what was asked for on flat film."""
    for seed in range(40):
        planted = plant(seeded(seed), flat(), Wanted("letters", size=40, contrast=0.25))
        if planted.box is not None:
            change = np.abs(planted.pixels - flat())[planted.ink].mean()
            assert planted.contrast <= 0.36
            # Part of it may have been blacked out, which changes the ground and not the letters.
            assert planted.contrast == pytest.approx(change, abs=0.02)


def test_higher_contrast_asked_for_is_higher_contrast():
    """The same letters come out stronger, as asked for."""
    wanted = [Wanted("letters", size=40, contrast=contrast) for contrast in (0.05, 0.2, 0.6)]
    means = [np.mean([plant(seeded(s), flat(), w).contrast for s in range(20)]) for w in wanted]
    assert means == sorted(means)
    assert means[2] > 5 * means[0]


def test_some_are_cut_by_the_border():
    """Among many, some touch each border of the tile and some touch none."""
    boxes = [plant(seeded(seed), flat()).box for seed in range(200)]
    sides = np.array([box for box in boxes if box])
    assert (sides[:, 0] == 0).any()
    assert (sides[:, 1] == 0).any()
    assert (sides[:, 2] == 128).any()
    assert (sides[:, 3] == 128).any()
    assert ((sides[:, :2] > 0).all(axis=1) & (sides[:, 2:] < 128).all(axis=1)).any()


def test_chance_brings_every_kind_size_and_contrast():
    """Left open, all kinds come, letters from the smallest to most of the tile."""
    made = [plant(seeded(seed), flat((64, 64))) for seed in range(400)]
    assert {one.kind for one in made} == set(KINDS)
    sizes = [one.size for one in made]
    assert SMALLEST <= min(sizes) < 6
    assert 40 < max(sizes) <= 0.8 * 64 + 1e-6
    assert min(one.contrast for one in made if one.clear) < 2 * FAINTEST + 0.02


def test_clear_is_said_of_strong_and_not_of_faint():
    """Strong letters on flat film are clear; those fainter than the film's grain are not."""
    strong, faint = Wanted("letters", 40, 0.6), Wanted("letters", 40, 0.03)
    noisy = (0.4 + 0.1 * seeded(0).standard_normal((128, 128))).clip(0, 1).astype(np.float32)
    assert np.mean([plant(seeded(s), flat(), strong).clear for s in range(30)]) > 0.8
    assert not any(plant(seeded(s), noisy, faint).clear for s in range(30))


def test_the_seed_alone_decides():
    """The same seed plants the same, another seed otherwise."""
    first, again, other = (plant(seeded(seed), flat()) for seed in (1, 1, 2))
    assert np.array_equal(first.pixels, again.pixels)
    assert (first.kind, first.box, first.contrast) == (again.kind, again.box, again.contrast)
    assert not np.array_equal(first.pixels, other.pixels)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    """The message lists the kinds to choose from."""
    with pytest.raises(ValueError, match="'stamp'; there are letters, digits"):
        plant(seeded(0), flat(), Wanted("stamp"))


def test_tiles_of_8_pixels_can_be_planted_on():
    """The shortest side that a tile may have was too short for a sliver over the border."""
    assert all(plant(seeded(seed), flat((8, 8))).kind for seed in range(60))


@pytest.mark.parametrize("seed", [6, 34, 371])
def test_a_soft_fine_annotation_keeps_its_mask(seed: int):
    """Softening leaves no line of such a ruler a third of its strength: its ink was a speck."""
    planted = plant(seeded(seed), flat((192, 192)), Wanted("ruler", 30, 0.5))
    change = np.abs(planted.pixels - np.float32(0.3))
    strong = change > 0.5 * change.max()
    assert planted.ink[strong].mean() > 0.9


def test_what_paper_covers_is_no_ink():
    """Half of it leaves the other half and its box, all of it no box."""
    planted = plant(seeded(3), flat(), Wanted("letters", 40, 0.6))
    assert planted.box is not None
    left, _, right, bottom = planted.box
    paper = np.zeros_like(planted.ink)
    paper[:, : (left + right) // 2] = True
    half = cover(planted, paper)
    assert half.box is not None
    assert half.box[0] >= (left + right) // 2
    assert half.box[2:] == (right, bottom)
    whole = cover(planted, np.ones_like(paper))
    assert (whole.box, whole.clear, whole.ink.any()) == (None, False, False)

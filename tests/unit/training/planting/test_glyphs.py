"""Lines of text as coverage masks."""

import numpy as np
import pytest

from training.planting import glyphs


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("hand", [False, True])
def test_ink_is_coverage_cropped_to_itself(hand: bool):
    """Coverage is float32 in [0, 1] with ink in its outermost rows and columns."""
    for seed in range(40):
        ink = glyphs.render("R MLO", 24, seeded(seed), hand=hand)
        assert ink.dtype == np.float32
        assert ink.min() >= 0
        assert ink.max() <= 1
        assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))


def test_capitals_are_about_as_high_as_asked_for():
    """Whatever the font, a line of capitals comes out near its height."""
    for height in (5, 12, 40, 120):
        made = [len(glyphs.render("HEX", height, seeded(seed))) for seed in range(30)]
        assert 0.8 * height <= np.median(made) <= 1.35 * height


def test_letters_smaller_than_fonts_draw_well_are_shrunk():
    """Four pixels high is possible and still has ink."""
    for seed in range(30):
        ink = glyphs.render("L CC", 4, seeded(seed))
        assert 2 <= len(ink) <= 8
        assert ink.max() > 0.2


def test_the_seed_alone_decides():
    """The same seed writes the same, another seed in another way."""
    first, again, other = (glyphs.render("CC", 30, seeded(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("write", [glyphs.mark, glyphs.line, glyphs.number])
def test_texts_are_never_empty_and_vary(write):
    """Marks, lines and numbers have something to write, and not always the same."""
    texts = {write(seeded(seed)) for seed in range(60)}
    assert all(text.strip() for text in texts)
    assert len(texts) > 10


def test_numbers_are_digits():
    """A number is one to five digits."""
    for seed in range(40):
        number = glyphs.number(seeded(seed))
        assert number.isdigit()
        assert len(number) <= 5

"""Which windows of a film count as lettering."""

import numpy as np

from benchmarks.scales import cut, ink_of
from training.cutting.windows import Recipe


def test_ink_is_what_is_bright_within_the_regions() -> None:
    """The same brightness outside, and dark film inside, is none."""
    film = np.zeros((100, 100), dtype=np.uint8)
    film[10:20, 10:20] = film[60:70, 60:70] = 200
    where = ink_of(film, [[[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]])
    assert where.sum() == 100
    assert where[10:20, 10:20].all()


def test_a_window_with_a_sliver_counts_as_neither() -> None:
    """Of three windows one shows 60 x 60 px of ink, one 20 x 20, one only tissue."""
    film = np.full((100, 300), 30, dtype=np.uint8)
    film[::2] += 20
    where = np.zeros(film.shape, dtype=bool)
    where[20:80, 20:80] = where[20:40, 120:140] = True
    windows = cut([(film, where)], Recipe(window=100, stride=100, size=50))
    assert windows.tiles.shape == (2, 50, 50)
    assert windows.positive.tolist() == [True, False]

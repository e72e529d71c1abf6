"""What the simulated curator counts."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.curator import at_random, looked_at


def test_looks_are_counted_to_the_last_one_needed() -> None:
    """Of twenty, 95 % are nineteen: the tile that brings the nineteenth ends the count."""
    truth = np.arange(100) < 20
    order = np.concatenate([np.arange(18), [50, 51], np.arange(18, 20), np.arange(20, 100)])
    order = np.array(list(dict.fromkeys(order.tolist())))
    assert looked_at(order, truth) == {"95%": 21, "99%": 22}


def test_random_order_is_the_mean_over_all_orders() -> None:
    """The expected looks to find all of three among seven are those of every placing, averaged."""
    truth = np.arange(7) < 3
    last = [max(places) + 1 for places in combinations(range(7), 3)]
    assert at_random(truth)["99%"] == pytest.approx(np.mean(last), abs=0.05)

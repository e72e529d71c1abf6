"""The study's pipeline after its encoder, with its flaws."""

from dataclasses import replace

import numpy as np
import pytest

from training.indexing.cluster import k_distances
from training.measuring.measures import Truth, average, neighbor_precision
from training.studying.flaws import gapped_index
from training.studying.variants import (
    Marked,
    brightness_gap,
    make_space,
    make_variants,
    measure,
    nearest_marked,
    overlap,
)

COUNT = 60


def latents(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(COUNT, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, object]:
    """Outcomes by key; skew and resize are latents of other tiles altogether."""
    right, skew, resize = (
        make_space(latents(), 1),
        make_space(latents(1), 1),
        make_space(latents(2), 1),
    )
    index = gapped_index(COUNT, np.random.default_rng(1))
    variants = make_variants(right, skew, resize, index)
    return {variant.key: measure(variant, right, 5, None) for variant in variants}


def test_right_is_right(outcomes):
    """Done right, all right neighbours are shown and every look-up finds its row."""
    assert outcomes["right"].overlap == 1
    assert outcomes["right"].missing == 0
    assert outcomes["right"].distance < outcomes["right"].typical


def test_skew_changes_neighbours_only_by_latents(outcomes):
    """Latents that know nothing of the right ones give neighbours by chance."""
    assert outcomes["skew"].overlap < 0.3


def test_wrong_rows_are_random_tiles(outcomes):
    """With wrong rows few neighbours are right, some are missing, and they lie far away."""
    rows = outcomes["rows"]
    assert rows.overlap < 0.3
    assert rows.missing > 0
    assert rows.distance > 1.3 * outcomes["right"].distance
    assert rows.noise == outcomes["right"].noise


def test_eps_changes_noise_alone(outcomes):
    """A small eps leaves neighbours as they are and calls more tiles noise."""
    right, eps = outcomes["right"], outcomes["eps"]
    assert (eps.overlap, eps.distance) == (1, right.distance)
    assert eps.noise > right.noise


def test_all_three_have_every_flaw(outcomes):
    """All three together: green latents, wrong rows, small eps."""
    everything = outcomes["all"]
    assert everything.overlap < 0.3
    assert everything.missing == pytest.approx(outcomes["rows"].missing, abs=0.1)
    assert everything.eps == 0.9


def test_eps_comes_from_the_curve():
    """The right eps lies within the k-distance curve, not below it."""
    space = make_space(latents(), 1)
    curve = k_distances(space.graph)
    assert curve[0] <= space.eps <= curve[-1]
    assert space.noise(space.eps) < 1


def test_constant_latents_do_not_divide_by_zero():
    """A dead unit, the same for all tiles, keeps distances finite."""
    dead = latents()
    dead[:, 0] = 0
    assert np.isfinite(make_space(dead, 1).graph.distances).all()


def test_overlap_by_hand():
    """Order does not count, missing rows match nothing."""
    right = np.array([[1, 2], [3, 4]], dtype=np.int32)
    assert overlap(np.array([[2, 1], [3, -1]], dtype=np.int32), right) == 0.75


def test_precision_agrees_with_evaluate():
    """Done right, P@k is the figure that `evaluate` gives, in all and in other scans."""
    rng = np.random.default_rng(3)
    space = make_space(latents(), 1)
    rows = np.sort(rng.choice(COUNT, 40, replace=False))
    positive = rng.random(40) < 0.3
    scans = rng.integers(-1, 4, COUNT).astype(np.int32)
    variant = make_variants(space, space, space, np.arange(COUNT))[0]
    found = measure(variant, space, 5, Marked(rows, positive, scans))
    groups = scans[rows].astype(np.intp)
    truth = Truth(space.points[rows], positive, groups, groups)
    for mine, other_scans in (
        (found.precision, False),
        (found.precision_other_scans, True),
    ):
        theirs = average(neighbor_precision(truth, 5, other_scans=other_scans), np.ones(40))
        assert mine == pytest.approx(theirs)


def test_nearest_marked_leaves_out_the_tile_and_its_scan():
    """A tile is not its own neighbour; with other scans, nor is its scan."""
    line = np.arange(4, dtype=np.float32)[:, None]
    scans = np.array([0, 0, 1, 1], dtype=np.int32)
    marked = Marked(np.arange(4), np.ones(4, dtype=bool), scans)
    assert nearest_marked(line, marked, 0, 2, other_scans=False).tolist() == [1, 2]
    assert nearest_marked(line, marked, 0, 5, other_scans=True).tolist() == [2, 3]


def test_precision_without_anything_shown_is_none():
    """Where no labelled tile is shown there is no precision, not 0."""
    space = make_space(latents(), 1)
    nothing = replace(
        make_variants(space, space, space, np.arange(COUNT))[3], index=np.arange(COUNT) + COUNT
    )
    marked = Marked(np.arange(4), np.array([True, True, False, False]), np.zeros(COUNT, np.int32))
    found = measure(nothing, space, 5, marked)
    assert found.precision is None
    assert found.missing == 1


def test_brightness_gap():
    """Neighbours of like brightness have a small gap, random tiles a large one."""
    brightness = np.repeat([0.0, 200.0], 50)
    rows = np.concatenate([np.full((50, 1), 0), np.full((50, 1), 99)]).astype(np.int32)
    near, far = brightness_gap(brightness, rows, np.random.default_rng(0))
    assert near == 0
    assert far in (0, 200)
    assert brightness_gap(np.arange(100.0), rows, np.random.default_rng(0))[1] > 20

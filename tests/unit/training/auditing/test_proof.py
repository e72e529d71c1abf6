"""Clean and prove, with teachers whose answers are known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle.arrays import Tiles
from tests.audited import film
from training.auditing.proof import ARMS, SETS, CannotProve, Case, Run, lettered, prove
from training.auditing.summary import Figure, summarise

COUNT, SCANS = 240, 12


@dataclass(frozen=True)
class Teacher:
    """Remembers what it was taught; scores by brightness, or by nothing but the letters."""

    seen: list[tuple[Tiles, NDArray[np.bool_]]]

    def __call__(self, tiles: Tiles, inside: NDArray[np.bool_], _seed: int) -> "Teacher":
        self.seen.append((tiles, inside))
        return self

    def scores(self, tiles: Tiles) -> NDArray[np.float64]:
        return tiles.mean(axis=(1, 2)) - 90.0


def case(**changes: NDArray[np.bool_]) -> Case:
    rng = np.random.default_rng(3)
    tiles = [film(rng) for _ in range(COUNT)]
    inside = rng.random(COUNT) < 0.5
    return Case(
        picture=lambda at: tiles[at],
        inside=inside,
        dropped=changes.get("dropped", inside & (rng.random(COUNT) < 0.4)),
        blank=np.zeros(COUNT, dtype=bool),
        groups=np.arange(COUNT) % SCANS,
        contents=np.arange(COUNT),
        taught=changes.get("taught"),
    )


def test_both_are_taught_on_equally_many_of_each_class_and_no_dropped_tile_is_scored():
    """Only what the tiles show differs between the two."""
    teacher = Teacher([])
    run = prove(case(), 1, teacher)
    assert [inside.sum() for _, inside in teacher.seen] == [teacher.seen[0][1].sum()] * 2
    assert len(teacher.seen[0][0]) == len(teacher.seen[1][0]) == run.taught
    assert {arm: set(run.scores[arm]) for arm in ARMS} == {arm: set(SETS) for arm in ARMS}


def test_letters_change_nothing_on_the_class_that_they_are_not_planted_on():
    """The planted set differs from the plain one on the other class only; the control likewise."""
    run = prove(case(), 1, Teacher([]))
    plain, planted, same = (run.scores["with"][name] for name in SETS)
    assert (plain == planted)[run.inside].all()
    assert (plain != planted)[~run.inside].mean() > 0.9
    assert (plain == same)[~run.inside].all()


def test_seeds_hold_out_different_scans():
    """Though scans of unlike sizes fall into the same thirds, however they are shuffled."""
    sizes = np.array([90, 50, 40, 30, 20, 10])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(1)
    one = replace(case(), groups=groups, inside=rng.random(COUNT) < 0.5)
    held = [set(prove(one, seed, Teacher([])).groups.tolist()) for seed in (3, 4, 5)]
    assert set.union(*held) == set(range(len(sizes)))


def test_the_users_split_is_kept_without_what_leaks():
    """Scans that are taught are not scored, though the list puts some of their tiles aside."""
    taught = np.arange(COUNT) % SCANS < 6
    taught[0] = False  # a tile of a taught scan, in the other split
    run = prove(case(taught=taught), 1, Teacher([]))
    assert set(run.groups.tolist()) == set(range(6, SCANS))


def test_too_few_tiles_are_told():
    """Where cleaning leaves hardly any tile of a class there is nothing to teach."""
    everything = np.ones(COUNT, dtype=bool)
    everything[:30] = False
    with pytest.raises(CannotProve, match="20 are needed: add tiles of it"):
        prove(case(dropped=everything), 1, Teacher([]))


def test_a_rare_class_is_scored_by_tiles_of_its_own():
    """Of a class of one tile in fifty too few were among the tiles drawn of both."""
    count = 9000
    tiles = film(np.random.default_rng(1))
    one = Case(
        picture=lambda _at: tiles,
        inside=np.arange(count) % 50 == 0,
        dropped=np.zeros(count, dtype=bool),
        blank=np.zeros(count, dtype=bool),
        groups=np.arange(count) // 100,
        contents=np.arange(count),
        taught=np.arange(count) < 6000,
    )
    run = prove(one, 1, Teacher([]))
    assert run.inside.sum() > 50
    assert (~run.inside).sum() > 250


def test_planted_letters_change_their_own_pixels_alone():
    """The rest of the tile stays bit for bit, so nothing but letters can be learnt from it."""
    tile = film(np.random.default_rng(1))
    made = lettered(tile, np.random.default_rng(2))
    assert made is not None
    assert 0 < (made != tile).mean() < 0.9


def answered(
    planted: float, *, cleaned: float = 0.0, scans: int = 20, seeds: int = 2
) -> list[Figure]:
    """Summarise runs, with what planted letters add to the scores of both classifiers."""
    rng = np.random.default_rng(6)
    inside = np.arange(200) % 2 == 0
    runs = []
    for seed in range(seeds):
        plain = inside * 2.0 + rng.normal(0, 1, 200)
        fooled, other = (np.where(inside, plain, plain + more) for more in (planted, cleaned))
        scores = {
            "with": {"plain": plain, "planted": fooled, "same": plain},
            "without": {"plain": plain, "planted": other, "same": plain},
        }
        runs.append(Run(seed, 100, inside, np.arange(200) * scans // 200, scores))
    return summarise(runs, 1)


def figure(figures: list[Figure], arm: str, what: str) -> Figure:
    return next(one for one in figures if (one.arm, one.what, one.measure) == (arm, what, "auc"))


def test_what_cleaning_saves_has_an_interval_above_nothing():
    """The loss of one, none of the other, and their difference with its interval."""
    figures = answered(2.0)
    assert figure(figures, "without", "drop").value == 0
    gain = figure(figures, "gain", "drop")
    assert gain.value == pytest.approx(figure(figures, "with", "drop").value)
    assert gain.low is not None
    assert gain.low > 0.1


def test_where_nothing_is_lost_nothing_is_saved():
    """Two classifiers that letters do not fool have no gain."""
    gain = figure(answered(0.0), "gain", "drop")
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_what_letters_bring_is_no_saving():
    """A classifier that they help has lost nothing, and no more can be saved than was lost."""
    figures = answered(1.0, cleaned=-3.0)
    assert figure(figures, "with", "drop").value > 0.1
    assert figure(figures, "without", "drop").value < -0.05
    gain = figure(figures, "gain", "drop")
    assert gain.value == pytest.approx(figure(figures, "with", "drop").value)


def test_of_few_groups_there_is_no_interval():
    """Draws of four scans would tell less than they seem to."""
    assert all((one.low, one.high) == (None, None) for one in answered(2.0, scans=4))
    assert all(one.low is not None for one in answered(2.0, scans=5))


def test_more_seeds_are_no_more_scans():
    """Classifiers that score the same scans leave the interval as wide as those scans make it."""
    one, many = (
        figure(summarise([of_one_split(seed) for seed in range(seeds)], 1), "gain", "drop")
        for seeds in (1, 8)
    )
    assert one.low is not None
    assert one.high is not None
    assert many.low is not None
    assert many.high is not None
    assert many.high - many.low > 0.8 * (one.high - one.low)


def of_one_split(seed: int) -> Run:
    """Score the same 24 scans, which letters hurt unlike much, with little of the seed's own."""
    rng, own = np.random.default_rng(3), np.random.default_rng([9, seed])
    groups = np.repeat(np.arange(24), 10)
    inside = groups < 12
    plain = inside * 1.5 + rng.normal(0, 1, 240) + own.normal(0, 0.05, 240)
    fooled = np.where(inside, plain, plain + rng.normal(0.5, 1.5, 24)[groups])
    same = dict.fromkeys(SETS, plain)
    return Run(seed, 100, inside, groups, {"with": {**same, "planted": fooled}, "without": same})


def test_a_seed_whose_draw_lacks_a_class_is_left_out_of_it():
    """Seeds that hold out two scans of a class each still have an interval of them all."""
    rng = np.random.default_rng(5)
    runs = []
    for seed in range(3):
        inside = np.arange(40) < 20
        plain = inside * 2.0 + rng.normal(0, 1, 40)
        scores = dict.fromkeys(SETS, plain)
        groups = 4 * seed + np.arange(40) // 10
        runs.append(Run(seed, 100, inside, groups, {"with": scores, "without": scores}))
    found = figure(summarise(runs, 1), "with", "plain")
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high

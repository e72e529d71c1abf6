"""Agreement of reviewers: the field's figures, and the list of conflicts."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from service.decisions import agreement
from service.decisions.agreement import LEAST, Overall, alphas, kappas, overall, pairs
from service.decisions.events import DECISIONS, Decision, Event
from service.pages.progress import agreeing
from service.routes import agreement as route
from tests.api import Api, running

# Krippendorff, Computing Krippendorff's alpha-reliability, 2011, example C: nominal 0.743.
RELIABILITY = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
# Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: kappa 0.676,
# standard error 0.088.
DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]


@pytest.fixture
def api(tiny_path: Path, tmp_path: Path) -> Iterator[Api]:
    with running(tiny_path, decisions=tmp_path) as running_api:
        yield running_api


def opinion(reviewer: str, decision: Decision) -> Event:
    now = datetime.now(UTC)
    return Event(1, now, reviewer, "c1", "", "", decision, None, None, "")


def by_both(table: Sequence[Sequence[int]]) -> list[list[Event]]:
    """Return the tiles that a table of two reviewers counts."""
    return [
        [opinion("ann", DECISIONS[one]), opinion("ben", DECISIONS[other])]
        for one, row in enumerate(table)
        for other, times in enumerate(row)
        for _ in range(times)
    ]


def test_kappa_is_the_textbooks() -> None:
    """Point and interval of a published table; the interval is near 1.96 standard errors."""
    (pair,) = pairs(by_both(DIAGNOSES))
    assert (pair.reviewers, pair.tiles, pair.agreed) == (("ann", "ben"), 100, 89)
    assert pair.kappa == pytest.approx(0.676, abs=0.001)
    assert pair.interval == pytest.approx((0.676 - 1.96 * 0.088, 0.676 + 1.96 * 0.088), abs=0.03)


def test_kappa_is_that_of_scikit_learn() -> None:
    """Random decisions of two reviewers, many times."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        one, other = rng.integers(0, 3, (2, 40))
        table = np.zeros((3, 3), np.int64)
        np.add.at(table, (one, other), 1)
        assert kappas(table[None])[0] == pytest.approx(cohen_kappa_score(one, other))


def test_alpha_is_krippendorffs() -> None:
    """His own example, in which not everybody judged everything."""
    columns = zip(*(line.split() for line in RELIABILITY), strict=True)
    counted = [[column.count(value) for value in "12345"] for column in columns]
    kinds = np.array([kind for kind in counted if sum(kind) > 1])
    times = np.ones((1, len(kinds)), np.int64)
    assert alphas(kinds, times)[0] == pytest.approx(0.743, abs=0.0005)


def test_reviewers_who_always_say_one_thing_have_no_kappa() -> None:
    """Chance would agree as well, so nothing can be said; it is no error."""
    tiles = by_both([[9, 0, 0], [0, 0, 0], [0, 0, 0]])
    (pair,) = pairs(tiles)
    assert (pair.observed, pair.kappa, pair.interval) == (1.0, None, None)
    assert overall(tiles).alpha is None


def test_who_agrees_fully_has_one_and_who_guesses_nearly_none() -> None:
    """The ends of the scale."""
    (fully,) = pairs(by_both([[10, 0, 0], [0, 10, 0], [0, 0, 10]]))
    assert (fully.kappa, fully.interval) == (1.0, (1.0, 1.0))
    guessed = overall(by_both([[50, 50, 50]] * 3))
    assert guessed.alpha == pytest.approx(0, abs=0.01)


def test_too_few_tiles_have_no_interval() -> None:
    """Of one tile it would be a point: 0.00 to 0.00."""
    for table in ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[LEAST - 2, 0, 0], [0, 1, 0], [0, 0, 0]]):
        tiles = by_both(table)
        (pair,) = pairs(tiles)
        assert pair.kappa is not None
        assert (pair.interval, overall(tiles).interval) == (None, None)
        assert agreeing(tiles)[0].beyond == "too few tiles to tell, fewer than 30"
    (pair,) = pairs(by_both([[LEAST - 1, 0, 0], [0, 1, 0], [0, 0, 0]]))
    assert pair.interval is not None


def test_what_has_no_interval_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """40 reviewers of one tile are 780 pairs: two seconds for nothing."""
    monkeypatch.setattr(agreement, "_resampled", lambda _: pytest.fail("It has no interval."))
    few, alike = [[LEAST - 2, 0, 0], [0, 1, 0], [0, 0, 0]], [[LEAST, 0, 0], [0, 0, 0], [0, 0, 0]]
    for tiles in (by_both(few), by_both(alike), []):
        assert [pair.interval for pair in pairs(tiles)] == [None] * bool(tiles)
        assert overall(tiles).interval is None


def test_agreement_is_found_where_no_tile_waits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over many tiles it takes seconds."""
    threads = list[str]()

    def noted(tiles: list[list[Event]]) -> Overall:
        threads.append(threading.current_thread().name)
        return overall(tiles)

    monkeypatch.setattr(route, "overall", noted)
    assert api.get("/decisions/agreement").is_success
    assert threads[0].startswith("desk")


def test_from_the_least_number_of_tiles_on_intervals_hold_the_truth() -> None:
    """Two reviewers with kappa 0.6 over answers of even odds, drawn many times."""
    rng = np.random.default_rng(5)
    shares = np.array([[0.4, 0.1, 0], [0.1, 0.4, 0], [0, 0, 0]])
    held = 0
    for _ in range(100):
        (pair,) = pairs(by_both(rng.multinomial(LEAST, shares.ravel()).reshape(3, 3).tolist()))
        assert pair.interval is not None
        held += pair.interval[0] <= 0.6 <= pair.interval[1]
    assert held >= 88


def decide(api: Api, reviewer: str, **decisions: str) -> None:
    sent = [{"id": name, "decision": decision} for name, decision in decisions.items()]
    headers = {"X-Reviewer": reviewer}
    api.ask("POST", "/decisions", json={"decisions": sent}, headers=headers).raise_for_status()


def test_the_answer_names_pairs_and_conflicts(api: Api) -> None:
    """Three reviewers, of whom two have tiles in common with each other and one with nobody."""
    decide(api, "ann", c300="drop", c303="keep", c306="drop")
    decide(api, "ben", c300="drop", c303="drop", c309="keep")
    decide(api, "eve", c312="keep")
    told = api.get("/decisions/agreement").json()
    assert told["reviewers"] == [
        {"reviewer": "ann", "tiles": 3},
        {"reviewer": "ben", "tiles": 3},
        {"reviewer": "eve", "tiles": 1},
    ]
    (pair,) = told["pairs"]
    assert (pair["reviewers"], pair["tiles"], pair["observed"]) == (["ann", "ben"], 2, 0.5)
    assert (told["overall"]["tiles"], told["total"], told["next"]) == (2, 1, None)
    (conflict,) = told["conflicts"]
    made = {one["reviewer"]: one["decision"] for one in conflict["decisions"]}
    assert (conflict["id"], made) == ("c303", {"ann": "keep", "ben": "drop"})


def test_conflicts_come_page_by_page(api: Api) -> None:
    """The last decided first."""
    decide(api, "ann", c300="drop", c303="drop", c306="drop")
    decide(api, "ben", c300="keep", c303="keep", c306="keep")
    first = api.get("/decisions/agreement?limit=2").json()
    assert ([one["id"] for one in first["conflicts"]], first["next"]) == (["c306", "c303"], 2)
    rest = api.get("/decisions/agreement?limit=2&offset=2").json()
    assert ([one["id"] for one in rest["conflicts"]], rest["next"]) == (["c300"], None)


def test_nothing_is_known_without_decisions(api: Api) -> None:
    """Empty lists and no figures, no error."""
    told = api.get("/decisions/agreement").json()
    assert (told["reviewers"], told["pairs"], told["total"]) == ([], [], 0)
    assert told["overall"] == {"tiles": 0, "alpha": None, "interval": None}

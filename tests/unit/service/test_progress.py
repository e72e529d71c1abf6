"""Budget, audit sample and progress of a review, asked as a page or a client does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from service.decisions.samples import lot
from tests.api import Api, running


@pytest.fixture
def api(tiny_path: Path, tmp_path: Path) -> Iterator[Api]:
    """The application over the tiny bundle (6 kept, 1 review, 5 drop), nothing decided."""
    with running(tiny_path, decisions=tmp_path / "kept") as running_api:
        yield running_api


def ids(answer: Any) -> list[str]:
    return [tile["id"] for tile in answer.json()["tiles"]]


def decide(api: Api, names: list[str], decision: str | None, reviewer: str = "ann") -> None:
    headers = {"X-Reviewer": reviewer}
    if decision is None:
        for name in names:
            assert api.ask("DELETE", f"/tiles/{name}/decision", headers=headers).is_success
        return
    body = {"ids": names, "decision": decision}
    assert api.ask("POST", "/decisions", json=body, headers=headers).is_success


def test_the_budget_begins_with_the_score(api: Api) -> None:
    """Undecided, the first tiles to look at are those with the highest scores."""
    told = api.get("/review/budget?budget=3").json()
    scores = [tile["score"] for tile in told["tiles"]]
    every = api.get("/screen?limit=12").json()["tiles"]
    assert told["undecided"] == len(every) == 12
    assert scores == [tile["score"] for tile in every[:3]]
    assert {tile["verdict"] for tile in told["tiles"]} == {"drop"}


def test_the_budget_follows_what_is_decided(api: Api) -> None:
    """Decided tiles leave it, and chances of their like move with them."""
    before = {t["id"]: t["chance"] for t in api.get("/review/budget").json()["tiles"]}
    first = ids(api.get("/review/budget?budget=2"))
    decide(api, first, "keep")
    after = {t["id"]: t["chance"] for t in api.get("/review/budget").json()["tiles"]}
    assert set(after) == set(before) - set(first)
    bright = [name for name in after if before[name] > 0.9]
    assert all(after[name] < before[name] for name in bright)
    assert bright


def test_a_sample_is_of_what_nobody_looked_at_and_would_be_kept(api: Api) -> None:
    """No tile that is decided on or would be dropped is drawn."""
    keep = [t["id"] for t in api.get("/screen?verdict=keep").json()["tiles"]]
    decide(api, keep[:2], "keep")
    told = api.ask("POST", "/review/sample?size=100").json()
    assert {tile["id"] for tile in told["tiles"]} == set(keep[2:])
    assert (told["draw"], told["size"], told["population"]) == (1, len(keep) - 2, len(keep) - 2)


def test_an_unfinished_sample_is_given_again(api: Api) -> None:
    """Asking again draws nothing new until every tile of the sample is decided on."""
    first = api.ask("POST", "/review/sample?size=3").json()
    names = [tile["id"] for tile in first["tiles"]]
    assert api.ask("POST", "/review/sample?size=2").json() == first
    decide(api, names[:2], "keep")
    assert ids(api.ask("POST", "/review/sample")) == names[2:]
    decide(api, names[2:], "keep")
    second = api.ask("POST", "/review/sample?size=2").json()
    assert (second["draw"], second["size"]) == (2, 2)
    assert not {tile["id"] for tile in second["tiles"]} & set(names)


def test_a_sample_can_be_drawn_again_from_its_seed(api: Api) -> None:
    """The seed and the ids give the same tiles, as the schema says."""
    told = api.ask("POST", "/review/sample?size=3").json()
    keep = sorted(t["id"] for t in api.get("/screen?verdict=keep").json()["tiles"])
    drawn = lot(keep, np.ones(len(keep), bool), 3, told["seed"])
    assert sorted(ids(api.ask("POST", "/review/sample"))) == [
        keep[i] for i in np.flatnonzero(drawn)
    ]


def test_samples_outlive_the_process(tiny_path: Path, tmp_path: Path) -> None:
    """A restarted service gives the same unfinished sample; the row holds who drew it and when."""
    folder = tmp_path / "kept"
    with running(tiny_path, decisions=folder) as api:
        first = api.ask("POST", "/review/sample?size=3", headers={"X-Reviewer": "ann"}).json()
    with running(tiny_path, decisions=folder) as api:
        assert api.ask("POST", "/review/sample?size=3").json() == first
    with create_engine(f"sqlite:///{folder}/decisions.sqlite").connect() as connection:
        (row,) = connection.execute(text("SELECT reviewer, bundle, seed, seq FROM samples"))
    assert tuple(row) == ("ann", first["bundle"], first["seed"], 0)


def test_lots_are_even() -> None:
    """Over many seeds each tile is drawn equally often, and only from the population."""
    population = np.arange(10) < 8
    names = [f"t{number}" for number in range(10)]
    sums = np.sum([lot(names, population, 2, str(seed)) for seed in range(2000)], axis=0)
    assert sums[8:].tolist() == [0, 0]
    assert abs(sums[:8] - 500).max() < 5 * 20  # five standard deviations


def test_progress_counts_looks_and_finds(api: Api) -> None:
    """Looked at, found, the curve in the order of time, and who decided."""
    decide(api, ["c318"], "drop")
    decide(api, ["c300", "c303"], "keep", "ben")
    decide(api, ["c318"], "keep", "ben")
    told = api.get("/review/progress").json()
    assert (told["looked_at"], told["found"]) == (3, 1)
    assert told["curve"] == [[0, 0], [1, 1], [2, 1], [3, 1]]
    assert [(one["reviewer"], one["tiles"], one["drop"]) for one in told["reviewers"]] == [
        ("ben", 3, 0),
        ("ann", 1, 1),
    ]
    decide(api, ["c318"], None, "ann")
    assert api.get("/review/progress").json()["found"] == 0


def test_progress_tells_what_the_sample_shows(api: Api) -> None:
    """Before a sample there is no estimate; half a sample tells nothing; all of it does."""
    assert api.get("/review/progress").json()["estimate"] is None
    names = ids(api.ask("POST", "/review/sample?size=4"))
    decide(api, names[:3], "keep")
    half = api.get("/review/progress").json()
    assert half["estimate"] is None
    assert half["advice"] == "Finish the audit sample: 1 of its 4 tiles have no decision."
    decide(api, names[3:], "drop")
    told = api.get("/review/progress").json()
    assert told["estimate"]["low"] == 0
    assert 0 < told["estimate"]["high"] <= told["left"]
    assert told["recall"]["low"] == 1 / (1 + told["estimate"]["high"])
    assert not told["stop"]


def test_tiles_that_no_sample_can_hold_are_told(api: Api) -> None:
    """Decided when it was drawn and taken back since: progress told by the sample failed there."""
    keep = [t["id"] for t in api.get("/screen?verdict=keep").json()["tiles"]]
    decide(api, keep[:4], "keep")
    decide(api, ids(api.ask("POST", "/review/sample?size=1")), "keep")
    decide(api, keep[:4], None)
    answer = api.get("/review/progress")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["stop"], told["sample"]) == (False, 0)
    assert told["advice"].startswith("Look at the 4 tiles that were decided when samples")
    assert api.get("/view/progress").status_code == 200


def test_all_looked_at_ends_the_review(api: Api) -> None:
    """With nothing left that would be kept, the advice is to stop."""
    keep = [t["id"] for t in api.get("/screen?verdict=keep").json()["tiles"]]
    decide(api, keep, "keep")
    told = api.get("/review/progress").json()
    assert told["stop"]
    assert told["left"] == 0
    assert ids(api.ask("POST", "/review/sample")) == []


def test_a_sample_that_is_taken_back_is_open_again(api: Api) -> None:
    """A withdrawn decision on a sampled tile makes the sample unfinished, with that tile left."""
    names = ids(api.ask("POST", "/review/sample?size=3"))
    decide(api, names, "keep")
    decide(api, names[:1], None)
    assert ids(api.ask("POST", "/review/sample")) == names[:1]
    assert api.get("/review/progress").json()["estimate"] is None


@pytest.mark.parametrize(
    "url",
    [
        "/review/budget?budget=0",
        "/review/sample?size=0",
        "/review/progress?share=0",
        "/review/progress?share=nan",
    ],
)
def test_wrong_numbers_are_refused(api: Api, url: str) -> None:
    """A number that makes no sense gets a 422, not an answer to another question."""
    assert api.ask("POST" if "sample" in url else "GET", url).status_code == 422


def test_another_sites_page_draws_no_sample(api: Api) -> None:
    """A link on another site cannot draw in a reviewer's name."""
    answer = api.ask("POST", "/review/sample", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert api.get("/review/progress").json()["sampled"] == 0


def test_the_page_says_it_in_words(api: Api) -> None:
    """The sentence, the numbers and the curve stand in the page without a script."""
    empty = api.get("/view/progress").text
    assert "Nobody has looked at a tile yet" in empty
    decide(api, ["c318"], "drop", "<ann>")
    page = api.get("/view/progress").text
    assert api.get("/review/progress").json()["advice"] in page
    assert "Of 1 looked at, 1 found" in page
    assert "&lt;ann&gt;" in page

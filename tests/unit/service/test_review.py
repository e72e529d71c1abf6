"""The list behind the review page, over small bundles."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle import Bundle, open_bundle
from service.bundles.seal import Seal
from service.reviewing.triage import STATES, Wanted, confirmed, triage_rows, triage_tile
from service.stored.catalog import Catalog
from service.stored.findings import Filter, Findings
from service.stored.graph import Graph
from tests.api import Api, running
from tests.tiny import write_tiny_bundle

IDS = [f"c{300 + 3 * number}" for number in range(12)]


@pytest.fixture(scope="module")
def found(found_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(found_path, decisions=tmp_path_factory.mktemp("kept")) as api:
        yield api


@pytest.fixture
def deciding(found_path: Path, tmp_path: Path) -> Iterator[Api]:
    """A service of the test's own, to decide with."""
    with running(found_path, decisions=tmp_path) as api:
        yield api


def decide(api: Api, decision: str, *ids: str, reviewer: str = "ann") -> None:
    sent = {"ids": ids, "decision": decision}
    api.ask("POST", "/decisions", json=sent, headers={"X-Reviewer": reviewer}).raise_for_status()


@pytest.fixture(scope="module")
def findings(found_path: Path) -> Iterator[Findings]:
    bundle = open_bundle(found_path)
    with Seal(found_path / name for name in bundle.manifest.files) as seal:
        yield Findings.of(Catalog.of(bundle, Graph(bundle, seal)))


def states(**decided: str) -> Any:
    """Return (12,) states, all undecided but those that are named by id."""
    made = np.zeros(12, dtype=np.uint8)
    for name, state in decided.items():
        made[IDS.index(name)] = [*STATES].index(state)  # type: ignore[arg-type]
    return made


def listed(api: Api, query: str) -> list[str]:
    page = api.get(f"/review/tiles?{query}").raise_for_status().json()
    return [tile["id"] for tile in page["tiles"]]


def test_a_tile_is_told_with_what_was_found(found: Api) -> None:
    """The grid has all it shows at once: verdict, score, reasons, size and the surest place."""
    (tile,) = found.get("/review/tiles?offset=2&limit=1").json()["tiles"]
    assert tile["score"] == pytest.approx(0.95)
    del tile["score"]
    assert tile == {
        "id": "c306",
        "cluster": 0,
        "scan": "film-c",
        "height": 30,
        "width": 50,
        "verdict": "drop",
        "reasons": ["LETTERING"],
        "concept_names": [],
        "box": {"left": 6, "top": 7, "right": 32, "bottom": 15},
        "state": None,
    }


def test_the_box_is_of_the_surest_reason_that_has_a_place(found: Api) -> None:
    """A reason of the whole tile stands first but has no box; the next one's is shown."""
    (tile,) = found.get("/review/tiles?reason=OFF_TOPIC").json()["tiles"]
    assert tile["reasons"] == ["OFF_TOPIC", "FILM_EDGE"]
    assert tile["box"] == {"left": 0, "top": 0, "right": 4, "bottom": 16}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=-score", ["c300", "c303", "c306", "c309"]),
        ("sort=id", IDS[:4]),
        ("sort=uncertainty", ["c309", "c303", "c306", "c300"]),
        ("verdict=review", ["c309", "c315", "c321"]),
        ("verdict=drop&reason=BLANK", ["c312"]),
        ("scan=film-b&verdict=drop", ["c303", "c312"]),
        ("cluster=-1", ["c333"]),
    ],
)
def test_filters_and_orders(found: Api, query: str, first: list[str]) -> None:
    """Tiles come as the address asks for."""
    assert listed(found, query)[:4] == first


def test_clusters_stand_together_and_stray_tiles_last(found: Api, tiny_bundle: Bundle) -> None:
    """In a cluster the highest score comes first."""
    labels = [tiny_bundle.labels[IDS.index(name)] for name in listed(found, "sort=cluster")]
    assert labels == [0] * 6 + [1] * 5 + [-1]
    assert listed(found, "sort=cluster&cluster=0")[0] == "c300"


def test_the_list_comes_in_pieces(found: Api) -> None:
    """Pieces put together are the whole list; beyond its end there is nothing."""
    whole = listed(found, "limit=1000")
    pieces = [found.get(f"/review/tiles?offset={at}&limit=5").json() for at in (0, 5, 10, 15)]
    assert [tile["id"] for piece in pieces for tile in piece["tiles"]] == whole
    assert {piece["total"] for piece in pieces} == {12}
    assert pieces[3]["tiles"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("scan=film-x", 404, "unknown_scan"),
        ("cluster=7", 404, "unknown_cluster"),
        ("state=maybe", 422, "invalid_request"),
        ("offset=-1", 422, "invalid_request"),
        ("sorting=id", 422, "invalid_request"),
    ],
)
def test_what_cannot_be_listed_is_refused(found: Api, query: str, status: int, code: str) -> None:
    """An unknown scan or cluster, and a query that is none."""
    answer = found.get(f"/review/tiles?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_tiles_are_filtered_by_what_people_decided(findings: Findings) -> None:
    """One of several states; none stands for all."""
    made = states(c300="drop", c306="keep", c333="conflict")
    wanted = Wanted(tiles=Filter(), states=("drop", "conflict"), order="id")
    assert [IDS[row] for row in triage_rows(findings, made, wanted)] == ["c300", "c333"]
    left = Wanted(tiles=Filter(verdicts=("drop",)), states=("undecided",))
    assert [IDS[row] for row in triage_rows(findings, made, left)] == ["c303", "c312"]
    assert triage_tile(findings, made, 0)["state"] == "drop"
    assert triage_tile(findings, made, 1)["state"] is None


def test_a_selection_is_a_list_of_its_own(found: Api) -> None:
    """Tiles that are named come once each, in their own order or in another, filtered."""
    ids = ["c333", "c300", "nope", "c306", "c300"]
    given = found.ask("POST", "/review/tiles?sort=given", json={"ids": ids}).json()
    assert given["ids"] == [tile["id"] for tile in given["tiles"]] == ["c333", "c300", "c306"]
    assert (given["total"], given["unknown"]) == (3, 1)
    url = "/review/tiles?sort=-score&verdict=drop&limit=1"
    sorted_ = found.ask("POST", url, json={"ids": ids}).json()
    assert sorted_["ids"] == ["c300", "c306"]
    assert [tile["id"] for tile in sorted_["tiles"]] == ["c300"]


def test_nearest_confirmed_tiles_are_those_that_people_decided_on(
    findings: Findings, tiny_bundle: Bundle
) -> None:
    """Only decided neighbours are told, nearest first, dropped and kept apart."""
    near = [IDS[row] for row in tiny_bundle.neighbors[0]]
    made = states(**{near[3]: "drop", near[1]: "drop", near[2]: "keep", near[0]: "conflict"})
    fact = confirmed(findings, made, 0, 2)
    assert [one["id"] for one in fact["drop"]] == [near[1], near[3]]
    assert [one["id"] for one in fact["keep"]] == [near[2]]
    assert fact["looked_at"] == 5
    assert len(confirmed(findings, made, 0, 1)["drop"]) == 1


def test_a_list_stays_as_it_was_while_its_tiles_are_decided_on(deciding: Api) -> None:
    """Pieces of a list of undecided tiles leave none out and show none twice."""
    decide(deciding, "keep", "c309")
    url = "/review/tiles?state=undecided&sort=id&limit=4"
    first = deciding.get(url).json()
    decide(deciding, "drop", "c300", "c303", "c306")
    second = deciding.get(f"{url}&offset=4&as_of={first['as_of']}").json()
    third = deciding.get(f"{url}&offset=8&as_of={first['as_of']}").json()
    ids = [tile["id"] for piece in (first, second, third) for tile in piece["tiles"]]
    assert ids == [name for name in IDS if name != "c309"]
    assert deciding.get(url).json()["total"] == 8


def test_a_tile_tells_who_decided_what(deciding: Api) -> None:
    """Reviewers who differ are a conflict, told with their names; no answer may be kept."""
    decide(deciding, "keep", "c300")
    decide(deciding, "drop", "c300", reviewer="ben")
    answer = deciding.get("/review/tiles/c300")
    said = [(one["reviewer"], one["decision"]) for one in answer.json()["decisions"]]
    assert said == [("ann", "keep"), ("ben", "drop")]
    assert answer.json()["state"] == "conflict"
    assert answer.headers["cache-control"] == "no-store"
    assert listed(deciding, "state=conflict") == ["c300"]


def test_a_second_reading_knows_nothing_of_the_first(deciding: Api) -> None:
    """States, filters, near tiles and who said what are those of one reviewer; as of a list too."""
    decide(deciding, "drop", "c300", "c303")
    decide(deciding, "keep", "c303", "c306", reviewer="ben")
    as_of = deciding.get("/review/tiles?reviewer=ben&limit=1").json()["as_of"]
    decide(deciding, "keep", "c300", reviewer="ben")

    def states(query: str) -> dict[str, str | None]:
        tiles = deciding.get(f"/review/tiles?sort=id&{query}").json()["tiles"]
        return {tile["id"]: tile["state"] for tile in tiles if tile["state"] or "state" in query}

    assert states("") == {"c300": "conflict", "c303": "conflict", "c306": "keep"}
    assert states("reviewer=ann") == {"c300": "drop", "c303": "drop"}
    assert states("reviewer=ben") == dict.fromkeys(IDS[:3], "keep")
    assert list(states("reviewer=ann&state=undecided")) == IDS[2:]
    assert list(states("reviewer=zoe&state=undecided")) == IDS
    # The list of before, with what is decided by now.
    assert states(f"reviewer=ben&state=undecided&as_of={as_of}")["c300"] == "keep"
    sent = {"ids": ["c306", "c303"]}
    told = deciding.ask("POST", "/review/tiles?sort=given&reviewer=ann", json=sent).json()["tiles"]
    assert [tile["state"] for tile in told] == [None, "drop"]
    one = deciding.get("/review/tiles/c303?reviewer=ann").json()
    assert [event["reviewer"] for event in one["decisions"]] == ["ann"]
    near = deciding.get("/review/tiles/c306?reviewer=ann&k=20").json()["confirmed"]
    assert {tile["id"] for tile in near["keep"]} == set()
    decide_back = deciding.ask("POST", "/decisions/undo", headers={"X-Reviewer": "ben"})
    assert decide_back.is_success
    assert states("reviewer=ben") == {"c303": "keep", "c306": "keep"}


def test_a_tile_tells_all_that_was_found(found: Api) -> None:
    """Every reason with its score and place, the highest score first."""
    tile = found.get("/review/tiles/c321").json()
    assert [(one["code"], one["box"] is None) for one in tile["found"]] == [
        ("OFF_TOPIC", True),
        ("FILM_EDGE", False),
    ]


def start(page: str) -> Any:
    """Return what the page was served with for its script."""
    text = re.search(r'<script type="application/json" id="start">(.*?)</script>', page)
    assert text
    return json.loads(text[1])


def test_the_page_is_served_with_its_first_tiles(found: Api) -> None:
    """No second request is needed before the first picture; the rest is asked as the page says."""
    page = found.get("/view/review?verdict=drop&sort=id").text
    assert [tile["id"] for tile in start(page)["tiles"]] == ["c300", "c303", "c306", "c312"]
    query = re.search(r'data-query="([^"]*)"', page)
    assert query
    assert listed(found, unescape(query[1])) == ["c300", "c303", "c306", "c312"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("verdict=foo", "'foo' is no verdict; it is one of keep, review, drop."),
        ("state=y&sort=", "'y' is no state; it is one of undecided, keep, review, drop, conflict"),
        ("sort=%3Cb%3E", "'<b>' is no sort; it is one of -score, score, id, uncertainty, cluster."),
        ("reason=x", "'x' is no reason; it is one of LETTERING"),
        ("verdikt=drop", "There is no filter 'verdikt'; there are state, verdict,"),
        ("verdict=drop&verdict=keep", "The filter verdict is given 2 times"),
        ("cluster=z", "A cluster is a number"),
        ("cluster=77", "No cluster has the label 77"),
        ("scan=film-x", "No stored tile was cut from a scan named"),
        ("budget=0", "A budget is a number of tiles, 1 to 1,000."),
        ("budget=many", "A budget is a number of tiles, 1 to 1,000."),
        ("budget=1001", "A budget is a number of tiles, 1 to 1,000."),
        ("sample=x", "An audit sample is named by its number"),
        ("sample=7", "This bundle has no audit sample 7."),
        ("budget=3&sample=1", "budget and sample are lists of their own"),
    ],
)
def test_the_page_says_what_an_address_may_ask_for(found: Api, query: str, words: str) -> None:
    """Nothing is listed in place of what was asked for, and there is a way out."""
    page = found.get(f"/view/review?{query}")
    assert page.status_code == 422
    (said,) = re.findall(r'<p class="problem" role="alert">(.*?)</p>', page.text)
    assert words in unescape(said)
    assert 'href="/view/review"' in said
    assert start(page.text)["tiles"] == []
    assert "data-budget" not in page.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("budget=5", "budget: the 5 most worth a look"),
        ("budget=300", "budget: the 12 most worth a look"),
        ("selection=mabc", "selection</span>"),
    ],
)
def test_the_page_names_the_list_that_it_shows(found: Api, query: str, words: str) -> None:
    """A list of its own has a name and a way out; the usual one needs none."""
    page = found.get(f"/view/review?{query}").text
    (said,) = re.findall(r'<p class="showing">(.*?)</p>', page)
    assert words in said
    assert 'href="/view/review"' in said
    assert 'class="showing"' not in found.get("/view/review?verdict=drop").text


def test_an_audit_sample_has_an_address(deciding: Api) -> None:
    """It tells all of its tiles; the page shows those without a decision, under its name."""
    drawn = deciding.ask("POST", "/review/sample?size=2").json()
    named = deciding.get(f"/review/samples/{drawn['draw']}").json()
    assert {key: named[key] for key in drawn} == drawn
    decide(deciding, "keep", drawn["tiles"][0]["id"])
    assert len(deciding.get(f"/review/samples/{drawn['draw']}").json()["tiles"]) == 2
    page = deciding.get(f"/view/review?sample={drawn['draw']}").text
    assert f"audit sample {drawn['draw']}: 2 tiles" in page
    assert f'data-sample="{drawn["draw"]}"' in page
    assert "state=undecided" in page
    assert deciding.get("/review/samples/99").json()["code"] == "unknown_sample"


def test_answers_to_decisions_count_all_tiles(deciding: Api) -> None:
    """So a page can say how many are left without asking again."""
    made = deciding.ask("POST", "/decisions", json={"ids": ["c300", "c303"], "decision": "drop"})
    assert made.json()["counts"] == {
        "undecided": 10,
        "keep": 0,
        "review": 0,
        "drop": 2,
        "conflict": 0,
    }
    undone = deciding.ask("POST", "/decisions/undo").json()
    assert undone["counts"]["undecided"] == 12


def test_the_page_shows_what_nobody_has_decided_on(deciding: Api) -> None:
    """Tiles that are done are left out, unless the address asks for them."""
    decide(deciding, "drop", "c300")
    assert start(deciding.get("/view/review").text)["total"] == 11
    assert start(deciding.get("/view/review?state=drop").text)["total"] == 1
    assert start(deciding.get("/view/review?state=all").text)["total"] == 12
    assert "Review 11 tiles" in deciding.get("/").text


def test_the_page_comes_without_its_database(found_path: Path, tmp_path: Path) -> None:
    """Tiles can be looked at while decisions cannot be kept, and the page says so."""
    (tmp_path / "file").write_text("no folder")
    with running(found_path, decisions=tmp_path / "file") as api:
        page, front = api.get("/view/review"), api.get("/")
        assert page.status_code == front.status_code == 200
        assert api.get("/review/tiles").json()["code"] == "decisions_down"
    assert "Decisions cannot be read or kept now" in page.text
    assert start(page.text)["total"] == 12
    # How many are undecided nobody knows.
    assert ">undecided</option>" in page.text
    assert ">Review tiles</a>" in front.text


def test_ids_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    """An id that closes a script stays data."""
    bad = "</script><script>alert(1)</script>"
    ids = sorted([bad, *(f"z{number}" for number in range(11))], key=str.encode)
    write_tiny_bundle(tmp_path / "bundle", ids=ids)
    with running(tmp_path / "bundle", decisions=tmp_path) as api:
        page = api.get("/view/review").text
    assert "<script>alert(1)" not in page
    assert bad in [tile["id"] for tile in start(page)["tiles"]]


def test_the_front_page_leads_to_the_review(found: Api) -> None:
    """A first visitor sees how many tiles wait for a decision."""
    assert '<a class="primary" href="/view/review">Review 12 tiles</a>' in found.get("/").text

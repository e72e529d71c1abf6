"""Concepts are taught over HTTP, kept, ranked, and published as a new bundle version."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import UnknownConcept
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles, write_tiny_bundle

READ, REVIEW = "read-key-0123456789", "review-key-0123456789"
DARK = [f"c{300 + 3 * at}" for at in range(6)]
BRIGHT = [f"c{300 + 3 * at}" for at in range(6, 11)]


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder of one bundle, `first`; tiles come in a dark and a bright group."""
    write_tiny_bundle(tmp_path / "bundles" / "first")
    return tmp_path / "bundles"


@pytest.fixture
def api(bundles: Path, tmp_path: Path) -> Iterator[Api]:
    """A service over it."""
    first = bundles / "first"
    with running(first, bundles=bundles, decisions=tmp_path / "decisions") as one:
        yield one


def teach(api: Api, name: str = "dark", **marks: list[str]) -> httpx.Response:
    """Make a concept and mark examples of it."""
    assert api.ask("PUT", f"/concepts/{name}", json={"description": "of tests"}).is_success
    return api.ask("POST", f"/concepts/{name}/examples", json=marks)


def ids(answer: httpx.Response) -> list[str]:
    return [tile["id"] for tile in answer.json()["tiles"]]


def test_marked_tiles_rank_the_others(api: Api) -> None:
    """Two dark tiles and a bright one put all dark tiles first."""
    made = teach(api, positive=DARK[:2], negative=BRIGHT[:1]).json()
    assert (made["concept"]["positive"], made["concept"]["negative"]) == (2, 1)
    answer = api.get("/concepts/dark/ranking?limit=6")
    assert sorted(ids(answer)) == DARK
    assert answer.json()["total"] == 12
    assert {tile["mark"] for tile in answer.json()["tiles"]} == {"positive", None}


def test_the_pages_of_a_ranking_are_the_whole(api: Api) -> None:
    """Page by page every tile comes once, with falling scores."""
    teach(api, positive=DARK[:2])
    pages = [api.get(f"/concepts/dark/ranking?limit=5&offset={at}") for at in (0, 5, 10)]
    assert [one for page in pages for one in ids(page)] == ids(
        api.get("/concepts/dark/ranking?limit=12")
    )
    scores = [tile["score"] for page in pages for tile in page.json()["tiles"]]
    assert scores == sorted(scores, reverse=True)


def test_uncertain_tiles_are_not_those_that_were_marked(api: Api) -> None:
    """What was marked is not asked again."""
    teach(api, positive=DARK[:2], negative=BRIGHT[:2])
    found = ids(api.get("/concepts/dark/uncertain?limit=20"))
    assert len(found) == 8
    assert not {*DARK[:2], *BRIGHT[:2]} & {*found}


def test_the_last_mark_counts_and_can_be_taken_back(api: Api) -> None:
    """A tile marked twice is what it was marked last; a withdrawn mark is none."""
    teach(api, positive=DARK[:2])
    api.ask("POST", "/concepts/dark/examples", json={"negative": DARK[:1]})
    taken = api.ask("DELETE", f"/concepts/dark/examples/{DARK[1]}").json()
    assert (taken["concept"]["positive"], taken["concept"]["negative"]) == (0, 1)
    (example,) = api.get("/concepts/dark").json()["examples"]
    assert (example["id"], example["mark"]) == (DARK[0], "negative")


def test_a_mark_made_meanwhile_is_not_overturned_unseen(api: Api) -> None:
    """Neither by another mark nor by taking it back; the same mark is no matter."""
    as_of = teach(api, positive=DARK[:2]).json()["as_of"]
    assert api.get("/concepts/dark").json()["as_of"] == as_of
    url, one = "/concepts/dark/examples", DARK[0]
    ben = {"X-Reviewer": "ben"}
    now = api.ask("POST", url, json={"negative": [one]}, headers=ben).json()["as_of"]
    sent = {"positive": [one, DARK[2]], "as_of": as_of}
    for refused in (
        api.ask("POST", url, json=sent),
        api.ask("DELETE", f"{url}/{one}?as_of={as_of}"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (412, "mark_changed")
        assert "ben marked 'c300' negative since you looked" in refused.json()["detail"]
    assert api.get("/concepts/dark").json()["as_of"] == now
    assert api.ask("POST", url, json={"negative": [one], "as_of": as_of}).is_success
    assert api.ask("POST", url, json={"positive": [DARK[1]], "as_of": as_of}).is_success
    newest = api.ask("DELETE", f"{url}/{one}").json()["as_of"]
    refused = api.ask("POST", url, json={"positive": [one], "as_of": as_of}).json()
    own = "Another tab or program of yours took the mark of 'c300' back since you looked"
    assert own in refused["detail"]
    ahead = api.ask("POST", url, json={"positive": [one], "as_of": newest + 1})
    assert (ahead.status_code, ahead.json()["code"]) == (404, "unknown_event")
    assert api.ask("POST", url, json={"positive": [one], "as_of": newest}).is_success


def test_what_is_left_out_of_a_description_stays(api: Api) -> None:
    """Making a concept that is there changes nothing of it."""
    said = {"description": "a lead ball", "verdict": "drop"}
    made = api.ask("PUT", "/concepts/dark", json={}).json()["concept"]
    assert (made["description"], made["verdict"]) == ("", "review")
    api.ask("PUT", "/concepts/dark", json=said)
    for sent in ({}, {"verdict": "drop"}, {"description": "a lead ball"}):
        kept = api.ask("PUT", "/concepts/dark", json=sent).json()["concept"]
        assert {name: kept[name] for name in said} == said
    api.ask("DELETE", "/concepts/dark")
    back = api.ask("PUT", "/concepts/dark", json={}).json()["concept"]
    assert {name: back[name] for name in said} == said


def test_an_unknown_id_is_told_and_the_others_are_marked(api: Api) -> None:
    """One wrong id hurts no other."""
    made = teach(api, positive=[DARK[0], "nope"]).json()
    assert made["concept"]["positive"] == 1
    assert [(one["id"], one["error"]["code"]) for one in made["failed"]] == [
        ("nope", "unknown_tile")
    ]


def test_scans_are_held_out_in_turn(api: Api) -> None:
    """Of examples from three scans the figures are told; of one scan, why not."""
    teach(api, positive=DARK[:1])
    told = api.get("/concepts/dark").json()["evaluation"]
    assert (told["average_precision"], told["scans"]) == (None, 1)
    assert "two are needed" in told["note"]
    teach(api, positive=DARK[:3], negative=BRIGHT[:5])
    told = api.get("/concepts/dark").json()["evaluation"]
    assert (told["average_precision"], told["auc"], told["scans"]) == (1, 1, 3)
    assert told["note"] == ""
    # Three scans are few: Wilson's interval of three out of three.
    assert told["interval"] == {"low": pytest.approx(0.4385, abs=1e-4), "high": 1}


@pytest.mark.parametrize(
    ("count", "words"), [(0, "No tiles are marked"), (1, "1 tile is"), (4, "4 tiles are marked")]
)
def test_without_negative_marks_no_figure_is_told(api: Api, count: int, words: str) -> None:
    """Dark tiles nobody marked rank first and are no mistakes; the note says what to mark."""
    teach(api, positive=DARK[:3], negative=BRIGHT[:count])
    told = api.get("/concepts/dark").json()["evaluation"]
    assert [told[one] for one in ("average_precision", "interval", "auc")] == [None] * 3
    assert told["note"].startswith(words)
    assert "5 are needed. Mark some that do not show it" in told["note"]
    assert told["scans"] == 3


def test_the_least_certain_are_nearest_to_the_limit(api: Api) -> None:
    """In log-odds, so that the order holds where scores are all near 0 or 1."""
    teach(api, positive=DARK[:2], negative=BRIGHT[:1])
    api.get("/concepts/dark/uncertain")
    values = api.serving.teaching.fit(api.serving.teaching.examples("dark")).values
    rows = api.serving.catalog.rows
    told = api.get("/concepts/dark/uncertain").json()["tiles"]
    away = [abs(values[rows[one["id"]]]) for one in told]
    assert len(away) == 9
    assert away == sorted(away)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a/b", "has no slash"),
        ("a%2Fb", "has no slash"),
        ("a/examples", "has no slash"),
        ("%20a", "no space before"),
        ("x" * 81, "1 to 80 characters; this has 81"),
        ("a%09b", "printable"),
        ("a%0Ab", "printable"),
        ("a;b", "has no semicolon"),
    ],
)
def test_a_name_that_no_address_can_hold_is_refused_when_it_is_made(
    api: Api, name: str, words: str
) -> None:
    """With a sentence that says why; on the page as well, without a button to make it."""
    answer = api.ask("PUT", f"/concepts/{name}", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert words in answer.json()["detail"]
    if not name.startswith("%20"):
        page = api.get(f"/view/teach?concept={name}")
        assert page.status_code == 422
        assert words in unescape(page.text)
        assert "data-make" not in page.text


def test_a_tile_is_not_marked_both_ways_at_once(api: Api) -> None:
    """The ids are named, and nothing is marked."""
    teach(api)
    sent = {"positive": ["c300", "c303", "c306"], "negative": ["c318", "c306", "c303"]}
    answer = api.ask("POST", "/concepts/dark/examples", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "both_marks")
    assert "c303, c306." in answer.json()["detail"]
    assert api.get("/concepts/dark").json()["examples"] == []


def test_a_concept_is_taken_away_and_comes_back_with_its_examples(api: Api) -> None:
    """Deleting adds an event; nothing is lost, and making it anew undoes it."""
    teach(api, positive=DARK[:2])
    teach(api, "other", positive=BRIGHT[:1])
    left = api.ask("DELETE", "/concepts/dark").json()["concepts"]
    assert [one["name"] for one in left] == ["other"]
    for answer in (
        api.get("/concepts/dark"),
        api.get("/concepts/dark/ranking"),
        api.ask("POST", "/concepts/dark/examples", json={"positive": ["c300"]}),
        api.ask("DELETE", "/concepts/dark"),
    ):
        assert answer.json()["code"] == "unknown_concept"
    assert "dark" not in re.findall(r'option value="(\w+)"', api.get("/view/teach").text)
    api.ask("PUT", "/concepts/dark", json={}).raise_for_status()
    assert api.get("/concepts/dark").json()["concept"]["positive"] == 2


def test_a_renamed_concept_keeps_its_examples(
    bundles: Path, kept: dict[str, Any], tmp_path: Path
) -> None:
    """With who marked them and when; the old name is free, also for a service started anew."""
    with running(bundles / "first", **kept) as api:
        teach(api, positive=DARK[:2], negative=BRIGHT[:1])
        before = api.get("/concepts/dark").json()
        told = api.ask("PATCH", "/concepts/dark", json={"name": "dark film"}).json()
        assert told["concept"] == {**before["concept"], "name": "dark film"}
        assert told["examples"] == before["examples"]
        assert len(ids(api.get("/concepts/dark film/ranking"))) == 12
        assert api.get("/concepts/dark").json()["code"] == "unknown_concept"
        made = api.ask("PUT", "/concepts/dark", json={}).json()
        assert made["examples"] == []
        api.ask("POST", "/concepts/dark film/examples", json={"positive": DARK[2:3]})
    write_tiny_bundle(tmp_path / "renamed", ids=[f"t{at:02}" for at in range(12)])
    with running(tmp_path / "renamed", **kept) as api:
        told = api.get("/concepts").json()["concepts"]
        assert [(one["name"], one["positive"]) for one in told] == [("dark", 0), ("dark film", 3)]


def test_a_concept_that_was_renamed_elsewhere_is_told_to_people(api: Api) -> None:
    """In the words of the page; what a program sends comes last."""
    teach(api)
    api.ask("PATCH", "/concepts/dark", json={"name": "night"}).raise_for_status()
    told = api.ask("POST", "/concepts/dark/examples", json={"positive": DARK[:1]}).json()["detail"]
    assert told.startswith("There is no concept 'dark'; perhaps it was renamed or deleted.")
    assert "There are night. Open one of these on the Teach page, or make it there." in told
    assert told.endswith("A program makes one with PUT /concepts/{name}.")


def test_what_another_process_renamed_meanwhile_is_written_to_no_old_name(
    api: Api, bundles: Path, tmp_path: Path
) -> None:
    """A mark there would be nobody's example, and would keep the name taken for ever."""
    teach(api, positive=DARK[:1])
    taught = api.serving.teaching
    with running(bundles / "first", decisions=tmp_path / "decisions") as other:
        renamed = other.ask("PATCH", "/concepts/dark", json={"name": "lead ball"})
        assert renamed.is_success
    for wanted in (taught.mark("ann", "dark", {1: "positive"}), taught.remove("ann", "dark")):
        with pytest.raises(UnknownConcept):
            api.runner.run(wanted)
    assert api.get("/concepts/lead%20ball").json()["concept"]["positive"] == 1
    assert api.ask("PATCH", "/concepts/lead%20ball", json={"name": "dark"}).is_success


def test_names_that_differ_by_case_alone_are_one(api: Api) -> None:
    """Neither made nor taken by a rename beside the other; one's own case may be changed."""
    teach(api, "lettering", positive=DARK[:2])
    teach(api, "other")
    for answer in (
        api.ask("PUT", "/concepts/Lettering", json={}),
        api.ask("PATCH", "/concepts/other", json={"name": "LETTERING"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "concept_taken")
        assert "a concept 'lettering' is there" in answer.json()["detail"]
    page = api.get("/view/teach?concept=LETTERING").text
    assert 'data-concept="lettering"' in page
    assert "data-make" not in page
    assert api.ask("PUT", "/concepts/lettering", json={}).is_success
    told = api.ask("PATCH", "/concepts/lettering", json={"name": "Lettering"}).json()
    assert (told["concept"]["name"], told["concept"]["positive"]) == ("Lettering", 2)
    api.ask("DELETE", "/concepts/Lettering").raise_for_status()
    waits = api.ask("PUT", "/concepts/lettering", json={})
    assert "'Lettering' was taken away, and its marks wait" in waits.json()["detail"]
    assert api.ask("PUT", "/concepts/Lettering", json={}).is_success


def test_a_concept_with_a_semicolon_of_a_release_before_can_be_renamed(api: Api) -> None:
    """It is there, opens on the page, and takes a name that lists can hold."""
    api.runner.run(api.serving.teaching.describe("ann", "a;b", "", "review"))
    assert api.get("/view/teach?concept=a;b").status_code == 200
    told = api.ask("PATCH", "/concepts/a;b", json={"name": "a or b"}).json()
    assert told["concept"]["name"] == "a or b"


def test_a_rename_can_be_taken_back(api: Api) -> None:
    """The old name waits for nobody else's marks."""
    teach(api, positive=DARK[:2])
    api.ask("PATCH", "/concepts/dark", json={"name": "night"}).raise_for_status()
    told = api.ask("PATCH", "/concepts/night", json={"name": "dark"}).json()
    assert (told["concept"]["name"], told["concept"]["positive"]) == ("dark", 2)
    assert [one["name"] for one in api.get("/concepts").json()["concepts"]] == ["dark"]


def test_a_name_that_is_taken_is_refused(kept: dict[str, Any], bundles: Path) -> None:
    """By a concept, or by the marks of one that was taken away; nothing is changed."""
    with running(bundles / "first", **kept) as api:
        for name in ("dark", "other", "away"):
            teach(api, name, positive=DARK[:1])
        api.ask("DELETE", "/concepts/away").raise_for_status()
        for new, words in (("other", "is there"), ("dark", "is there"), ("away", "its marks wait")):
            answer = api.ask("PATCH", "/concepts/dark", json={"name": new})
            assert (answer.status_code, answer.json()["code"]) == (409, "concept_taken")
            assert words in answer.json()["detail"]
        told = api.get("/concepts").json()["concepts"]
        assert [one["name"] for one in told] == ["dark", "other"]


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        ("none", {"name": "some"}, 404, "unknown_concept"),
        ("dark", {"name": "a/b"}, 422, "invalid_request"),
        ("dark", {"name": " a"}, 422, "invalid_request"),
        ("dark", {}, 422, "invalid_request"),
    ],
)
def test_a_rename_that_cannot_be_says_why(
    api: Api, path: str, sent: dict[str, str], status: int, code: str
) -> None:
    """What is not there has no other name, and names are as when they are made."""
    teach(api)
    answer = api.ask("PATCH", f"/concepts/{path}", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [one["name"] for one in api.get("/concepts").json()["concepts"]] == ["dark"]


def test_a_renamed_concept_is_published_under_its_new_name_alone(api: Api) -> None:
    """Though the bundle that is taught on holds it under the old one."""
    teach(api, positive=DARK[:2])
    made = api.ask("POST", "/concepts:publish").json()
    api.ask("POST", f"/bundles/{made['id']}:activate").raise_for_status()
    api.ask("PATCH", "/concepts/dark", json={"name": "night"}).raise_for_status()
    assert api.ask("POST", "/concepts:publish").json()["concepts"] == ["night"]


def test_a_concept_that_was_taken_away_is_in_no_later_version(api: Api) -> None:
    """Though the bundle that is taught on holds it."""
    teach(api, positive=DARK[:2])
    teach(api, "other", positive=BRIGHT[:1])
    made = api.ask("POST", "/concepts:publish").json()
    api.ask("POST", f"/bundles/{made['id']}:activate").raise_for_status()
    api.ask("DELETE", "/concepts/dark").raise_for_status()
    assert api.ask("POST", "/concepts:publish").json()["concepts"] == ["other"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/concepts/none", 404, "unknown_concept"),
        ("/concepts/none/ranking", 404, "unknown_concept"),
        ("/concepts/empty/ranking", 409, "nothing_taught"),
        ("/concepts/empty/uncertain", 409, "nothing_taught"),
        ("/concepts/" + "x" * 81, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_told_says_why(api: Api, path: str, status: int, code: str) -> None:
    """Neither an unknown concept nor one without examples is an empty answer."""
    teach(api, "empty")
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_published_concept_is_used_by_screen(api: Api, bundles: Path) -> None:
    """The new version lies in the folder, is activated, and tells the concept of new tiles."""
    teach(api, positive=DARK[:3], negative=BRIGHT[:3])
    made = api.ask("POST", "/concepts:publish").json()
    assert made["concepts"] == ["dark"]
    assert (bundles / made["name"] / "manifest.json").is_file()
    assert api.ask("POST", f"/bundles/{made['id']}:activate").json()["new"] == made["id"]
    stored = api.get(f"/screen/{DARK[4]}").json()["results"][0]
    sent = api.post("/screen", png(tiny_tiles()[4])).json()["results"][0]
    for result in (stored, sent):
        (reason,) = result["reasons"]
        assert (reason["code"], reason["name"], result["verdict"]) == ("CONCEPT", "dark", "review")
        assert result["concepts"][0]["score"] == pytest.approx(reason["score"])
    assert api.get("/concepts").json()["concepts"][0]["published"]
    listed = api.get("/screen?reason=CONCEPT").json()
    assert sorted(ids_of(listed)) == DARK
    assert listed["summary"]["reasons"]["CONCEPT"] == 6
    for table in ("/screen?reason=CONCEPT&format=csv", "/exports/tiles.csv"):
        assert api.get(table).text.count("CONCEPT:dark") == 6
    assert api.get("/view/screen?reason=CONCEPT").status_code == 200
    assert api.get(f"/screen/{DARK[4]}/overlay").status_code == 200
    assert api.get(f"/view/tiles/{DARK[4]}").status_code == 200


def ids_of(listed: dict[str, Any]) -> list[str]:
    return [tile["id"] for tile in listed["tiles"]]


def test_the_review_list_filters_and_names_concepts(api: Api) -> None:
    """The page's own choice is one that it takes, and each concept has its name in the list."""
    assert ">Concept" not in api.get("/view/review").text
    for name in ("dark", "night"):
        teach(api, name, positive=DARK[:3], negative=BRIGHT[:3])
    made = api.ask("POST", "/concepts:publish").json()
    assert api.ask("POST", f"/bundles/{made['id']}:activate").is_success
    assert 'value="CONCEPT"' in api.get("/view/review").text
    page = api.get("/view/review?reason=CONCEPT&state=all")
    assert page.status_code == 200
    tiles = api.get("/review/tiles?reason=CONCEPT").json()["tiles"]
    assert {tile["id"] for tile in tiles} >= {*DARK[:3]}
    for tile in tiles:
        assert sorted(tile["concept_names"]) == ["dark", "night"]
        assert tile["reasons"].count("CONCEPT") == 2
    found = api.get(f"/review/tiles/{DARK[0]}").json()["found"]
    assert {one["name"] for one in found if one["code"] == "CONCEPT"} == {"dark", "night"}


def test_marks_are_carried_over_to_a_new_bundle(api: Api, tmp_path: Path) -> None:
    """By content: the same tiles under other ids keep their marks."""
    teach(api, positive=DARK[:2])
    write_tiny_bundle(tmp_path / "renamed", ids=[f"t{at:02}" for at in range(12)])
    with running(tmp_path / "renamed", decisions=tmp_path / "decisions") as other:
        told = other.get("/concepts/dark").json()
    assert [one["id"] for one in told["examples"]] == ["t00", "t01"]


def test_a_mark_of_another_bundle_that_was_taken_back_is_none(api: Api, tmp_path: Path) -> None:
    """Examples that a bundle does not hold are counted as they stand."""
    teach(api, positive=DARK[:2])
    api.ask("DELETE", f"/concepts/dark/examples/{DARK[0]}").raise_for_status()
    write_tiny_bundle(tmp_path / "other", seed=5)
    with running(tmp_path / "other", decisions=tmp_path / "decisions") as other:
        told = other.get("/concepts/dark").json()
    assert (told["examples"], told["elsewhere"]) == ([], 1)


def test_without_a_folder_publishing_says_what_to_set(bundles: Path, tmp_path: Path) -> None:
    """There must be a place for the new version."""
    with running(bundles / "first", decisions=tmp_path / "decisions") as api:
        teach(api, positive=DARK[:2])
        answer = api.ask("POST", "/concepts:publish")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_folder")
    assert "--bundles" in answer.json()["detail"]


def test_roles_are_respected(bundles: Path, tmp_path: Path) -> None:
    """Marking needs the role review, publishing the role admin."""
    keys = f"read:{READ},review:{REVIEW}"
    with running(bundles / "first", decisions=tmp_path, api_keys=keys) as api:

        def ask(method: str, path: str, key: str) -> int:
            body = {} if method != "GET" else None
            headers = {"X-API-Key": key}
            return api.ask(method, path, json=body, headers=headers).status_code

        assert ask("PUT", "/concepts/dark", READ) == 403
        assert ask("PUT", "/concepts/dark", REVIEW) == 200
        assert ask("POST", "/concepts/dark/examples", READ) == 403
        assert ask("DELETE", "/concepts/dark", READ) == 403
        assert ask("PATCH", "/concepts/dark", READ) == 403
        assert ask("GET", "/concepts", READ) == 200
        assert ask("POST", "/concepts:publish", REVIEW) == 403


def test_an_activation_that_does_not_last_is_told(api: Api, bundles: Path, tmp_path: Path) -> None:
    """The page names what a restart would serve, and what makes it last; else it says nothing."""
    teach(api, positive=DARK[:2])
    assert "until the service is started again" not in api.get("/view/teach").text
    made = api.ask("POST", "/concepts:publish").json()
    assert api.ask("POST", f"/bundles/{made['id']}:activate").json()["lasting"] is False
    page = api.get("/view/teach").text
    assert "then it is <code>first</code>" in page
    assert f"start the service with the folder <code>{made['name']}</code> as" in page
    (bundles / "current").symlink_to("first")
    with running(None, bundles=bundles, decisions=tmp_path / "decisions") as other:
        told = other.ask("POST", f"/bundles/{made['id']}:activate").json()
        assert told["lasting"] is True
        assert "until the service is started again" not in other.get("/view/teach").text


def test_a_link_that_cannot_be_moved_is_told(bundles: Path, tmp_path: Path) -> None:
    """Where `current` is a folder the page says that it is to be made a link."""
    write_tiny_bundle(bundles / "current", seed=3)
    with running(None, bundles=bundles, decisions=tmp_path / "decisions") as api:
        first = next(one for one in api.get("/bundles").json()["bundles"] if one["name"] == "first")
        teach(api)
        api.ask("POST", f"/bundles/{first['id']}:activate").raise_for_status()
        assert (
            "let <code>current</code> in the folder of bundles be a link"
            in api.get("/view/teach").text
        )

"""Decisions from a CSV: every line taken or refused by its number, all or none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api, running

ANN, ADMIN = "ann-key-0123456789", "admin-key-0123456789"


@pytest.fixture
def api(tiny_path: Path, tmp_path: Path) -> Iterator[Api]:
    with running(tiny_path, decisions=tmp_path) as running_api:
        yield running_api


def send(api: Api, text: str | bytes, query: str = "", **headers: str) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return api.post(f"/decisions/import{query}", data, "text/csv", **headers)


def test_lines_are_taken_with_their_numbers(api: Api):
    """A decision, its reason and comment; a line without a decision is passed over."""
    told = send(api, "id,decision,reason\nc303,drop,grid\nc306,,\n").json()
    assert told["written"] == 1
    assert told["results"] == [
        {"line": 2, "id": "c303", "state": "drop"},
        {"line": 3, "id": "c306", "state": None},
    ]
    assert api.get("/tiles/c303/decision").json()["decisions"][0]["reason"] == "grid"


def test_one_wrong_line_keeps_all_from_being_written(api: Api):
    """Each is named; with partial=true the others are written."""
    table = "id,decision\nc303,drop\nnope,drop\nc306,burn\nc303,keep\n"
    refused = send(api, table)
    assert (refused.status_code, refused.json()["code"]) == (422, "import_refused")
    assert [one["where"] for one in refused.json()["errors"]] == ["line 3", "line 4", "line 5"]
    assert api.get("/decisions").json()["total"] == 0
    told = send(api, table, "?partial=true").json()
    codes = [one.get("error", {}).get("code") for one in told["results"]]
    assert codes == [None, "unknown_tile", "bad_line", "bad_line"]
    assert api.get("/decisions").json()["total"] == 1


@pytest.mark.parametrize("reviewers", ["zoe:keep,zoe:drop", "zoe:drop,ann:keep,zoe :drop"])
def test_a_line_that_has_a_reviewer_twice_is_refused(api: Api, reviewers: str):
    """As two lines of one reviewer about a tile are."""
    refused = send(api, f'id,by,state,reviewers\nc303,decision,keep,"{reviewers}"\n').json()
    assert refused["code"] == "import_refused"
    assert "has a reviewer twice" in refused["errors"][0]["message"]
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_are_parted_as_the_first_line_has_them(api: Api, sign: str):
    """Spreadsheets write what their country uses; the other signs are text then."""
    others = ",;\t".replace(sign, "")
    table = sign.join(["id", "decision", "comment"]) + "\n" + sign.join(["c303", "drop", others])
    assert send(api, table).json()["written"] == 1
    made = api.get("/tiles/c303/decision").json()["decisions"][0]
    assert made["comment"] == others.strip()


def test_every_wrong_line_is_named(api: Api):
    """Not the first hundred: who mends a table wants to mend it once."""
    refused = send(api, "id,decision\n" + "nope,drop\n" * 300).json()
    assert len(refused["errors"]) == 300
    assert refused["detail"].startswith("300 lines cannot be used")


@pytest.mark.parametrize("data", [b"", b"id,what\nc303,drop\n", b"id,decision\n\xff,drop\n"])
def test_what_is_no_table_of_decisions_is_refused(api: Api, data: bytes):
    """With a sentence that says what it must be."""
    assert send(api, data).json()["code"] == "bad_table"


def test_an_export_comes_back_as_it_went(api: Api, tiny_path: Path, tmp_path: Path):
    """Decisions of several reviewers, into another database; verdicts are not made decisions."""
    for who, decision in (("ann", "drop"), ("ben", "keep")):
        body, headers = {"decision": decision}, {"X-Reviewer": who}
        api.ask("PUT", "/tiles/c303/decision", json=body, headers=headers)
    listed = api.get("/exports/tiles.csv").content
    with running(tiny_path, decisions=tmp_path / "other") as other:
        assert send(other, listed).json()["written"] == 2
        assert other.get("/decisions").json()["total"] == 1
        told = other.get("/tiles/c303/decision").json()["decisions"]
    assert {one["reviewer"]: one["decision"] for one in told} == {"ann": "drop", "ben": "keep"}


def test_only_an_admin_brings_decisions_of_others(tiny_path: Path, tmp_path: Path):
    """Ann may import her own."""
    keys = f"review@ann:{ANN},admin:{ADMIN}"
    table = "id,decision,reviewer\nc303,drop,ben\n"
    with running(tiny_path, decisions=tmp_path, api_keys=keys) as api:
        assert send(api, table, X_API_Key=ANN).json()["code"] == "import_refused"
        assert send(api, table.replace("ben", "ann"), X_API_Key=ANN).status_code == 200
        assert send(api, table, X_API_Key=ADMIN).status_code == 200


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('id,decision,comment\nc303,drop,"open\nc306,drop,\n', "begins on line 2"),
        ("id,id,decision\nc303,c306,drop\n", "names a column twice"),
        ("id,decision\n" + "c303,drop\n" * 200_001, "more than 200,000 lines"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused(api: Api, table: str, said: str):
    """An open quote would swallow lines; nothing of the table is written."""
    refused = api.post("/decisions/import", table.encode(), "text/csv")
    assert refused.json()["code"] == "bad_table"
    assert said in refused.json()["detail"]
    assert api.get("/decisions").json()["total"] == 0


def test_a_line_with_too_many_cells_says_so(api: Api):
    """A comma without quotes would cut a comment short."""
    table = b"id,decision,comment\nc303,drop,hello, world\n"
    refused = api.post("/decisions/import", table, "text/csv").json()
    assert refused["code"] == "import_refused"
    assert "more cells than the first line" in refused["errors"][0]["message"]


def decide(api: Api, who: str, decision: str, **more: str) -> None:
    """Decide about c303 in somebody's own name."""
    body, headers = {"decision": decision, **more}, {"X-Reviewer": who}
    assert api.ask("PUT", "/tiles/c303/decision", json=body, headers=headers).status_code == 200


def stands(api: Api, tile: str = "c303", query: str = "") -> Any:
    return api.get(f"/tiles/{tile}/decision{query}").json()


@pytest.mark.parametrize("second", [None, "keep"])
def test_what_stands_already_is_not_written_again(api: Api, second: str | None):
    """An export that comes back unchanged leaves who decided, when and why as it is."""
    decide(api, "ann", "drop", reason="grid", comment="an A")
    if second:
        decide(api, "bob", second, reason="by mistake")
    before = stands(api)
    told = send(api, api.get("/exports/tiles.csv").content, X_Reviewer="imp").json()
    assert (told["written"], told["unchanged"]) == (0, 2 if second else 1)
    assert stands(api) == before
    assert send(api, "id,decision\nc303,drop\n", X_Reviewer="ann").json()["unchanged"] == 1
    changed = "id,decision,reason\nc303,drop,\n"
    assert send(api, changed, X_Reviewer="ann").json()["written"] == 1


def test_an_import_is_credited_and_taken_back_as_one(api: Api):
    """The history names who imported; their undo takes all of it back, of every reviewer."""
    decide(api, "ann", "keep")
    table = "id,decision,reviewer\nc303,drop,ann\nc303,drop,carl\nc306,drop,imp\n"
    assert send(api, table, X_Reviewer="imp").json()["written"] == 3
    history = stands(api, query="?history=true")["history"]
    named = [(one["reviewer"], one["imported_by"]) for one in history]
    assert named == [("ann", None), ("ann", "imp"), ("carl", "imp")]
    assert "(written by imp)" in api.get("/view/tiles/c303").text
    undone = api.ask("POST", "/decisions/undo", headers={"X-Reviewer": "imp"}).json()
    assert {one["id"]: one["state"] for one in undone["results"]} == {"c303": "keep", "c306": None}
    again = api.ask("POST", "/decisions/undo", headers={"X-Reviewer": "imp"}).json()
    assert again["undone"] is None


def test_an_undo_leaves_what_the_reviewer_decided_since(api: Api):
    """Nor does a reviewer's undo take away what was imported for them later."""
    decide(api, "carl", "keep")
    send(api, "id,decision,reviewer\nc303,drop,carl\n", X_Reviewer="imp")
    mine = api.ask("POST", "/decisions/undo", headers={"X-Reviewer": "carl"}).json()
    assert (mine["undone"], stands(api)["state"]) == (None, "drop")
    decide(api, "carl", "review")
    theirs = api.ask("POST", "/decisions/undo", headers={"X-Reviewer": "imp"}).json()
    assert (theirs["undone"], stands(api)["state"]) == (None, "review")


def test_an_undo_leaves_what_the_reviewer_decided_alike_since(api: Api):
    """It is theirs by now, and was acknowledged; once they take it back, it is the import's."""

    def undo(reviewer: str) -> Any:
        return api.ask("POST", "/decisions/undo", headers={"X-Reviewer": reviewer}).json()["undone"]

    decide(api, "ida", "keep")
    send(api, "id,decision,reviewer\nc303,drop,ida\n", X_Reviewer="imp")
    decide(api, "ida", "drop")
    assert (undo("imp"), stands(api)["state"]) == (None, "drop")
    assert undo("ida")
    assert undo("imp")
    assert stands(api)["state"] == "keep"
    assert undo("ida")
    assert stands(api)["state"] is None


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("id,decision,Reviewer", "'Reviewer' (write 'reviewer')"),
        ("id,decision,reson", "not known: 'reson'. Known are `id`, `decision`, `reason`"),
        ("id,decision,reasons", "'reasons'"),
        ("ID,Decision", "'ID' (write 'id'), 'Decision' (write 'decision')"),
        ("sep=;", "It has 'sep='"),
    ],
)
def test_a_column_that_is_not_known_is_refused_by_name(api: Api, first: str, said: str):
    """Its cells would be lost without a word."""
    refused = send(api, f"{first}\nc303,drop,ann\n").json()
    assert refused["code"] == "bad_table"
    assert said in refused["detail"]
    assert api.get("/decisions").json()["total"] == 0


def test_lists_of_the_service_are_taken_as_they_are(api: Api):
    """The list of verdicts with a column of decisions, and what `client decisions` writes."""
    first, *lines = api.get("/screen?format=csv").text.splitlines()
    table = "\n".join([f"{first},decision", *(f"{line},drop" for line in lines)])
    assert send(api, table).json()["written"] == len(lines)
    listed = "id,state,reviewer,decision,reason,comment,at\nc303,keep,ann,keep,,,2026-01-01\n"
    assert send(api, listed).json()["written"] == 1


def test_lines_may_end_as_old_spreadsheets_end_them(api: Api):
    """With a carriage return alone."""
    assert send(api, "id,decision\rc303,drop\rc306,keep\r").json()["written"] == 2

"""Decisions: written, read back, taken back, and never lost between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bundle import InputError
from tests.api import Api, running
from tests.tiny import write_tiny_bundle

ADMIN, ANN, READ = "admin-key-0123456789", "ann-key-0123456789", "read-key-0123456789"


@pytest.fixture
def api(tiny_path: Path, kept: dict[str, Any]) -> Iterator[Api]:
    """The application over the tiny bundle, with no decisions yet."""
    with running(tiny_path, **kept) as running_api:
        yield running_api


def put(api: Api, tile_id: str, decision: str, **headers: str) -> Any:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    body = {"decision": decision}
    return api.ask("PUT", f"/tiles/{tile_id}/decision", json=body, headers=sent)


def test_a_decision_is_told_as_it_was_made(api: Api):
    """GET gives what PUT was sent, with the reviewer and the bundle."""
    body = {"decision": "drop", "reason": "LETTERING", "comment": "a lead letter"}
    made = api.ask(
        "PUT", "/tiles/c303/decision", json=body, headers={"X-Reviewer": "Ann%20Example"}
    )
    told = api.get("/tiles/c303/decision").json()
    assert made.json() == told
    (one,) = told["decisions"]
    assert (told["id"], told["state"]) == ("c303", "drop")
    assert {key: one[key] for key in body} == body
    assert (one["reviewer"], one["bundle"]) == ("Ann Example", told["bundle"])


def test_nobody_has_decided_at_first(api: Api):
    """A tile without events has no state, no decisions, and the ETag of none."""
    told = api.get("/tiles/c303/decision")
    assert (told.json()["state"], told.json()["decisions"]) == (None, [])
    assert told.headers["etag"] == '"0"'
    assert told.headers["cache-control"] == "no-store"


def test_reviewers_who_differ_are_a_conflict_until_one_gives_in(api: Api):
    """Two decisions that differ are a conflict; the same twice, or one taken back, is none."""
    put(api, "c303", "drop", X_Reviewer="ann")
    assert put(api, "c303", "keep", X_Reviewer="ben").json()["state"] == "conflict"
    assert put(api, "c303", "drop", X_Reviewer="ben").json()["state"] == "drop"
    put(api, "c303", "keep", X_Reviewer="ben")
    taken = api.ask("DELETE", "/tiles/c303/decision", headers={"X-Reviewer": "ben"})
    assert taken.json()["state"] == "drop"


def test_if_match_keeps_an_update_from_being_lost(api: Api):
    """Who saw an older state is refused and nothing is written; who saw the newest is not."""
    seen = api.get("/tiles/c303/decision").headers["etag"]
    put(api, "c303", "drop", X_Reviewer="ann")
    refused = put(api, "c303", "keep", X_Reviewer="ben", If_Match=seen)
    assert (refused.status_code, refused.json()["code"]) == (412, "decision_changed")
    told = api.get("/tiles/c303/decision")
    assert told.json()["state"] == "drop"
    assert put(api, "c303", "keep", If_Match=told.headers["etag"]).status_code == 200


def test_an_if_match_that_is_none_is_refused(api: Api):
    """A header that names no event is a mistake, not a wish to overwrite."""
    assert put(api, "c303", "keep", If_Match='"abc"').json()["code"] == "bad_precondition"


def test_many_are_not_decided_where_one_has_changed(api: Api):
    """`if_match` of a tile keeps all of them back; a header, which is about one, is refused."""
    seen = api.get("/tiles/c303/decision").headers["etag"]
    put(api, "c303", "drop", X_Reviewer="ann")
    sent = [
        {"id": "c306", "decision": "keep"},
        {"id": "c303", "decision": "keep", "if_match": seen},
    ]
    refused = api.ask("POST", "/decisions", json={"decisions": sent})
    assert (refused.status_code, refused.json()["code"]) == (412, "decision_changed")
    headers = {"If-Match": seen}
    told = api.ask("POST", "/decisions", json={"decisions": sent}, headers=headers).json()
    assert told["code"] == "bad_precondition"
    assert "send `if_match` with each" in told["detail"]
    assert api.get("/decisions").json()["total"] == 1
    sent[1]["if_match"] = api.get("/tiles/c303/decision").headers["etag"]
    assert api.ask("POST", "/decisions", json={"decisions": sent}).status_code == 200


def test_many_are_not_decided_where_one_has_changed_since_they_were_listed(api: Api):
    """Who names the list's `as_of` overwrites nothing that the list did not know."""
    listed = api.ask("POST", "/review/tiles", json={"ids": ["c303", "c306"]}).json()
    put(api, "c306", "drop", X_Reviewer="ann")
    sent = {"ids": ["c303", "c306"], "decision": "keep", "as_of": listed["as_of"]}
    refused = api.ask("POST", "/decisions", json=sent)
    assert (refused.status_code, refused.json()["code"]) == (412, "decision_changed")
    assert api.get("/decisions").json()["total"] == 1
    put(api, "c311", "drop", X_Reviewer="ann")  # none of these two
    sent["as_of"] = listed["as_of"] + 1
    assert api.ask("POST", "/decisions", json=sent).status_code == 200


def test_many_are_not_decided_as_of_what_has_not_happened(api: Api):
    """A number above the last event would know of every decision that anybody ever makes."""
    put(api, "c306", "drop", X_Reviewer="ann")
    last = api.ask("POST", "/review/tiles", json={"ids": ["c303"]}).json()["as_of"]
    sent = {"ids": ["c303", "c306"], "decision": "keep", "as_of": last + 1}
    refused = api.ask("POST", "/decisions", json=sent)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_event")
    assert f"no event {last + 1} yet; the last is {last}" in refused.json()["detail"]
    assert "`as_of` that a list told" in refused.json()["detail"]
    assert api.get("/decisions").json()["total"] == 1


def test_a_bulk_that_says_two_things_of_a_tile_is_refused(api: Api):
    """As a table is; the same twice is no contradiction."""
    one, other = {"id": "c303", "decision": "keep"}, {"id": "c303", "decision": "drop"}
    refused = api.ask("POST", "/decisions", json={"decisions": [one, other]}).json()
    assert refused["code"] == "invalid_request"
    assert "says two things of 'c303'" in refused["detail"]
    assert api.get("/decisions").json()["total"] == 0
    answer = api.ask("POST", "/decisions", json={"decisions": [one, one]}).json()
    assert answer["results"] == [{"id": "c303", "state": "keep"}] * 2


def test_a_tile_that_is_named_again_is_decided_once(api: Api):
    """Each naming has its result, in order; the history has one event."""
    named = ["c303", "c306", "c303", "c303"]
    answer = api.ask("POST", "/decisions", json={"ids": named, "decision": "drop"}).json()
    assert [one["id"] for one in answer["results"]] == named
    assert {one["state"] for one in answer["results"]} == {"drop"}
    assert len(api.get("/tiles/c303/decision?history=true").json()["history"]) == 1
    assert api.get("/decisions/undo").json()["tiles"] == 2


def test_many_are_decided_at_once_and_each_unknown_one_says_so(api: Api):
    """The known tiles are decided, the unknown id has its own error, in request order."""
    body = {"ids": ["c303", "nope", "c306"], "decision": "drop"}
    answer = api.ask("POST", "/decisions", json=body).json()
    one, unknown, other = answer["results"]
    assert (one, other) == ({"id": "c303", "state": "drop"}, {"id": "c306", "state": "drop"})
    assert unknown["error"]["code"] == "unknown_tile"
    assert api.get("/decisions").json()["total"] == 2


def test_each_may_have_its_own_decision(api: Api):
    """`decisions` says of each tile what to do with it."""
    sent = [{"id": "c303", "decision": "drop"}, {"id": "c306", "decision": "keep"}]
    answer = api.ask("POST", "/decisions", json={"decisions": sent}).json()
    assert [one["state"] for one in answer["results"]] == ["drop", "keep"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": ["c303"]},
        {"decisions": [], "ids": [], "decision": "drop"},
        {"ids": ["c303"], "decision": "burn"},
        {"ids": ["c303"], "decision": "drop", "why": "?"},
    ],
)
def test_a_bulk_that_does_not_say_what_to_do_is_refused(api: Api, body: dict[str, object]):
    """Neither nothing nor two things at once, no unknown decision and no unknown member."""
    assert api.ask("POST", "/decisions", json=body).json()["code"] == "invalid_request"
    assert api.get("/decisions").json()["total"] == 0


NO_JSON = "body: it is no JSON:"
MEMBERS = "send a JSON object with `decision`, `reason` and `comment`, of which not all are needed."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", f"body: it is empty; {MEMBERS}"),
        (
            b"{",
            f"{NO_JSON} it ends too soon, while parsing an object at line 1, column 1; {MEMBERS}",
        ),
        (
            b'{\n "decision": drop}',
            f"{NO_JSON} expected value at line 2, column 14; {MEMBERS}",
        ),
        (
            b'{"decision": "\xff"}',
            f"{NO_JSON} invalid unicode code point at line 1, column 15; {MEMBERS}",
        ),
        (b"null", f"body: it is no JSON object; it is null; {MEMBERS}"),
        (b"[1]", f"body: it is no JSON object; {MEMBERS}"),
        (b"{}", "body.decision: it is missing."),
        (
            b'{"decision": null}',
            "body.decision: it must be 'keep', 'review' or 'drop'; it is null.",
        ),
        (
            b'{"decision": true}',
            "body.decision: it must be 'keep', 'review' or 'drop'; it is true.",
        ),
        (
            b'{"decision": "drop", "comment": "a\\u0000"}',
            r'body.comment: it holds a NUL, which no database keeps; it is "a\u0000".',
        ),
        (
            b'{"decision": "drop", "x\xc3\xa9": "\xc3\xa9"}',
            'body.xé: there is no such member; it is "é".',
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_told_in_plain_words(api: Api, body: bytes, sentence: str):
    """What is wrong, at which line and column, and what is expected; nothing of Python's."""
    headers = {"Content-Type": "application/json"}
    answer = api.ask("PUT", "/tiles/c303/decision", content=body, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


def test_of_many_wrong_parts_some_are_told_and_all_named(api: Api):
    """A sentence stays one that people read."""
    sent = [{"id": "c303", "decision": "drop"} | dict.fromkeys("vwxyz", 1)]
    problem = api.ask("POST", "/decisions", json={"decisions": sent}).json()
    assert len(problem["errors"]) == 5
    assert problem["detail"].count("there is no such member") == 3
    assert problem["detail"].endswith("`errors` names 2 more.")


def test_undo_goes_back_step_by_step(api: Api):
    """Each undo takes one batch back, to what the reviewer had decided before; others stay."""
    put(api, "c303", "keep", X_Reviewer="ben")
    put(api, "c306", "keep")
    api.ask("POST", "/decisions", json={"ids": ["c306", "c309"], "decision": "drop"})
    first = api.ask("POST", "/decisions/undo").json()
    assert {one["id"]: one["state"] for one in first["results"]} == {"c306": "keep", "c309": None}
    second = api.ask("POST", "/decisions/undo").json()
    assert second["results"] == [{"id": "c306", "state": None}]
    third = api.ask("POST", "/decisions/undo").json()
    assert (third["undone"], third["results"]) == (None, [])
    assert api.get("/tiles/c303/decision").json()["state"] == "keep"


def test_an_undo_takes_back_what_it_names_and_no_other(api: Api):
    """What it would be is told before, and whether it was done after."""
    ann, ben = {"X-Reviewer": "ann"}, {"X-Reviewer": "ben"}

    def told(batch: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = api.get(f"/decisions/undo{batch}", headers=ann).json()
        return answer

    assert (told()["last"], told()["tiles"], told()["first"]) == (None, 0, None)
    sent = {"ids": ["c303", "c306"], "decision": "drop"}
    first = api.ask("POST", "/decisions", json=sent, headers=ann).json()["batch"]
    api.ask("POST", "/decisions", json=sent | {"decision": "keep"}, headers=ben)
    assert (told()["last"], told()["tiles"]) == (first, 2)
    assert told()["first"] == {"id": "c303", "decision": "drop"}
    sent = {"ids": ["c300"], "decision": "keep"}
    second = api.ask("POST", "/decisions", json=sent, headers=ann).json()["batch"]
    refused = api.ask("POST", f"/decisions/undo?batch={first}", headers=ann)
    assert (refused.status_code, refused.json()["code"]) == (412, "undo_changed")
    assert told()["last"] == second
    assert not told(f"?batch={second}")["undone"]
    assert api.ask("POST", f"/decisions/undo?batch={second}", headers=ann).is_success
    assert told(f"?batch={second}")["undone"]
    assert told()["last"] == first
    again = api.ask("POST", f"/decisions/undo?batch={second}", headers=ann)
    assert again.status_code == 412


@pytest.mark.parametrize("batch", ["%00", "", "4F" * 16, "4f" * 17])
def test_what_is_no_batch_is_refused_before_the_database_is_asked(api: Api, batch: str):
    """PostgreSQL takes no NUL, and what it refuses once was refused to everybody."""
    for method in ("GET", "POST"):
        refused = api.ask(method, f"/decisions/undo?batch={batch}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        assert "query.batch" in refused.json()["detail"]


def test_undo_after_new_decisions_takes_the_newest_back(api: Api):
    """A decision after an undo is taken back first; what was undone stays undone."""
    put(api, "c303", "keep")
    put(api, "c303", "drop")
    api.ask("POST", "/decisions/undo")
    put(api, "c303", "review")
    api.ask("POST", "/decisions/undo")
    assert api.get("/tiles/c303/decision").json()["state"] == "keep"
    api.ask("POST", "/decisions/undo")
    assert api.get("/tiles/c303/decision").json()["state"] is None


def test_the_history_keeps_what_was_taken_back(api: Api):
    """Nothing is erased: an undo is one more event."""
    put(api, "c303", "drop")
    api.ask("POST", "/decisions/undo")
    told = api.get("/tiles/c303/decision?history=true").json()
    assert [one["decision"] for one in told["history"]] == ["drop", None]


def test_the_list_is_filtered_and_paged(api: Api):
    """By state and by reviewer, the last decided first, page by page."""
    for name in ("c300", "c303", "c306"):
        put(api, name, "drop", X_Reviewer="ann")
    put(api, "c309", "keep", X_Reviewer="ben")
    page = api.get("/decisions?state=drop&limit=2").json()
    assert ([one["id"] for one in page["decisions"]], page["next"]) == (["c306", "c303"], 2)
    rest = api.get("/decisions?state=drop&limit=2&offset=2").json()
    assert ([one["id"] for one in rest["decisions"]], rest["next"]) == (["c300"], None)
    assert [one["id"] for one in api.get("/decisions?reviewer=ben").json()["decisions"]] == ["c309"]


def test_decisions_outlive_the_service(tiny_path: Path, kept: dict[str, Any]):
    """Another start over the same folder knows them."""
    with running(tiny_path, **kept) as api:
        put(api, "c303", "drop")
    with running(tiny_path, **kept) as api:
        assert api.get("/tiles/c303/decision").json()["state"] == "drop"


def test_two_processes_see_each_others_decisions(tiny_path: Path, kept: dict[str, Any]):
    """What one has acknowledged, the other tells."""
    with (
        running(tiny_path, **kept) as one,
        running(tiny_path, **kept) as other,
    ):
        put(one, "c303", "drop", X_Reviewer="ann")
        assert put(other, "c303", "keep", X_Reviewer="ben").json()["state"] == "conflict"
        assert one.get("/tiles/c303/decision").json()["state"] == "conflict"


def test_a_new_bundle_takes_decisions_over_by_content(tmp_path: Path, kept: dict[str, Any]):
    """A tile keeps its decision under a new id; another tile under the old id does not get it."""
    write_tiny_bundle(tmp_path / "old", ids=[f"a{at:02d}" for at in range(12)])
    write_tiny_bundle(tmp_path / "new", ids=[f"a{at:02d}" for at in range(1, 13)])
    write_tiny_bundle(tmp_path / "other", seed=8)
    with running(tmp_path / "old", **kept) as api:
        put(api, "a03", "drop")
    with running(tmp_path / "new", **kept) as api:
        assert api.get("/tiles/a04/decision").json()["state"] == "drop"
        assert api.get("/tiles/a03/decision").json()["state"] is None
    with running(tmp_path / "other", **kept) as api:
        told = api.get("/decisions").json()
        assert (told["total"], told["elsewhere"]) == (0, 1)


def test_roles_are_respected(tiny_path: Path, kept: dict[str, Any]):
    """A key to read may look, not decide; a named key decides in its name, and no other does."""
    keys = f"read:{READ},review@ann:{ANN},admin:{ADMIN}"
    with running(tiny_path, **kept, api_keys=keys) as api:
        assert put(api, "c303", "drop", X_API_Key=READ).json()["code"] == "role_too_low"
        assert put(api, "c303", "drop", X_API_Key=ANN).json()["decisions"][0]["reviewer"] == "ann"
        refused = put(api, "c303", "keep", X_API_Key=ANN, X_Reviewer="ben")
        assert refused.json()["code"] == "bad_reviewer"
        refused = put(api, "c303", "keep", X_API_Key=ADMIN, X_Reviewer="Ann").json()
        assert "'Ann' has an API key of their own" in refused["detail"]
        assert put(api, "c306", "keep", X_API_Key=ADMIN, X_Reviewer="ben").is_success
        told = api.get("/tiles/c303/decision", headers={"X-API-Key": READ}).json()
        assert told["state"] == "drop"


@pytest.mark.parametrize("name", ["ann", "Ann", "ann\u200d", "a\u200cnn", "", "reviewer"])
def test_a_key_of_nobody_decides_in_nobody_elses_name(tiny_path: Path, name: str):
    """Nor in one that looks like it, nor by giving none where somebody is called `reviewer`."""
    keys = f"review@ann:{ANN},review@reviewer:{READ},admin:{ADMIN}"
    with running(tiny_path, api_keys=keys) as api:
        refused = put(api, "c303", "keep", X_API_Key=ADMIN, X_Reviewer=quote(name)).json()
        assert refused["code"] == "bad_reviewer"
        assert "has an API key of their own" in refused["detail"]
        assert put(api, "c303", "drop", X_API_Key=READ).json()["decisions"][0]["seq"] == 1


def test_pages_of_other_sites_cannot_decide(api: Api):
    """What a browser says comes from elsewhere, or is not called JSON, is refused."""
    foreign = put(api, "c303", "drop", Sec_Fetch_Site="cross-site")
    assert foreign.json()["code"] == "from_another_site"
    elsewhere = api.ask("POST", "/bundles/x:activate", headers={"Sec-Fetch-Site": "same-site"})
    assert elsewhere.json()["code"] == "from_another_site"
    plain = api.post("/decisions", b'{"ids":["c303"],"decision":"drop"}', "text/plain")
    assert plain.json()["code"] == "wrong_media_type"
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize("name", ["a,b", "x" * 81, "a@b", "a%0Ab"])
def test_a_name_that_would_not_stay_itself_is_refused(api: Api, name: str):
    """Commas and line breaks would break lists; a long name is a mistake."""
    assert put(api, "c303", "drop", X_Reviewer=name).json()["code"] == "bad_reviewer"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"%ff", "is not UTF-8"),
        (b"Zo\xeb", "is not UTF-8"),
        (b"%0a", "U+000A"),
        (b"ann%0a", "U+000A"),
        (b"a%E2%80%AEb", "U+202E"),
        (b"%20" * 3 + b"," + b"x", "comma"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused_with_the_reason(api: Api, said: bytes, why: str):
    """Neither a byte that is no UTF-8 nor what cannot be seen becomes another name."""
    for headers in ({b"X-Reviewer": said}, {b"Cookie": b"tilescreen_reviewer=" + said}):
        refused = api.ask("PUT", "/tiles/c303/decision", json={"decision": "drop"}, headers=headers)
        assert refused.json()["code"] == "bad_reviewer"
        assert why in refused.json()["detail"]
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Zoë".encode(), "Zoë"),
        (b"Zoe%CC%88", "Zoë"),
        (b"%E5%B1%B1%E7%94%B0%E3%80%80%E5%A4%AA%E9%83%8E", "山田 太郎"),
        (b"100%25", "100%"),
        ("\U0001f9d1".encode() * 80, "\U0001f9d1" * 80),
    ],
)
def test_a_name_of_any_script_is_kept(api: Api, said: bytes, name: str):
    """As plain or percent-encoded UTF-8; one name has one form, however it was typed."""
    headers = {b"X-Reviewer": said}
    told = api.ask("PUT", "/tiles/c303/decision", json={"decision": "drop"}, headers=headers)
    assert [one["reviewer"] for one in told.json()["decisions"]] == [name]


@pytest.mark.parametrize("said", ["Zoe%CC%88", "Zo%C3%AB", "%20Zoe%CC%88", "Zo%C3%AB%C2%A0"])
def test_a_reviewer_is_found_however_the_name_was_typed(api: Api, said: str):
    """As the name is taken when they decide."""
    put(api, "c303", "drop", X_Reviewer="Zoe%CC%88")
    put(api, "c306", "drop", X_Reviewer="ann")
    assert api.get(f"/decisions?reviewer={said}").json()["total"] == 1
    assert api.get(f"/review/tiles?reviewer={said}&state=drop").json()["total"] == 1
    assert api.get(f"/review/tiles/c303?reviewer={said}").json()["state"] == "drop"
    assert api.get(f"/review/budget?reviewer={said}").json()["undecided"] == 11


def test_a_folder_that_cannot_be_written_is_told_and_the_rest_answers(
    tiny_path: Path, tmp_path: Path
):
    """Decisions answer 503 with what to do; screening goes on."""
    (tmp_path / "file").write_text("no folder")
    with running(tiny_path, decisions=tmp_path / "file") as api:
        refused = put(api, "c303", "drop")
        assert (refused.status_code, refused.json()["code"]) == (503, "decisions_down")
        assert refused.headers["retry-after"]
        assert api.get("/screen/c303").status_code == 200


def test_an_address_of_no_database_is_told_at_the_start(tiny_path: Path):
    """The sentence names the variable and never the password in it."""
    with (
        pytest.raises(InputError, match="DATABASE_URL names 'mysql'") as raised,
        running(tiny_path, database_url="mysql://ann:secret@host/db"),
    ):
        pass
    assert "secret" not in str(raised.value)


def test_pages_of_one_moment_lack_no_tile(api: Api) -> None:
    """What is decided, or taken back, between two pages changes neither."""
    for tile in ("c300", "c303", "c306"):
        put(api, tile, "drop", **{"X-Reviewer": "ann"})
    first = api.get("/decisions?limit=2").json()
    put(api, "c300", "keep", **{"X-Reviewer": "bob"})
    api.ask("POST", "/decisions/undo", headers={"X-Reviewer": "ann"}).raise_for_status()
    rest = api.get(f"/decisions?limit=2&offset=2&through={first['through']}").json()
    assert [one["id"] for one in first["decisions"] + rest["decisions"]] == ["c306", "c303", "c300"]
    assert (rest["total"], rest["next"], rest["decisions"][0]["state"]) == (3, None, "drop")
    now = api.get("/decisions").json()
    assert {one["id"]: one["state"] for one in now["decisions"]} == {
        "c300": "conflict",
        "c303": "drop",
    }
    unknown = api.get("/decisions?through=99")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_event")

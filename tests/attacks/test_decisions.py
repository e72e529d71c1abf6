"""Attacks on the routes by which people decide: JSON and tables that cost more than they say."""

import json
from urllib.parse import quote

import httpx
import pytest

from tests.wire import Victim

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
MOST_ANSWER = 64 * 1024


def post(service: Victim, path: str, body: object, kind: dict[str, str] = JSON) -> httpx.Response:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return service.api.post(path, content=data, headers=kind)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"ids":' + b'[{"a":' * 80_000 + b"1" + b"}]" * 80_000 + b"}",
        b'{"ids":["c303"],"decision":' + b"9" * 500_000 + b"}",
        b'{"ids":["\\ud800"],"decision":"drop"}',
    ],
    ids=["nested", "nested by turns", "a number without end", "half a character"],
)
def test_json_bombs(service: Victim, body: bytes) -> None:
    """JSON that is nested or long beyond sense is refused with a sentence."""
    answer = post(service, "/decisions", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert len(answer.content) < MOST_ANSWER


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decisions", {"decisions": [1] * 250_000}),
        ("/decisions", {"ids": [1] * 250_000, "decision": "drop"}),
        ("/decisions", {f"k{number}": 1 for number in range(60_000)}),
        ("/review/tiles", {"ids": [1] * 250_000}),
    ],
    ids=["decisions", "ids", "members", "review"],
)
def test_a_body_of_errors(service: Victim, path: str, body: object) -> None:
    """Hundreds of thousands of wrong parts: one short answer, not one sentence for each."""
    answer = post(service, path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert len(answer.content) < MOST_ANSWER


def test_ids_that_are_not_there(service: Victim) -> None:
    """20,000 unknown ids have an error each; nobody looks for what each of them might mean."""
    answer = post(service, "/decisions", {"ids": ["x"] * 20_000, "decision": "drop"})
    results = answer.json()["results"]
    assert {one["error"]["code"] for one in results} == {"unknown_tile"}
    assert len(results) == 20_000


def test_a_table_with_more_columns_than_lines(service: Victim) -> None:
    """100,000 columns on the first line are refused in a sentence that names a few of them."""
    wide = ",".join(f"{number:x}" for number in range(100_000))
    answer = post(service, "/decisions/import", f"id,decision,{wide}\n" + "x,keep\n" * 1000, CSV)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "bad_table")
    assert "and 99990 more" in problem["detail"].replace(",", "")
    assert len(problem["detail"]) < 1000


@pytest.mark.parametrize("text", ['"' + '""' * 400_000, "c303,drop," + "a" * 200_000])
def test_cells_without_end(service: Victim, text: str) -> None:
    """A quote that is never closed, and a cell of 200,000 characters: no line of a CSV."""
    answer = post(service, "/decisions/import", f"id,decision,comment\n{text}\n", CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_table")


def test_a_table_of_wrong_lines(service: Victim) -> None:
    """Of 50,000 wrong lines the first 10,000 are named."""
    answer = post(service, "/decisions/import", "id,decision\n" + "x,keep\n" * 50_000, CSV)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 10_000)


def test_nul_in_what_is_kept(service: Victim) -> None:
    """A NUL in a comment, a reason or a name is refused: not every database keeps it."""
    decision = {"decision": "drop", "comment": "a\0b"}
    answer = service.api.put("/tiles/c303/decision", json=decision)
    assert answer.status_code == 422
    assert service.api.put("/clusters/0/name", json={"name": "a\0b"}).status_code == 422
    table = "id,decision,comment\nc303,drop,a\0b\n"
    assert post(service, "/decisions/import", table, CSV).status_code == 422


@pytest.mark.parametrize("name", ["\0", "\x7f", "../../etc/passwd", "\ufffe", "%00", "a\0b"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tiles/{}"),
        ("GET", "/tiles/{}/decision"),
        ("GET", "/scans/{}/picture"),
        ("GET", "/concepts/{}"),
        ("GET", "/clusters/{}/name"),
        ("POST", "/bundles/{}:activate"),
    ],
)
def test_names_that_are_none(service: Victim, method: str, path: str, name: str) -> None:
    """Paths that hold NUL, or climb out of a folder, name nothing that is there."""
    answer = service.api.request(method, path.format(quote(name, safe="")))
    assert answer.status_code in {404, 405, 422}


@pytest.mark.parametrize(
    "cookie",
    [
        "tilescreen_reviewer=%00%ff",
        "tilescreen_reviewer=%E2%80%AE",
        'tilescreen_reviewer="\\',
        "; ".join(f"c{number}=1" for number in range(3000)),
        "=" * 30_000,
    ],
    ids=["nul", "a turn of direction", "half a quote", "crumbs", "nothing"],
)
def test_cookies(service: Victim, cookie: str) -> None:
    """A cookie names a reviewer or nobody; nothing in it breaks the answer."""
    body = json.dumps({"ids": ["c303"], "decision": "drop"})
    answer = service.api.post("/decisions", content=body, headers={**JSON, "Cookie": cookie})
    assert answer.status_code in {200, 422}


def test_parameters_without_end(service: Victim) -> None:
    """Thousands of unknown parameters: the first twenty are named."""
    flood = "&".join(f"a{number}" for number in range(4000))
    answer = service.api.get(f"/neighbors/c300?{flood}")
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 20)


@pytest.mark.parametrize(
    "path", ["/review/tiles", "/decisions", "/decisions/agreement", "/concepts/none/ranking"]
)
def test_numbers_that_no_json_holds(service: Victim, path: str) -> None:
    """A piece that begins after more tiles than 64 bits count is refused, not answered with 500."""
    answer = service.api.get(f"{path}?offset={2**63}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

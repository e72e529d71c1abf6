"""What every answer has, and what the log says of it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.answering.results import fact_or_problem
from service.errors import BodyTooLarge, problem_of
from service.routes import clusters, encode, health, neighbors, pages, reference, screen, tiles
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:

        @api.app.get("/fail")
        async def fail() -> None:
            raise ZeroDivisionError("a secret of the inside")

        yield api


@pytest.mark.parametrize("url", ["/livez", "/neighbors/c300", "/nothing", "/fail", "/neighbors/x"])
def test_every_answer_names_bundle_and_request(api: Api, url: str) -> None:
    """Good or bad, an answer has X-Bundle, X-Request-Id and the safe headers."""
    headers = api.get(url).headers
    assert headers["x-bundle"] == api.serving.bundle.manifest.bundle_id
    assert len(headers["x-request-id"]) >= 16
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_request_ids_differ(api: Api) -> None:
    """Each request gets an id of its own."""
    assert len({api.get("/livez").headers["x-request-id"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("sent", "kept"), [("job-7.a_B", True), ("x" * 65, False), ("a b", False), ("<b>", False)]
)
def test_a_plain_request_id_is_kept(api: Api, sent: str, kept: bool) -> None:
    """The caller's own request id comes back if it is short and plain; else a new one."""
    headers = api.get("/livez", headers={"X-Request-Id": sent}).headers
    assert (headers["x-request-id"] == sent) is kept


def test_an_unforeseen_error_tells_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """A bug is answered 500 in the one shape; the reason is in the log only."""
    answer = api.get("/fail")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "a secret of the inside" in caplog.text


def test_a_bug_on_one_tile_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A bug met on one tile of a form is that tile's error; the reason is in the log only."""
    error = fact_or_problem(3, ZeroDivisionError("a secret"))["error"]
    assert (error["status"], error["index"]) == (500, 3)
    assert "secret" not in str(error)
    assert "a secret" in caplog.text


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    records = [record for record in caplog.records if record.name == "service.access"]
    return [record.fields for record in records if hasattr(record, "fields")]


def test_one_line_a_request(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the route's template, status, tiles and request id, and no id or file name."""
    caplog.set_level(logging.INFO)
    answer = api.form("/encode", ("patient-0815.png", png(tiny_tiles()[0])))
    api.get("/neighbors/patient-0815")
    api.get("/patient-0815")
    first, second, third = lines(caplog)
    assert (first["route"], first["status"], first["tiles"]) == ("/encode", 200, 1)
    assert first["request_id"] == answer.headers["x-request-id"]
    assert (second["route"], second["status"]) == ("/neighbors/{tile_id}", 404)
    assert third["route"] == "(no route)"
    assert "0815" not in str([first, second, third])


def test_good_probes_are_not_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Probes that succeed leave no line: there would be thousands a day."""
    caplog.set_level(logging.INFO)
    for url in ("/livez", "/healthz", "/readyz"):
        api.get(url)
    assert lines(caplog) == []


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/bundle", "GET, HEAD"), ("/encode", "POST"), ("/screen", "GET, HEAD, POST")],
)
def test_an_unknown_method_names_the_right_ones(api: Api, path: str, allowed: str) -> None:
    """405 names all methods that the address answers to, whichever of its routes it met first."""
    answer = api.ask("DELETE", path)
    assert (answer.status_code, answer.json()["code"]) == (405, "wrong_method")
    assert answer.headers["allow"] == allowed
    assert f"other methods: {allowed}." in answer.json()["detail"]


MODULES = (clusters, encode, health, neighbors, pages, reference, screen, tiles)
ROUTES = [route for module in MODULES for route in module.router.routes]
GETS = {route.path for route in ROUTES if "GET" in route.methods}
POSTS = {"/encode", "/neighbors", "/cluster"}


@pytest.mark.parametrize("path", sorted(GETS))
def test_head_is_get_without_the_body(api: Api, path: str) -> None:
    """HEAD answers on every GET route with the status and headers of GET, and no body."""
    url = path.replace(":path", "").format(tile_id="c300", label=0, rest="x", name="x")
    got, head = api.get(url), api.ask("HEAD", url)
    assert head.status_code == got.status_code != 405
    assert head.content == b""
    changing = {"x-request-id", "server-timing"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }


@pytest.mark.parametrize("path", sorted(POSTS))
def test_head_is_no_answer_of_post(api: Api, path: str) -> None:
    """Where there is no GET, HEAD is answered 405 as well."""
    assert api.ask("HEAD", path).status_code == 405


def test_head_is_logged_as_head(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the method that was asked with."""
    caplog.set_level(logging.INFO)
    api.ask("HEAD", "/tiles/c300")
    (line,) = lines(caplog)
    assert (line["method"], line["route"]) == ("HEAD", "/tiles/{tile_id}")


def test_problems_are_found_by_class() -> None:
    """A subclass of a known error is answered as its parent; what is not known as 500."""

    class Odd(BodyTooLarge):
        pass

    assert problem_of(Odd("too much")).members()["code"] == "body_too_large"
    assert problem_of(KeyError("secret")).members()["status"] == 500

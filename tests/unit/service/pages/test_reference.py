"""The page /docs: everything, and nothing from elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.pages.reference import entries
from service.routes.reference import example_names
from tests.api import Api, running


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def test_lists_every_route(api: Api) -> None:
    """Every path of the API document is on the page, each with a curl line."""
    page = api.get("/docs").text
    paths = api.get("/openapi.json").json()["paths"]
    assert all(f"<code>{path}</code>" in page for path in paths)
    assert page.count('class="curl"') == sum(map(len, paths.values()))


def test_asks_nothing_of_other_servers(api: Api) -> None:
    """The page loads nothing by an address of another server, and has no inline script."""
    page = api.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(url.startswith(("/", "#", "data:")) for url in loaded)
    assert not re.search(r"<script(?![^>]*src=)", page)


def test_curl_lines_name_a_stored_tile(api: Api) -> None:
    """A GET line on the page can be run as it stands: it asks about a tile that is stored."""
    api.ask("PUT", "/concepts/lettering", json={})
    api.ask("POST", "/concepts/lettering/examples", json={"positive": ["c300", "c303"]})
    api.ask("POST", "/review/sample?size=1")
    groups = entries(api.app.openapi(), "http://test", example_names(api.serving))
    lines = [e.curl[0] for group in groups.values() for e in group if e.method == "GET"]
    urls = [re.findall(r"'http://test([^']*)'", line)[0] for line in lines]
    assert {url: api.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)


def test_curl_lines_ask_as_their_route_does(api: Api) -> None:
    """Each has the method of its route, said or as curl chooses it, and sends what that takes."""
    groups = entries(api.app.openapi(), "http://test", example_names(api.serving))
    for entry in (entry for group in groups.values() for entry in group):
        for line in entry.curl:
            said = re.search(r"--request (\w+)", line)
            sends = re.search(r"--json|--data-binary|-F ", line)
            assert (said[1] if said else "POST" if sends else "GET") == entry.method
            assert bool(sends) == bool(entry.body)
            kind = re.search(r"Content-Type: ([^']+)", line)
            assert kind is None or kind[1] in entry.body


def test_parameters_tell_their_bounds(api: Api) -> None:
    """A parameter is listed with its default and what it may be."""
    groups = entries(api.app.openapi(), "http://test", example_names(api.serving))
    (search,) = [e for e in groups["neighbors"] if e.method == "POST"]
    told = {one.name: (one.default, one.bounds) for one in search.parameters}
    assert told["k"] == ("5", "from 1, to 100")
    assert told["index"] == ("auto", "auto or brute or kdtree")

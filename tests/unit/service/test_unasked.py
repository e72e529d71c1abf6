"""Routes that are called at once when there is no query."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import Api, running


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    """The service over the tiny bundle."""
    with running(tiny_path) as api:
        yield api


@pytest.mark.parametrize(("path", "query"), [("/neighbors/c303", "k=5"), ("/encode/c303", "v={}")])
def test_no_query_is_all_defaults(api: Api, path: str, query: str) -> None:
    """The answer is that of an address which spells a default."""
    query = query.format(api.serving.bundle.manifest.bundle_id)
    plain, spelt = api.get(path), api.get(f"{path}?{query}")
    assert plain.status_code == spelt.status_code == 200
    assert plain.content == spelt.content
    assert plain.headers["etag"] == spelt.headers["etag"]


def test_a_query_is_checked_as_everywhere(api: Api) -> None:
    """Wrong numbers are refused, right ones heeded."""
    assert api.get("/neighbors/c303?k=0").status_code == 422
    assert len(api.get("/neighbors/c303?k=2").json()["results"][0]["neighbors"]) == 2


def test_an_unknown_tile_is_told(api: Api) -> None:
    """Errors take the same way."""
    answer = api.get("/neighbors/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tile")

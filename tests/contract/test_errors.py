"""One shape of error over every route, and one table that gives each class its status.

`type` a URN of this project, `title`, `status` as in the answer, `code`, `detail` a sentence,
`instance` the request's id; as application/problem+json.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bundle import errors as bundle_errors
from service import errors as service_errors
from service.app import create_app
from service.errors import TABLE, ServiceError
from service.settings import Settings
from tests.api import Api, running

PATHS = create_app(Settings(bundle=Path("unused"))).openapi()["paths"]
# The inference protocol has bodies of its own (tests/unit/service/test_inference.py).
BODIES = {
    path: methods["post"]["requestBody"]["content"]
    for path, methods in PATHS.items()
    if "requestBody" in methods.get("post", {}) and "/v2" not in path
}
UPLOADS = [path for path, content in BODIES.items() if "image/png" in content]
JSON = [path for path, content in BODIES.items() if "application/json" in content]
STORED = [path for path, methods in PATHS.items() if "{tile_id}" in path and "get" in methods]


@pytest.fixture(scope="module")
def api(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(tiny_path, decisions=tmp_path_factory.mktemp("kept")) as api:
        yield api


def has_the_one_shape(answer: httpx.Response, status: int) -> bool:
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "urn:tilescreen:problem:" + problem["code"].replace("_", "-")
    assert problem["instance"] == answer.headers["x-request-id"]
    assert problem["detail"].endswith(".")
    return bool(problem["title"])


@pytest.mark.parametrize("path", PATHS)
def test_wrong_method(api: Api, path: str) -> None:
    """Every route answers a method it does not know with 405 in the one shape."""
    url = path.replace("{tile_id}", "c300").replace("{label}", "0")
    assert has_the_one_shape(api.ask("TRACE", url), 405)


@pytest.mark.parametrize("path", STORED)
def test_unknown_tile(api: Api, path: str) -> None:
    """Every route about a stored tile answers an unknown id with 404 in the one shape."""
    assert has_the_one_shape(api.get(path.replace("{tile_id}", "nope")), 404)


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize(
    ("kind", "status"), [("image/png", 400), ("text/plain", 415), ("multipart/form-data", 400)]
)
def test_wrong_body(api: Api, path: str, kind: str, status: int) -> None:
    """Every route that takes tiles answers a body it cannot use in the one shape."""
    assert has_the_one_shape(api.post(path, b"", kind), status)


@pytest.mark.parametrize("path", JSON)
@pytest.mark.parametrize(("kind", "status"), [("application/json", 422), ("text/plain", 415)])
def test_wrong_json(api: Api, path: str, kind: str, status: int) -> None:
    """Every route that takes JSON answers a body it cannot use in the one shape."""
    assert has_the_one_shape(api.post(path, b"{", kind), status)


@pytest.mark.parametrize(
    "url", ["/clusters/x", "/clusters/9", "/tiles?limit=x", "/screen?cursor=x", "/nothing/here"]
)
def test_wrong_address(api: Api, url: str) -> None:
    """Addresses and parameters that cannot be are answered in the one shape."""
    assert has_the_one_shape(api.get(url), 422 if "x" in url else 404)


def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield from leaves(below)
    if not kind.__subclasses__():
        yield kind


# What only opening a bundle or reading a folder raises never meets a request.
AT_START = {bundle_errors.InputError, *leaves(bundle_errors.BundleError)}


def test_every_error_has_a_row_in_the_table() -> None:
    """Each class of error that a request may meet has its own status and code."""
    known = (vars(bundle_errors) | vars(service_errors)).values()
    kinds = {one for one in leaves(bundle_errors.TilescreenError) if one in known}
    assert kinds - AT_START - {ServiceError} <= set(TABLE)
    codes = [kind.code for kind in TABLE.values()]
    assert len(set(codes)) == len(codes)

"""The API document: committed, complete, and true of the answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from service import schemas
from service.app import create_app
from service.openapi.document import document, text
from service.settings import Settings
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles

ROOT = Path(__file__).parents[2]
DOCUMENT = document(create_app(Settings(bundle=Path("unused"))))
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SCHEMAS = DOCUMENT["components"]["schemas"]


@pytest.fixture(scope="module")
def api(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    kept = tmp_path_factory.mktemp("kept")
    with running(tiny_path, decisions=kept, bundles=kept / "bundles") as api:
        api.ask("POST", "/review/sample?size=2")
        yield api


@pytest.fixture
def taught(api: Api) -> None:
    """A concept with an example, whatever was asked before."""
    api.ask("PUT", "/concepts/grid", json={})
    api.ask("POST", "/concepts/grid/examples", json={"positive": ["c300"]})


def test_committed_document_is_the_served_one() -> None:
    """docs/openapi.json is what the code says; after a change of the API, write it again."""
    committed = (ROOT / "docs/openapi.json").read_text()
    made = text(create_app(Settings(bundle=Path("unused"))))
    assert committed == made, "Run: python -m service.openapi > docs/openapi.json"


@pytest.mark.parametrize("name", SCHEMAS)
def test_models_and_fields_are_described_with_an_example(name: str) -> None:
    """Every model and every field has a description and an example."""
    assert SCHEMAS[name].get("description"), name
    assert SCHEMAS[name].get("examples"), f"{name} has no example"
    for field, schema in SCHEMAS[name]["properties"].items():
        assert schema.get("description"), f"{name}.{field} has no description"
        assert schema.get("examples"), f"{name}.{field} has no example"


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_fit_their_models(name: str) -> None:
    """A model's examples are valid, and so are those of its fields, put together."""
    properties = SCHEMAS[name]["properties"]
    example = {field: schema["examples"][0] for field, schema in properties.items()}
    for one in (example, *SCHEMAS[name]["examples"]):
        check(one, {"$ref": f"#/components/schemas/{name}"})


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_good_answers_are_shown(operation: Any) -> None:
    """Every 200 is described; one in JSON shows a valid example."""
    answer = operation["responses"]["200"]
    assert answer["description"] != "Successful Response"
    content = answer["content"].get("application/json")
    if content is not None:
        check(content["example"], content["schema"])


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_errors_are_documented_in_one_shape(operation: Any) -> None:
    """Every route documents its errors, 500 included, each as a problem; none as FastAPI's own."""
    errors = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
    assert "500" in errors
    assert ("422" in errors) >= bool(operation.get("parameters"))
    for response in errors.values():
        (kind,) = response["content"].items()
        assert kind == (
            "application/problem+json",
            {"schema": {"$ref": "#/components/schemas/Problem"}},
        )
    assert "HTTPValidationError" not in SCHEMAS


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_parameters_are_described_with_an_example(operation: Any) -> None:
    """Every parameter says what it is for and gives an example."""
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]
        assert parameter.get("example") or parameter["schema"].get("examples") is not None


URLS = {
    "/encode/{tile_id}": "/encode/c300",
    "/neighbors/{tile_id}": "/neighbors/c300?k=100",
    "/cluster/{tile_id}": "/cluster/c333",
    "/clusters/{label}": "/clusters/-1",
    "/clusters/{label}/name": "/clusters/0/name",
    "/tiles/{tile_id}": "/tiles/c333",
    "/screen/{tile_id}": "/screen/c333",
    "/review/tiles/{tile_id}": "/review/tiles/c333",
    "/review/samples/{draw}": "/review/samples/1",
    "/tiles/{tile_id}/decision": "/tiles/c303/decision",
    "/concepts/{name}": "/concepts/grid",
    "/concepts/{name}/examples": "/concepts/grid/examples",
    "/concepts/{name}/examples/{tile_id}": "/concepts/grid/examples/c333",
    "/concepts/{name}/ranking": "/concepts/grid/ranking",
    "/concepts/{name}/uncertain": "/concepts/grid/uncertain",
    "/bundles/{bundle_id}:activate": "/bundles/{}:activate",
    "/bundles/{a}/diff/{b}": "/bundles/{0}/diff/{0}",
    "/v2/models/{model_name}": "/v2/models/tilescreen",
    "/v2/models/{model_name}/ready": "/v2/models/tilescreen/ready",
}
JSON = [
    name.split()
    for name, operation in OPERATIONS.items()
    if "application/json" in operation["responses"]["200"].get("content", {})
]


def json_example(operation: Any) -> Any:
    """Return the example of the JSON that a route takes, None if it takes none."""
    body = operation.get("requestBody", {"content": {}})["content"].get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return SCHEMAS[name]["examples"][0] if name else None


@pytest.mark.usefixtures("taught")
@pytest.mark.parametrize(("method", "path"), JSON)
def test_answers_fit_the_document(api: Api, method: str, path: str) -> None:
    """What a route answers is what the document says, for good tiles and bad."""
    if path.endswith("/infer"):
        body = OPERATIONS[f"post {path}"]["requestBody"]["content"]["application/json"]["example"]
        answer = api.ask("POST", path.format(model_name="tilescreen"), json=body)
    elif sent := json_example(OPERATIONS[f"{method} {path}"]):
        answer = api.ask(method.upper(), URLS.get(path, path), json=sent)
    elif path == "/decisions/import":
        table = b"id,decision\nc303,drop\nnope,keep\n"
        answer = api.post(f"{path}?partial=true", table, "text/csv")
    elif "requestBody" in DOCUMENT["paths"][path][method]:
        files = [("a.png", png(tiny_tiles()[0])), ("b.png", b""), ("c.png", png(tiny_tiles()[11]))]
        answer = api.form(path, *files)
    else:
        url = URLS.get(path, path).format(api.serving.bundle.manifest.bundle_id)
        answer = api.ask(method.upper(), url)
    content = DOCUMENT["paths"][path][method]["responses"]["200"]["content"]
    check(answer.raise_for_status().json(), content["application/json"]["schema"])


@pytest.mark.parametrize(
    "url", ["/tiles/nope", "/nope", "/clusters/x", "/tiles?limit=0", "/screen?verdict=x"]
)
def test_problems_fit_the_document(api: Api, url: str) -> None:
    """What goes wrong is answered as the document says."""
    check(api.get(url).json(), {"$ref": "#/components/schemas/Problem"})


def test_every_shape_is_used() -> None:
    """No model is left over that no route answers with."""
    assert set(schemas.__all__) == set(SCHEMAS)


def check(value: object, schema: Any) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)

"""The API document, made of what the routes say and of the models that they name."""

import re
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import schemas
from service.openapi.described import SCHEMAS

_KEYS = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, where the service is set to ask for one.",
    },
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in another header.",
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the API document, made once for each application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        made["components"]["schemas"] = _schemas(made)
        made["components"]["securitySchemes"] = _KEYS
        made["security"] = [{}, *({name: []} for name in _KEYS)]
        _show_examples(made)
        app.openapi_schema = made
    return app.openapi_schema


def _schemas(made: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of every model that the routes speak of, and that those speak of."""
    found: dict[str, Any] = {}
    wanted = {*made["components"]["schemas"], "InvalidPart", *_named(made["paths"])}
    while new := wanted - found.keys():
        found |= {name: _schema(name) for name in new}
        wanted |= _named(found)
    return dict(sorted(found.items()))


def _named(part: dict[str, Any]) -> set[str]:
    return set(re.findall(SCHEMAS + r"(\w+)", orjson.dumps(part).decode()))


def _schema(name: str) -> dict[str, Any]:
    """Return a model's schema with the example that its required fields' make together."""
    # Not FastAPI's, which loses every null in an example.
    made: dict[str, Any] = getattr(schemas, name).model_json_schema(
        ref_template=SCHEMAS + "{model}"
    )
    made.pop("$defs", None)
    fields = made["properties"]
    shown = made.get("required", fields)
    made["examples"] = [{name: fields[name]["examples"][0] for name in shown}]
    return made


def _show_examples(made: dict[str, Any]) -> None:
    """Put the model's sentence and example beside every 200 that answers with one."""
    schemas_made = made["components"]["schemas"]
    for methods in made["paths"].values():
        for operation in methods.values():
            answer = operation["responses"]["200"]
            content = answer["content"].get("application/json")
            if content is not None:
                model = schemas_made[content["schema"]["$ref"].removeprefix(SCHEMAS)]
                answer["description"] = model["description"]
                content["example"] = model["examples"][0]


def text(app: FastAPI) -> str:
    """Return the API document as the committed file has it."""
    return orjson.dumps(document(app), option=orjson.OPT_INDENT_2).decode() + "\n"

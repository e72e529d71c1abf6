"""From the API document to what the page /docs shows of each route; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from service.errors import MEDIA_TYPE

_Json = Mapping[str, Any]
_BOUNDS = (("minimum", "from"), ("maximum", "to"), ("exclusiveMaximum", "below"))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a route. bounds: what it may be, in words; empty when it may be anything."""

    name: str
    place: str
    required: bool
    default: str
    bounds: str
    description: str


@dataclass(frozen=True)
class Failure:
    """One status that a route may answer with when something is wrong."""

    status: str
    meaning: str


@dataclass(frozen=True)
class Entry:
    """One route. body: media types that it takes. answer: an example, or what it gives."""

    method: str
    path: str
    title: str
    body: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    curl: tuple[str, ...]
    answer: str
    failures: tuple[Failure, ...]


def entries(document: _Json, base: str, names: Mapping[str, str]) -> dict[str, list[Entry]]:
    """Return every route by its tag, in the document's order.

    Args:
        document: the OpenAPI document.
        base: the service's address, for the curl lines.
        names: what stands for each name in a path, quoted, for the curl lines.
    """
    found: dict[str, list[Entry]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = _entry(document, method.upper(), path, operation, (base, names))
            found.setdefault(operation["tags"][0], []).append(entry)
    return found


def _entry(
    document: _Json,
    method: str,
    path: str,
    operation: _Json,
    example: tuple[str, Mapping[str, str]],
) -> Entry:
    responses = operation["responses"]
    body = tuple(operation.get("requestBody", {}).get("content", ()))
    return Entry(
        method=method,
        path=path,
        title=operation["description"],
        body=body,
        parameters=tuple(map(_parameter, operation.get("parameters", ()))),
        curl=_curl(method, path, body, *example),
        answer=_answer(document, responses["200"]),
        failures=tuple(
            Failure(status, response["description"])
            for status, response in sorted(responses.items())
            if MEDIA_TYPE in response.get("content", {})
        ),
    )


def _parameter(parameter: _Json) -> Parameter:
    schema = parameter["schema"]
    kinds = [schema, *schema.get("anyOf", ())]
    bounds = [f"{word} {kind[key]}" for kind in kinds for key, word in _BOUNDS if key in kind]
    bounds += [" or ".join(kind["enum"]) for kind in kinds if "enum" in kind]
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        required=parameter.get("required", False),
        default="" if schema.get("default") is None else str(schema["default"]).lower(),
        bounds=", ".join(bounds),
        description=parameter.get("description", ""),
    )


def _curl(
    method: str, path: str, takes: tuple[str, ...], base: str, names: Mapping[str, str]
) -> tuple[str, ...]:
    url = base + path.format_map(names)
    usual = "POST" if takes else "GET"
    request = "" if method == usual else f" --request {method}"
    if "application/json" in takes:
        return (f"curl{request} --json @request.json '{url}'",)
    if "text/csv" in takes:
        return (f"curl{request} -H 'Content-Type: text/csv' --data-binary @decisions.csv '{url}'",)
    if takes:
        return (
            f"curl{request} -H 'Content-Type: image/png' --data-binary @tile.png '{url}'",
            f"curl{request} -F files=@one.png -F files=@two.png '{url}'",
        )
    output = " --output tile.png" if path.endswith(("/image", "/reconstruction")) else ""
    return (f"curl{request} '{url}'{output}",)


def _answer(document: _Json, response: _Json) -> str:
    kind, content = next(iter(response["content"].items()))
    if kind != "application/json":
        return f"{response['description']} ({kind})"
    made = example(document, content["schema"])
    return orjson.dumps(made, option=orjson.OPT_INDENT_2).decode()


def example(document: _Json, schema: _Json) -> object:
    """Make the example answer that a schema of the document stands for."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(document, document["components"]["schemas"][name])
    if "examples" in schema:
        return schema["examples"][0]
    return {
        name: example(document, part)
        for name, part in schema.get("properties", {}).items()
        if name in schema.get("required", ())
    }

"""What a route tells the API document of its requests and answers."""

from http import HTTPStatus
from typing import Any

from service.answering.protocol import HEADER_LENGTH
from service.answering.streaming import NDJSON
from service.answering.vectors import ARROW, NPY
from service.errors import MEDIA_TYPE, TABLE

SCHEMAS = "#/components/schemas/"
"""Where the document keeps a model."""
ALWAYS = (401, 421, 422, 500)
"""Any route may ask for a key, be asked by a wrong name or with a parameter that it does not have,
or fail unforeseen."""
UPLOAD = (400, 403, 406, 408, 413, 415, 429, 503, 504)
"""What may be wrong with an upload."""

_NOT_CHANGED = {"description": "Not changed: If-None-Match names the ETag."}
_BINARY = {"format": "binary"}
_FORMS = {
    NDJSON: {
        "description": "A line of JSON with `bundle` and `tiles`, the number of lines that follow; "
        "then a line a tile as in `results`, in request order, as soon as it is known."
    },
    NPY: {
        **_BINARY,
        "description": "(tiles, d) float32 latents as a NumPy file; a tile that cannot be used is "
        "a row of NaN, and X-Tile-Errors names it by code: `damaged_tile=(1 4)`.",
    },
    ARROW: {
        **_BINARY,
        "description": "One record batch: `id`, `latent`, and `error` and `detail` where there is "
        "no latent.",
    },
}
Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Return the error responses of a route for the document, each in the one shape."""
    return {status: _problem_response(status) for status in sorted({*statuses, *ALWAYS})}


def _problem_response(status: int) -> dict[str, Any]:
    kinds = [kind.title for kind in TABLE.values() if kind.status == status]
    schema = {"schema": {"$ref": f"{SCHEMAS}Problem"}}
    return {
        "description": "; ".join(dict.fromkeys(kinds)) or HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: schema},
    }


def picture(description: str) -> Responses:
    """Return the 200 and 304 responses of a route that answers with a PNG."""
    binary = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": binary}, 304: _NOT_CHANGED}


def download(media_type: str, description: str) -> Responses:
    """Return the 200 of a route that answers with a file which is no JSON."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}}


def exposition() -> Responses:
    """Return the 200 of the metrics, which are text."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {200: {"description": "Every metric with its help text.", "content": content}}


def lasting(*statuses: int) -> Responses:
    """Return the 304 and the error responses of a route whose answer has an ETag."""
    return {304: _NOT_CHANGED, **problems(*statuses)}


def also(*media_types: str) -> Responses:
    """Return in which other forms a route that answers with JSON gives its results."""
    content = {kind: {"schema": {"type": "string", **_FORMS[kind]}} for kind in media_types}
    return {200: {"content": content}}


def csv_as_well(description: str) -> Responses:
    """Return what a route that answers with JSON says about its CSV."""
    text = {"schema": {"type": "string", "description": description}}
    return {200: {"content": {"text/csv": text}}}


def upload_body() -> dict[str, Any]:
    """Return the request body of a route that takes tiles, for the document."""
    one = {"type": "string", "format": "binary", "description": "The bytes of one PNG."}
    files = {"type": "array", "items": one, "minItems": 1}
    form = {"type": "object", "required": ["files"], "properties": {"files": files}}
    content = {"image/png": {"schema": one}, "multipart/form-data": {"schema": form}}
    header = {
        "name": "X-Tile-Id",
        "in": "header",
        "description": "Id of a raw tile, percent-encoded as in a URL; comes back as `id`.",
        "schema": {"type": "string"},
        "example": "c311",
    }
    return {"parameters": [header], "requestBody": {"required": True, "content": content}}


def inference_body() -> dict[str, Any]:
    """Return the request body of the Open Inference Protocol, for the document."""
    text = "As the protocol has it: one input, `png` (BYTES, in JSON base64) or `tiles` (UINT8)."
    example = {
        "inputs": [{"name": "tiles", "datatype": "UINT8", "shape": [1, 32, 32], "data": [0] * 1024}]
    }
    schema = {"type": "object", "required": ["inputs"], "description": text}
    header = {
        "name": HEADER_LENGTH,
        "in": "header",
        "description": "Bytes of the JSON, where binary tensors follow it.",
        "schema": {"type": "integer"},
        "example": 120,
    }
    content = {"application/json": {"schema": schema, "example": example}}
    return {"parameters": [header], "requestBody": {"required": True, "content": content}}


def csv_body() -> dict[str, Any]:
    """Return the request body of a route that takes a table of decisions, for the document."""
    example = "id,decision,reason\nc303,drop,LETTERING\n"
    text = {"schema": {"type": "string"}, "example": example}
    return {"requestBody": {"required": True, "content": {"text/csv": text}}}


def json_body(name: str) -> dict[str, Any]:
    """Return the request body of a route that takes the JSON of a model of `service.schemas`."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": SCHEMAS + name}}},
        }
    }

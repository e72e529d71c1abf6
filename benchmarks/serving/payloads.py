"""How tiles are put into a request, and latents read out of an answer, for each contender."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import multipart

Latents: TypeAlias = NDArray[np.float32]
"""(n, d)."""


@dataclass(frozen=True)
class Payload:
    """The body of a request, with its content type."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Question:
    """A way to ask for the latents of tiles: path, body of PNGs, and answer read as JSON."""

    path: str
    write: Callable[[Sequence[bytes]], Payload]
    read: Callable[[Any], Any]

    def latents(self, answer: bytes) -> Latents:
        """Return (n, d) float32 from the bytes of an answer."""
        found: Latents = np.atleast_2d(np.asarray(self.read(json.loads(answer)), np.float32))
        return found


def raw(tiles: Sequence[bytes]) -> Payload:
    """Return the one tile as it is."""
    (tile,) = tiles
    return Payload("image/png", tile)


def form(field: str) -> Callable[[Sequence[bytes]], Payload]:
    """Return a writer of multipart bodies with a part of this name for each tile."""

    def write(tiles: Sequence[bytes]) -> Payload:
        body, content_type = multipart(tiles, field)
        return Payload(content_type, body)

    return write


def open_inference(tiles: Sequence[bytes]) -> Payload:
    """Return an Open Inference Protocol v2 request: PNGs in base64, as its JSON wants bytes."""
    tensor = {
        "name": "tiles",
        "shape": [len(tiles), 1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(tile).decode() for tile in tiles],
    }
    return Payload("application/json", json.dumps({"inputs": [tensor]}).encode())


def read_open_inference(answer: Any) -> Any:  # noqa: ANN401  JSON
    """Return the latents of a v2 answer."""
    (output,) = answer["outputs"]
    return np.reshape(output["data"], output["shape"])


def read_ours(answer: Any) -> Any:  # noqa: ANN401  JSON
    """Return the latents of the service's answer."""
    return [result["latent"] for result in answer["results"]]


OURS_ONE = Question("/encode", raw, read_ours)
OURS_MANY = Question("/encode", form("files"), read_ours)
PLAIN_ONE = Question("/encode", raw, lambda answer: answer["latent"])
PLAIN_MANY = Question("/encode-many", form("files"), lambda answer: answer["latents"])
LITSERVE_ONE = Question("/predict", form("request"), lambda answer: answer["latent"])
BENTOML = Question("/encode", form("images"), lambda answer: answer)
MLSERVER = Question("/v2/models/encoder/infer", open_inference, read_open_inference)

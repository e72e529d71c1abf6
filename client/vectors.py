"""Latents as one NumPy array; NumPy is loaded only when they are asked for."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx

from .answers import Json, fine, unexpected
from .errors import InputUnusable
from .payload import Payload
from .plans import Batch, Form, Terms, same_bundle
from .problem import Problem
from .results import FailedTile, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FAILED = re.compile(r"([a-z0-9_]+)=\(([0-9 ]*)\)")


@dataclass(frozen=True)
class Vectors:
    """Latents of tiles, in their order.

    latents: (n, d) float32, the encoder's output, not scaled; NaN for a tile that failed.
    failed: those, each with its problem.
    """

    bundle: str
    ids: tuple[str, ...]
    latents: "NDArray[np.float32]" = field(repr=False)
    failed: tuple[FailedTile, ...]


def _batch(response: httpx.Response, due: int, terms: Terms) -> Batch:
    answer = fine(response, terms.url)
    kind = answer.headers.get("Content-Type", "no type")
    if kind != NPY.accept:
        raise unexpected(terms.url, f"an answer of {kind} came instead of {NPY.accept}")
    try:
        rows = _numpy().load(BytesIO(answer.content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise unexpected(terms.url, "the array in the answer is not whole") from error
    if rows.ndim != 2 or len(rows) != due:  # noqa: PLR2004
        raise unexpected(terms.url, f"{due} latents were due and did not come")
    codes = {
        int(place): code
        for code, places in _FAILED.findall(answer.headers.get("X-Tile-Errors", ""))
        for place in places.split()
    }
    bad = _numpy().isnan(rows).all(axis=1) if rows.shape[1] else []
    results: list[Json] = [
        {"error": _problem(codes.get(place, "unknown"))} if failed else {"latent": row}
        for place, (row, failed) in enumerate(zip(rows, bad, strict=True))
    ]
    return Batch(answer.headers.get("X-Bundle", ""), results)


NPY = Form("application/x-npy", _batch)


def _problem(code: str) -> Json:
    title = code.replace("_", " ").capitalize()
    detail = "Ask for this tile alone, with `encode`, to be told what is wrong with it."
    return Problem(code, 0, title, detail).to_json()


def _numpy() -> Any:  # noqa: ANN401, a module
    try:
        return import_module("numpy")
    except ModuleNotFoundError as error:
        raise InputUnusable(
            "Vectors need the package numpy: pip install numpy, or use encode_many."
        ) from error


def joined(parts: Iterable[tuple[list[Payload], Batch]]) -> Vectors:
    """Put the answers to several requests together.

    Raises:
        BundleChanged: they came from two bundles.
    """
    numpy = _numpy()
    ids: list[str] = []
    rows: list[Any] = []
    failed, bundle = [], ""
    for tile, result in _each(parts):
        ids.append(tile.id)
        rows.append(result.get("latent"))
        bundle = same_bundle(bundle, str(result["bundle"]))
        if "error" in result:
            failed.append(FailedTile(tile.id, read(Problem.from_json, result["error"])))
    dim = next((len(row) for row in rows if row is not None), 0)
    latents = numpy.full((len(rows), dim), numpy.nan, dtype=numpy.float32)
    for place, row in enumerate(rows):
        if row is not None:
            latents[place] = row
    return Vectors(bundle, tuple(ids), latents, tuple(failed))


def _each(parts: Iterable[tuple[list[Payload], Batch]]) -> Iterator[tuple[Payload, Json]]:
    for tiles, batch in parts:
        for tile, result in zip(tiles, batch.results, strict=True):
            yield tile, {**result, "bundle": batch.bundle}

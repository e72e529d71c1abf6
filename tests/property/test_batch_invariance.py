"""Release-blocking: in whatever company a tile is sent, its answer is bit for bit the same.

Over the real path in this process: form, decoding, batcher, the bundle's own ONNX encoder, search.
Answers are compared as the JSON that goes out, to the last digit.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle import OnnxEncoder, open_bundle
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles

STORED = Path(__file__).parent.parent / "data/bundle_v2"
MIXES = 500
"""For each of two bundles."""
ROUTES = ("/encode", "/neighbors", "/cluster", "/screen")
BROKEN = [b"", b"junk", png(tiny_tiles()[0])[:60], png(np.zeros((2, 2), np.uint8))]


def pool() -> list[bytes]:
    """Tiles of many sizes, of noise and of the tiny bundle's squares."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(8, 60, (20, 2))
    noise = [png(rng.integers(0, 256, tuple(size), dtype=np.uint8)) for size in sizes]
    return [*map(png, tiny_tiles()), *noise]


@pytest.fixture(scope="module", params=["tiny", "stored"])
def api(request: pytest.FixtureRequest, tiny_path: Path) -> Iterator[Api]:
    """A service that gathers tiles of many requests into runs of up to 32."""
    with running(tiny_path if request.param == "tiny" else STORED, max_batch_delay_ms=1) as api:
        yield api


def said(answer: httpx.Response) -> list[str]:
    """Each result as text, without its id and its place, which an error names as well."""
    results: list[dict[str, Any]] = answer.json()["results"]
    for one in results:
        del one["id"], one["index"]
        one.get("error", {}).pop("index", None)
    return [json.dumps(one, sort_keys=True) for one in results]


async def ask(api: Api, route: str, files: list[bytes]) -> list[str]:
    parts = [("files", (f"{n}.png", data, "image/png")) for n, data in enumerate(files)]
    return said(await api.client.post(route, files=parts))


def test_a_tiles_answer_is_the_same_in_any_company(api: Api) -> None:
    """Alone, first, last, beside broken ones, in random mixes, several under way at once."""
    rng = np.random.default_rng(6)
    tiles = pool()

    async def whole() -> None:
        files = [*tiles, *BROKEN]
        alone = {route: [(await ask(api, route, [data]))[0] for data in files] for route in ROUTES}
        for start in range(0, MIXES, 10):
            chosen = [rng.integers(0, len(files), rng.integers(1, 17)) for _ in range(10)]
            routes = [ROUTES[(start + n) % len(ROUTES)] for n in range(10)]
            mixes = zip(routes, chosen, strict=True)
            found = await asyncio.gather(
                *(ask(api, route, [files[n] for n in numbers]) for route, numbers in mixes)
            )
            for route, numbers, answers in zip(routes, chosen, found, strict=True):
                assert answers == [alone[route][n] for n in numbers], (route, numbers.tolist())

    api.runner.run(whole())


def test_a_raw_tile_is_answered_as_in_a_form(api: Api) -> None:
    """Alone in a raw body a tile has the answer that it has in a form."""
    for route in ROUTES:
        for data in pool()[:6]:
            raw = said(api.post(route, data))
            assert raw == said(api.form(route, ("a.png", data), ("b.png", BROKEN[1])))[:1]


def test_the_encoder_itself_is_the_same_at_every_place() -> None:
    """Latent and map have the same bits in runs of 1 to 33 tiles, at the first and last place."""
    encoder = OnnxEncoder(STORED, threads=2)
    side = open_bundle(STORED).manifest.preprocessing.side
    tiles = np.random.default_rng(7).integers(0, 256, (33, side, side), dtype=np.uint8)
    alone = [encoder.examine(tile[None]) for tile in tiles]
    for size in range(1, 34):
        latents, maps = encoder.examine(tiles[:size])
        for place in range(size):
            assert np.array_equal(latents[place], alone[place].latents[0])
            assert np.array_equal(maps[place], alone[place].maps[0])

"""Whatever is sent, the answer is sound."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.answering.batcher import Batcher, BatchLimits
from tests.api import Api, running
from tests.fakes import FakeEncoder
from tests.pictures import png
from tests.tiny import tiny_latents, tiny_tiles

GOOD = png(tiny_tiles()[0])
ROUTES = st.sampled_from(["/encode", "/neighbors", "/cluster", "/screen"])
KINDS = st.sampled_from(
    ["image/png", "", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x"]
)


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


@given(data=st.binary(max_size=300), kind=KINDS, route=ROUTES)
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_refused(api: Api, data: bytes, kind: str, route: str) -> None:
    """Bytes that are no tile give 4xx with a problem, never 500."""
    answer = api.post(route, data, kind)
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]


@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
@settings(deadline=None, max_examples=150)
def test_damaged_tiles_never_break_the_service(api: Api, at: int, byte: int, cut: int) -> None:
    """A PNG with one byte changed and its end cut off is answered or refused, never 500."""
    data = bytearray(GOOD)
    data[at] = byte
    assert api.post("/encode", bytes(data[: len(data) - cut])).status_code < 500


# "." and ".." never reach a service: HTTP clients resolve them as steps of the path.
IDS = st.text(max_size=40).filter(lambda tile_id: tile_id not in {".", ".."})


@given(tile_id=IDS, path=st.sampled_from(["tiles", "encode", "cluster", "screen"]))
@settings(deadline=None, max_examples=100)
def test_any_id_is_found_or_not(api: Api, tile_id: str, path: str) -> None:
    """Any text as an id gives 404 (or 200, should it be stored), never 500."""
    answer = api.get(f"/{path}/{quote(tile_id, safe='')}")
    assert answer.status_code in {200, 404}


def words(*values: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(values), st.text(max_size=8))


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "verdict": st.lists(words("keep", "review", "drop"), max_size=3),
        "reason": st.lists(words("LETTERING", "BLANK", "OFF_TOPIC"), max_size=3),
        "scan": words("film-a", "film-b"),
        "min_score": words("0", "0.5", "1", "nan", "-1"),
        "sort": words("-score", "score", "id"),
        "limit": words("1", "1000", "0"),
        "cursor": words("0.5,c303", "1,", "nan,c303", "1e-9,é"),
        "format": words("json", "csv"),
    },
)


@given(query=QUERIES)
@settings(deadline=None, max_examples=150)
def test_any_filter_is_answered_or_refused(api: Api, query: dict[str, object]) -> None:
    """Whatever the list of verdicts is asked for, it is a list or a problem, never 500."""
    answer = api.get("/screen", params=query)
    assert answer.status_code in {200, 404, 422}


SIZES = st.tuples(st.integers(8, 60), st.integers(8, 60))


@given(tiles=st.lists(st.tuples(SIZES, st.integers(0, 2**32 - 1)), min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_verdicts_do_not_depend_on_company(
    api: Api, tiles: list[tuple[tuple[int, int], int]]
) -> None:
    """A tile alone and among others gets one verdict; boxes lie inside the tile that was sent."""
    files = [
        png(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8))
        for size, seed in tiles
    ]
    together = api.form("/screen", *[(f"{n}.png", file) for n, file in enumerate(files)])
    for number, (file, ((height, width), _)) in enumerate(zip(files, tiles, strict=True)):
        found = together.json()["results"][number]
        (alone,) = api.post("/screen", file).json()["results"]
        assert alone["verdict"] == found["verdict"]
        assert alone["score"] == pytest.approx(found["score"], abs=1e-5)
        assert 0 <= found["score"] <= 1
        for box in (reason["box"] for reason in found["reasons"] if reason["box"]):
            assert 0 <= box["left"] < box["right"] <= width
            assert 0 <= box["top"] < box["bottom"] <= height


@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4))
@settings(deadline=None, max_examples=50)
def test_any_file_name_is_taken(api: Api, names: list[str]) -> None:
    """Whatever the files are called, each tile is answered about."""
    answer = api.form("/encode", *[(f"{name}.png", GOOD) for name in (*names, "last")])
    results = answer.json()["results"]
    assert [("latent" in one) for one in results] == [True] * (len(names) + 1)
    assert results[-1]["id"] == "last"


@given(
    callers=st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=9), min_size=1, max_size=9),
    size=st.integers(1, 8),
)
@settings(deadline=None, max_examples=60)
def test_batching_changes_neither_order_nor_values(callers: list[list[int]], size: int) -> None:
    """However tiles are thrown together into runs, each caller gets its own, in its order."""

    async def talk() -> list[list[object]]:
        limits = BatchLimits(size=size, delay_s=0)
        async with Batcher(FakeEncoder(), limits, white=255) as batcher:
            tiles = [[np.full((16, 16), grey, np.uint8) for grey in greys] for greys in callers]
            return await asyncio.gather(*map(batcher.examine, tiles))

    for greys, answer in zip(callers, asyncio.run(talk()), strict=True):
        alone = tiny_latents(np.stack([np.full((16, 16), grey, np.uint8) for grey in greys]))
        assert np.array_equal(np.stack([seen.latent for seen in answer]), alone)

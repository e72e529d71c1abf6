"""The Open Inference Protocol: what its clients ask, and what they are told."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles

INFER = "/v2/models/tilescreen/infer"
TILES = tiny_tiles()
PNGS = [png(TILES[0]), b"no picture", png(TILES[11])]


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path, max_client_batch=12) as api:
        yield api


def ask(api: Api, *inputs: Any, binary: bytes | None = None, **members: Any) -> httpx.Response:
    head = json.dumps({"inputs": inputs, **members}).encode()
    headers = {} if binary is None else {"Inference-Header-Content-Length": str(len(head))}
    return api.ask("POST", INFER, content=head + (binary or b""), headers=headers)


def pngs(files: list[bytes], **members: Any) -> dict[str, Any]:
    data = [base64.b64encode(file).decode() for file in files]
    return {"name": "png", "datatype": "BYTES", "shape": [len(files)], "data": data, **members}


def greys(tiles: Any) -> dict[str, Any]:
    return {
        "name": "tiles",
        "datatype": "UINT8",
        "shape": list(np.shape(tiles)),
        "data": np.asarray(tiles).tolist(),
    }


def columns(answer: httpx.Response) -> dict[str, Any]:
    outputs = answer.raise_for_status().json()["outputs"]
    return {output["name"]: output["data"] for output in outputs}


@pytest.mark.parametrize("broken", ["!!!", None, 7])
def test_an_element_that_is_no_base64_hurts_no_other(api: Api, broken: Any) -> None:
    """It has a code of its own, as any other bad tile."""
    sent = pngs(PNGS[:1])
    sent |= {"shape": [2], "data": [*sent["data"], broken]}
    found = columns(ask(api, sent))
    assert found["error"] == ["", "not_a_png"]
    assert found["verdict"][1] == ""


def test_pngs_in_json_get_what_the_api_says(api: Api) -> None:
    """Latent, score and verdict of each; a bad one has its code and hurts no other."""
    files = [(f"{number}.png", file) for number, file in enumerate(PNGS)]
    encoded = api.form("/encode", *files).json()["results"]
    screened = api.form("/screen", *files).json()["results"]
    found = columns(ask(api, pngs(PNGS)))
    latents = np.array(found["latent"], dtype=np.float32).reshape(3, 4)
    assert np.isnan(latents[1]).all()
    assert found["error"] == ["", "not_a_png", ""]
    for at in (0, 2):
        assert latents[at] == pytest.approx(encoded[at]["latent"], abs=1e-6)
        assert found["score"][at] == pytest.approx(screened[at]["score"], abs=1e-6)
        assert found["verdict"][at] == screened[at]["verdict"]
    assert (found["score"][1], found["verdict"][1]) == (None, "")


def test_greys_are_the_same_tiles(api: Api) -> None:
    """Arrays are treated as the PNGs that would hold them, of any size."""
    large = np.kron(TILES[:2], np.ones((1, 3, 3), dtype=np.uint8))
    for tiles in (TILES[:2], large):
        sent = columns(ask(api, pngs([png(tile) for tile in tiles])))
        assert columns(ask(api, greys(tiles))) == sent


def test_binary_tensors_both_ways(api: Api) -> None:
    """The extension: lengths in the JSON, bytes after it, in the order of the outputs."""
    blob = b"".join(struct.pack("<I", len(file)) + file for file in PNGS)
    sent = {"name": "png", "datatype": "BYTES", "shape": [3]}
    sent["parameters"] = {"binary_data_size": len(blob)}
    wanted = [
        {"name": "verdict", "parameters": {"binary_data": True}},
        {"name": "latent", "parameters": {"binary_data": True}},
        {"name": "score"},
    ]
    answer = ask(api, sent, binary=blob, outputs=wanted, id="42")
    at = int(answer.headers["inference-header-content-length"])
    head = json.loads(answer.content[:at])
    assert head["id"] == "42"
    sizes = [output.get("parameters", {}).get("binary_data_size") for output in head["outputs"]]
    text, latents = answer.content[at:][: sizes[0]], answer.content[at:][sizes[0] :]
    usual = columns(ask(api, pngs(PNGS)))
    assert text == b"".join(struct.pack("<I", len(one)) + one.encode() for one in usual["verdict"])
    assert (len(latents), sizes[2]) == (sizes[1], None)
    expected = np.array(usual["latent"], dtype="<f4")
    assert np.array_equal(np.frombuffer(latents, "<f4"), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("inputs", "status", "code"),
    [
        ([], 400, "bad_inference"),
        ([pngs(PNGS), pngs(PNGS)], 400, "bad_inference"),
        ([pngs(PNGS, shape=[2])], 400, "bad_inference"),
        ([pngs(PNGS, shape=[-3])], 400, "bad_inference"),
        ([pngs(PNGS, data=["*"])], 400, "bad_inference"),
        ([pngs(PNGS, data=None)], 400, "bad_inference"),
        ([pngs(PNGS, datatype="FP32")], 400, "bad_inference"),
        ([pngs(PNGS, parameters={"binary_data_size": 5})], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "data": [256] * 256}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "data": [1.5] * 256}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "data": [True] * 256}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "data": [[1], [2, 3]]}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "shape": [256]}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "shape": [0, 2**63, 1], "data": []}], 400, "bad_inference"),
        ([{**greys(TILES[:1]), "shape": [0, 2**62, 2**62], "data": []}], 400, "bad_inference"),
        (["x"], 400, "bad_inference"),
        ([pngs([PNGS[0]] * 13)], 413, "too_many_tiles"),
    ],
)
def test_what_is_not_of_the_protocol_is_refused(
    api: Api, inputs: list[Any], status: int, code: str
) -> None:
    """With a problem that has the protocol's own member as well."""
    problem = ask(api, *inputs)
    assert (problem.status_code, problem.json()["code"]) == (status, code)
    assert problem.json()["error"] == problem.json()["detail"]


def test_greys_that_are_too_few_are_counted(api: Api) -> None:
    """The shape is sound, so it is not the shape that is told off."""
    problem = ask(api, {**greys(TILES[:1]), "data": [1, 2]}).json()
    assert problem["detail"] == "The shape is [1, 16, 16], 256 greys, and 2 came."


@pytest.mark.parametrize("length", ["x", "-1", "10000", "0"])
def test_a_wrong_length_of_the_json_is_refused(api: Api, length: str) -> None:
    """The header must say where the JSON ends."""
    headers = {"Inference-Header-Content-Length": length}
    answer = api.ask("POST", INFER, content=b'{"inputs": []}', headers=headers)
    assert answer.json()["code"] == "bad_inference"


def test_half_an_element_is_refused(api: Api) -> None:
    """Lengths that lead beyond the end."""
    for blob in (b"\5\0\0\0ab", b"\5\0"):
        sent = {"name": "png", "datatype": "BYTES", "shape": [1]}
        sent["parameters"] = {"binary_data_size": len(blob)}
        assert ask(api, sent, binary=blob).json()["code"] == "bad_inference"


def test_unknown_outputs_and_models_are_told(api: Api) -> None:
    """400 for an output, 404 for a model."""
    assert ask(api, pngs(PNGS), outputs=[{"name": "x"}]).json()["code"] == "bad_inference"
    for url in ("/v2/models/x", "/v2/models/x/ready"):
        assert api.get(url).json()["code"] == "unknown_model"
    assert api.ask("POST", "/v2/models/x/infer", content=b"{}").status_code == 404


def test_a_small_tile_is_its_own_error(api: Api) -> None:
    """Sizes are checked as those of PNGs are."""
    small = np.zeros((1, 2, 2), dtype=np.uint8)
    assert columns(ask(api, greys(small)))["error"] == ["tile_too_small"]


@pytest.mark.parametrize("shape", [[0, 16, 16], [0, 0, 0]])
def test_no_tiles_are_no_mistake(api: Api, shape: list[int]) -> None:
    """In JSON as in bytes: there are no answers, and no complaint about greys."""
    sent = {"name": "tiles", "datatype": "UINT8", "shape": shape}
    by_json = columns(ask(api, sent | {"data": []}))
    in_bytes = columns(ask(api, sent | {"parameters": {"binary_data_size": 0}}, binary=b""))
    assert by_json == in_bytes
    assert by_json["verdict"] == []

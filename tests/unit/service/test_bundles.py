"""Several bundles: which there are, how another takes over, and what differs."""

import asyncio
import shutil
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from bundle import open_bundle
from service.errors import BundleRefused
from tests.api import Api, running, until
from tests.forge import forge_array, reseal
from tests.pictures import png
from tests.tiny import tiny_quantization, tiny_tiles, write_tiny_bundle

TILE = png(tiny_tiles()[0])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three bundles, a, b and c, of which `current` is a; copy it to use it."""
    folder = tmp_path_factory.mktemp("made") / "bundles"
    for seed, name in enumerate("abc"):
        write_tiny_bundle(folder / name, seed=seed)
    (folder / "current").symlink_to("a")
    return folder


@pytest.fixture
def bundles(made: Path, tmp_path: Path) -> Path:
    """A copy of `made`."""
    shutil.copytree(made, tmp_path / "bundles", symlinks=True)
    return tmp_path / "bundles"


@pytest.fixture
def ids(made: Path) -> dict[str, str]:
    """The id of each of the bundles by its name."""
    return {name: open_bundle(made / name).manifest.bundle_id for name in "abc"}


@contextmanager
def shelved(bundles: Path) -> Iterator[Api]:
    with running(None, bundles=bundles) as api:
        yield api


def activate(api: Api, bundle_id: str) -> Any:
    return api.ask("POST", f"/bundles/{bundle_id}:activate").raise_for_status().json()


def states(api: Api) -> dict[str, str]:
    return {one["name"]: one["state"] for one in api.get("/bundles").json()["bundles"]}


def test_metrics_tell_the_bundle_that_answers(
    bundles: Path, ids: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not the one that was opened last, nor the one that is kept to go back to."""
    shutil.rmtree(bundles / "b")
    write_tiny_bundle(bundles / "b", seed=1, int8=tiny_quantization())
    other = open_bundle(bundles / "b").manifest.bundle_id
    with caplog.at_level("INFO", "service.bundles"), shelved(bundles) as api:
        for bundle, precision in ((other, "int8"), (ids["a"], "fp32")):
            activate(api, bundle)
            told = [
                line for line in api.get("/metrics").text.splitlines() if "bundle_info{" in line
            ]
            now = [line for line in told if line.endswith(" 1.0")]
            assert len(now) == 1
            assert f'bundle="{bundle}"' in now[0]
            assert f'precision="{precision}"' in now[0]
    fields = [one.__dict__["fields"] for one in caplog.records if one.msg == "bundle answers"]
    assert [one["bundle"] for one in fields] == [ids["a"], other, ids["a"]]
    assert fields[1]["precision"] == "int8"


def test_going_back_to_a_bundle_that_was_damaged_meanwhile_is_refused(
    bundles: Path, ids: dict[str, str]
) -> None:
    """That it is still in memory says nothing of its files; mended, it answers again."""
    latents = bundles / "a" / "latents.npy"
    whole = latents.read_bytes()
    with shelved(bundles) as api:
        activate(api, ids["b"])
        latents.write_bytes(whole[:200])
        refused = api.ask("POST", f"/bundles/{ids['a']}:activate")
        assert (refused.status_code, refused.json()["code"]) == (409, "bundle_refused")
        assert f"{ids['b']} serves on" in refused.json()["detail"]
        assert api.get("/readyz").json()["bundle"] == ids["b"]
        latents.write_bytes(whole)
        assert activate(api, ids["a"])["new"] == ids["a"]
        assert api.get("/readyz").json()["bundle"] == ids["a"]
        assert api.get("/neighbors/c300").status_code == 200


def test_a_damaged_copy_does_not_hide_a_sound_one(bundles: Path, ids: dict[str, str]) -> None:
    """Whichever of them comes first by its name."""
    shutil.copytree(bundles / "b", bundles / "0bad")
    (bundles / "0bad" / "latents.npy").write_bytes(b"altered")
    with shelved(bundles) as api:
        assert activate(api, ids["b"])["new"] == ids["b"]
        assert (bundles / "current").resolve() == bundles / "b"


def test_bundles_are_listed(bundles: Path, ids: dict[str, str]) -> None:
    """GET /bundles lists each bundle of the folder with its state, `current` leads to one."""
    with shelved(bundles) as api:
        answer = api.get("/bundles").json()
    assert answer["bundle"] == ids["a"]
    assert {one["id"]: one["state"] for one in answer["bundles"]} == {
        ids["a"]: "active",
        ids["b"]: "stored",
        ids["c"]: "stored",
    }


def test_a_folder_with_a_broken_manifest_is_listed_apart(bundles: Path) -> None:
    """A folder whose manifest is not sound is told with what is wrong, the others as ever."""
    (bundles / "b" / "manifest.json").write_text("{")
    with shelved(bundles) as api:
        answer = api.get("/bundles").json()
        refused = api.ask("POST", "/bundles/nope:activate")
    assert [one["name"] for one in answer["bundles"]] == ["a", "c"]
    assert answer["broken"][0]["name"] == "b"
    assert "is not JSON" in answer["broken"][0]["detail"]
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_bundle")
    assert "b is damaged: manifest.json is not JSON" in refused.json()["detail"]


def test_an_activated_bundle_answers(bundles: Path, ids: dict[str, str]) -> None:
    """After its activation a bundle answers, X-Bundle says so, and the link leads to it."""
    with shelved(bundles) as api:
        told = activate(api, ids["b"])
        answer = api.post("/encode", TILE)
        again = activate(api, ids["b"])
        found = states(api)
    assert told == {"bundle": ids["a"], "old": ids["a"], "new": ids["b"], "lasting": True}
    assert again == {"bundle": ids["b"], "old": ids["b"], "new": ids["b"], "lasting": True}
    assert answer.headers["x-bundle"] == answer.json()["bundle"] == ids["b"]
    assert found == {"b": "active", "a": "previous", "c": "stored"}
    assert (bundles / "current").readlink() == Path("b")


def test_going_back_loads_nothing(bundles: Path, ids: dict[str, str]) -> None:
    """The bundle before is still loaded: it answers again even if its files are gone."""
    with shelved(bundles) as api:
        before = api.serving
        activate(api, ids["b"])
        shutil.rmtree(bundles / "a" / "probes.npy", ignore_errors=True)
        (bundles / "a" / "latents.npy").unlink()
        activate(api, ids["a"])
        assert api.serving is before


def test_a_plain_folder_is_no_link(bundles: Path, ids: dict[str, str]) -> None:
    """Where `current` is a folder the answer says that the change does not outlive a restart."""
    (bundles / "current").unlink()
    (bundles / "a").rename(bundles / "current")
    with shelved(bundles) as api:
        told = activate(api, ids["b"])
        assert api.get("/livez").headers["x-bundle"] == ids["b"]
    assert told["lasting"] is False


def test_a_request_ends_on_the_bundle_it_began_with(bundles: Path, ids: dict[str, str]) -> None:
    """A body that arrives while another bundle takes over is answered by the one before."""

    async def talk(api: Api) -> httpx.Response:
        rest = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield TILE[:20]
            await rest.wait()
            yield TILE[20:]

        sending = asyncio.create_task(api.client.post("/encode", content=body()))
        held = api.app.state.shelf.current
        await until(lambda: held.users == 1)
        for name in "bc":  # twice, so that the first one is to be closed
            await api.client.post(f"/bundles/{ids[name]}:activate")
        rest.set()
        return await sending

    with shelved(bundles) as api:
        answer = api.runner.run(talk(api))
        now = api.get("/livez").headers["x-bundle"]
    assert (answer.status_code, answer.json()["bundle"]) == (200, ids["a"])
    assert answer.headers["x-bundle"] == ids["a"]
    assert now == ids["c"]


def test_no_request_is_lost_while_bundles_change(bundles: Path, ids: dict[str, str]) -> None:
    """Under load through many changes each request is answered, by one bundle alone."""
    expected = {
        one: open_bundle(bundles / name).neighbor_distances[0, 0] for name, one in ids.items()
    }

    async def talk(api: Api) -> list[httpx.Response]:
        done = asyncio.Event()

        async def ask() -> list[httpx.Response]:
            answers = []
            while not done.is_set():
                answers += await asyncio.gather(
                    api.client.get("/neighbors/c300?k=1"), api.client.post("/screen", content=TILE)
                )
            return answers

        asking = [asyncio.create_task(ask()) for _ in range(4)]
        for name in "bcab":
            answer = await api.client.post(f"/bundles/{ids[name]}:activate")
            assert answer.status_code == 200
        done.set()
        return [one for some in await asyncio.gather(*asking) for one in some]

    with shelved(bundles) as api:
        answers = api.runner.run(talk(api))
    assert {one.status_code for one in answers} == {200}
    assert {one.json()["bundle"] for one in answers} == set(ids.values())
    for one in answers:
        bundle_id, (result,) = one.json()["bundle"], one.json()["results"]
        assert one.headers["x-bundle"] == bundle_id
        if "neighbors" in result:
            assert result["neighbors"][0]["distance"] == pytest.approx(expected[bundle_id])


def mapped(folder: Path) -> int:
    """Return how many files of a folder this process has mapped."""
    return Path("/proc/self/maps").read_text().count(f"{folder}/")


def test_a_replaced_bundle_is_freed(bundles: Path, ids: dict[str, str]) -> None:
    """Two changes later nothing of a bundle is left: no object, no mapped file, no thread."""
    with shelved(bundles) as api:
        kept = [weakref.ref(one) for one in (api.serving, api.serving.bundle, api.serving.batcher)]
        first = real(bundles / "a")
        assert mapped(first) > 0
        activate(api, ids["b"])
        assert mapped(first) > 0
        activate(api, ids["c"])
        api.runner.run(until(lambda: not any(ref() for ref in kept)))
        assert mapped(first) == 0
        assert mapped(real(bundles / "b")) > 0


def real(folder: Path) -> Path:
    return folder.resolve()


@pytest.mark.parametrize("name", ["latents.npy", "encoder.onnx"])
def test_a_damaged_bundle_is_refused(bundles: Path, ids: dict[str, str], name: str) -> None:
    """A damaged bundle is answered 409 with what to do; the old one serves on, link and all."""
    file = bundles / "b" / name
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with shelved(bundles) as api:
        answer = api.ask("POST", f"/bundles/{ids['b']}:activate")
        served = api.post("/encode", TILE).json()["bundle"]
        found = states(api)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "bundle_refused")
    assert f"{name} was altered" in problem["detail"]
    assert "Copy the bundle" in problem["detail"]
    assert problem["detail"].endswith(f"{ids['a']} serves on.")
    assert served == ids["a"]
    assert found == {"a": "active", "b": "stored", "c": "stored"}
    assert (bundles / "current").readlink() == Path("a")


def test_a_copy_of_what_answers_is_proved_as_well(bundles: Path, ids: dict[str, str]) -> None:
    """A copy has the same id: a damaged one is refused, and a sound one answers from its folder."""
    for name in ("damaged", "copy"):
        shutil.copytree(bundles / "a", bundles / name)
    (bundles / "damaged" / "latents.npy").write_bytes(b"")
    with shelved(bundles) as api:
        team = api.app.state.team
        with pytest.raises(BundleRefused, match=r"latents.npy is truncated.* serves on"):
            api.runner.run(team.activate(bundles / "damaged"))
        assert api.serving.bundle.path == real(bundles / "a")
        assert set(api.runner.run(team.activate(bundles / "copy"))) == {ids["a"]}
        assert api.serving.bundle.path == real(bundles / "copy")
        shutil.rmtree(bundles / "a")
        assert api.post("/encode", TILE).headers["x-bundle"] == ids["a"]


def test_a_bundle_that_does_not_prove_itself_is_refused(bundles: Path) -> None:
    """A bundle with sound files whose encoder gives other latents is not activated."""
    latents = np.load(bundles / "b" / "probe_latents.npy")
    forge_array(bundles / "b", "probe_latents.npy", latents + 1)
    wrong = open_bundle(bundles / "b").manifest.bundle_id
    with shelved(bundles) as api:
        answer = api.ask("POST", f"/bundles/{wrong}:activate")
    assert answer.status_code == 409
    assert "probe_latents.npy" in answer.json()["detail"]


def test_a_bundle_that_nobody_foresaw_is_refused(
    bundles: Path, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever loading it raises, what answers goes on, and what follows the link does."""
    with shelved(bundles) as api, monkeypatch.context() as patch:
        patch.setattr("service.bundles.shelf.open_serving", lambda *_: {}[b"no such thing"])
        answer = api.ask("POST", f"/bundles/{ids['b']}:activate")
        assert api.post("/encode", TILE).json()["bundle"] == ids["a"]
        patch.undo()
        activate(api, ids["b"])
    assert (answer.status_code, answer.json()["code"]) == (409, "bundle_refused")
    assert "cannot be loaded (KeyError; the log has more). Copy it" in answer.json()["detail"]


@pytest.mark.parametrize("side", [8, 16])
def test_a_decoder_that_would_fail_when_asked_is_refused(bundles: Path, side: int) -> None:
    """It is asked for the probes, as pages would ask: their latents' size, and the pictures'."""
    dim = 4 if side == 8 else 3
    weights = numpy_helper.from_array(np.ones((dim, side * side), dtype=np.float32), "weights")
    shape = numpy_helper.from_array(np.array([-1, side, side]), "shape")
    nodes = [
        helper.make_node("MatMul", ["latents", "weights"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["pictures"]),
    ]
    ports = [
        helper.make_tensor_value_info("latents", TensorProto.FLOAT, ["n", dim]),
        helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", side, side]),
    ]
    graph = helper.make_graph(nodes, "decoder", ports[:1], ports[1:], [weights, shape])
    opset = helper.make_opsetid("", 15)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    (bundles / "b" / "decoder.onnx").write_bytes(model.SerializeToString())
    reseal(bundles / "b")
    wrong = open_bundle(bundles / "b").manifest.bundle_id
    with shelved(bundles) as api:
        answer = api.ask("POST", f"/bundles/{wrong}:activate")
        assert api.ask("GET", "/tiles/c300/reconstruction").status_code == 200
    assert answer.status_code == 409
    assert "decoder.onnx" in answer.json()["detail"]


def test_nothing_differs_from_itself(bundles: Path, ids: dict[str, str]) -> None:
    """A bundle beside itself has no flips, all neighbours and the same clusters."""
    with shelved(bundles) as api:
        diff = api.get(f"/bundles/{ids['a']}/diff/{ids['a']}").json()
    assert diff["tiles"] == {"both": 12, "only_a": 0, "only_b": 0}
    assert diff["verdicts"]["flips"] == 0
    assert diff["neighbors"] == {"k": 10, "overlap": 1.0, "unchanged": 1.0}
    assert diff["clusters"]["adjusted_rand"] == 1.0


def test_flips_are_counted_and_shown(bundles: Path, ids: dict[str, str]) -> None:
    """Tiles with another verdict are counted, and listed by how far their score moved."""
    shutil.rmtree(bundles / "b")
    shutil.copytree(bundles / "a", bundles / "b")
    verdicts, scores = (np.load(bundles / "a" / f"{name}.npy") for name in ("verdicts", "scores"))
    before, verdicts[0], verdicts[3] = verdicts.copy(), 2, 1
    scores[3, 0] += 0.5
    forge_array(bundles / "b", "verdicts.npy", verdicts)
    forge_array(bundles / "b", "scores.npy", scores)
    other = open_bundle(bundles / "b").manifest.bundle_id
    with shelved(bundles) as api:
        found = api.get(f"/bundles/{ids['a']}/diff/{other}").json()["verdicts"]
    assert before[[0, 3]].tolist() == [0, 0]
    assert (found["flips"], found["share"]) == (2, pytest.approx(2 / 12))
    assert [(one["id"], one["a"], one["b"]) for one in found["largest"]] == [
        ("c309", "keep", "review"),
        ("c300", "keep", "drop"),
    ]
    assert found["table"]["keep"] == {"keep": 4, "review": 1, "drop": 1}


def test_tiles_of_another_name_are_matched_by_content(bundles: Path, ids: dict[str, str]) -> None:
    """With match=content the same pictures are the same tiles, whatever they are called."""
    renamed = write_tiny_bundle(
        bundles / "renamed", seed=0, ids=[f"n{number:02}" for number in range(12)]
    ).bundle_id
    url = f"/bundles/{ids['a']}/diff/{renamed}"
    with shelved(bundles) as api:
        by_id, by_content = api.get(url).json(), api.get(f"{url}?match=content").json()
    assert by_id["tiles"] == {"both": 0, "only_a": 12, "only_b": 12}
    assert by_id["verdicts"]["share"] is by_id["neighbors"]["overlap"] is None
    assert by_content["tiles"] == {"both": 12, "only_a": 0, "only_b": 0}
    assert by_content["neighbors"]["overlap"] == 1.0


@pytest.mark.parametrize("url", ["/bundles/{a}/diff/nope", "/bundles/nope/diff/{a}"])
def test_an_unknown_bundle_differs_from_nothing(
    bundles: Path, ids: dict[str, str], url: str
) -> None:
    """A bundle that is not there is answered 404."""
    with shelved(bundles) as api:
        answer = api.get(url.format(**ids))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_bundle")


def test_a_damaged_bundle_is_not_compared(bundles: Path, ids: dict[str, str]) -> None:
    """A bundle on disk that is damaged is answered 409."""
    (bundles / "b" / "labels.npy").unlink()
    with shelved(bundles) as api:
        answer = api.get(f"/bundles/{ids['a']}/diff/{ids['b']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "bundle_refused")

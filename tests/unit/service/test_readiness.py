"""Ready is proved: the probe tile comes back as stored, beside the stored tile it lay beside."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, SelfTestFailed, open_bundle
from service.bundles.readiness import NeighborProof, Readiness
from service.errors import NotReady
from tests.api import running
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle


def test_a_graph_that_the_search_does_not_find_is_refused(tmp_path: Path) -> None:
    """Where the stored graph has another neighbour than the search finds, nothing is served."""
    write_tiny_bundle(tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    neighbors = np.array(bundle.neighbors)
    distances = np.array(bundle.neighbor_distances)
    neighbors[0, 0], distances[0, 0] = 9, distances[0, 0] / 2
    forge_array(tmp_path / "bundle", "neighbors.npy", neighbors)
    forge_array(tmp_path / "bundle", "neighbor_distances.npy", distances)
    told = "nearest to the probe is 'c309' .* the bundle says 'c327' .* Copy the bundle"
    with pytest.raises(SelfTestFailed, match=told), running(tmp_path / "bundle"):
        pass


def test_a_search_that_goes_wrong_is_not_ready(tiny_bundle: Bundle) -> None:
    """Points that changed in memory give the probe another neighbour: not ready."""
    arrays = {**tiny_bundle.arrays, "points.npy": np.array(tiny_bundle.points)}
    bundle = replace(tiny_bundle, arrays=arrays)
    latent = np.array(tiny_bundle.latents[0])
    proof = NeighborProof(bundle, latent)
    proof.check(latent)
    arrays["points.npy"][bundle.neighbors[0, 0]] += 5
    with pytest.raises(NotReady, match="nearest to the probe is"):
        proof.check(latent)


def test_a_tie_is_no_fault(tmp_path: Path) -> None:
    """Two stored tiles equally near to the probe: either may be found."""
    write_tiny_bundle(tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    points, neighbors = np.array(bundle.points), np.array(bundle.neighbors)
    nearest = neighbors[0, 0]
    other = next(row for row in range(1, 12) if row != nearest)
    points[other] = points[nearest]
    neighbors[0, 0] = other
    forge_array(tmp_path / "bundle", "points.npy", points)
    forge_array(tmp_path / "bundle", "neighbors.npy", neighbors)
    with running(tmp_path / "bundle") as api:
        assert api.get("/readyz").status_code == 200


def test_readyz_searches(tiny_path: Path) -> None:
    """/readyz asks for the probe's neighbour each time that it encodes the probe."""
    with running(tiny_path) as api:
        proof = api.serving.readiness._neighbor
        proof._row, proof._distance = 10, 99.0
        answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "nearest to the probe is 'c309'" in answer.json()["detail"]


def test_who_waits_for_a_probe_that_fails_hears_so_with_it(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a probe of its own would wait five seconds for each of those before it."""
    probes = list[None]()

    async def fail(_: Readiness) -> float:
        probes.append(None)
        await asyncio.sleep(0.1)
        raise NotReady("no")

    async def ask(readiness: Readiness) -> list[float | BaseException]:
        four = (readiness.prove() for _ in range(4))
        return await asyncio.gather(*four, return_exceptions=True)

    monkeypatch.setattr(Readiness, "_probe", fail)
    with running(tiny_path) as api:
        told = api.runner.run(ask(api.serving.readiness))
    assert [type(one) for one in told] == [NotReady] * 4
    assert len(probes) == 1

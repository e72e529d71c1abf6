"""Where tiles are, and what clusters are called: told as stored, and kept for the next bundle."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle import open_bundle
from tests.api import Api, running
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle


@pytest.fixture
def api(tiny_path: Path, tmp_path: Path) -> Iterator[Api]:
    """The application over the tiny bundle, its decisions in an empty folder."""
    with running(tiny_path, decisions=tmp_path / "kept") as running_api:
        yield running_api


def name(api: Api, label: int, called: str) -> int:
    return api.ask("PUT", f"/clusters/{label}/name", json={"name": called}).status_code


def test_the_columns_of_the_map_are_those_of_the_bundle(api: Api, tiny_path: Path) -> None:
    """Places, clusters, verdicts and scores of all tiles, one column after another."""
    data, opened = api.get("/review/map").content, open_bundle(tiny_path)
    assert len(data) == 14 * 12
    places = np.frombuffer(data, "<f4", 24).reshape(12, 2)
    assert places.tolist() == opened.plane.tolist()
    assert np.frombuffer(data, "<i4", 12, 8 * 12).tolist() == opened.labels.tolist()
    assert np.frombuffer(data, "u1", 12, 12 * 12).tolist() == opened.verdicts.tolist()
    scores = np.frombuffer(data, "u1", 12, 13 * 12) / 255
    assert scores == pytest.approx(opened.scores[:, 0], abs=0.002)
    assert api.get("/review/map/ids").json()["ids"] == [opened.id(row) for row in range(12)]


def test_the_states_of_the_map_follow_decisions(api: Api) -> None:
    """A byte a tile says what is decided, as soon as it is."""
    assert not any(api.get("/review/map/states").content)
    api.ask("PUT", "/tiles/c303/decision", json={"decision": "drop"})
    assert list(api.get("/review/map/states").content) == [0, 3] + [0] * 10


def test_the_map_may_be_kept(api: Api) -> None:
    """Who has it is told that nothing changed."""
    tag = api.get("/review/map").headers["etag"]
    assert api.get("/review/map", headers={"If-None-Match": tag}).status_code == 304


def test_a_scan_is_put_together_where_its_tiles_were(tmp_path: Path) -> None:
    """Each tile's picture lies at its place, and what no tile shows is the plate's."""
    write_tiny_bundle(tmp_path / "bundle")
    places = np.full((12, 2), -1)
    places[[0, 3, 6, 9]] = [[100, 50], [100, 82], [132, 50], [164, 82]]
    forge_array(tmp_path / "bundle", "positions.npy", places.astype("<i4"))
    opened = open_bundle(tmp_path / "bundle")
    with running(tmp_path / "bundle", decisions=tmp_path / "kept") as api:
        answer = api.get("/scans/film-a/picture")
        missing = api.get("/scans/film-b/picture")
    with Image.open(BytesIO(answer.content)) as image:
        shown = np.asarray(image)
    assert shown.shape == (96, 64)  # tiles of 32 pixels
    for row, (y, x) in ((0, (0, 0)), (3, (0, 32)), (6, (32, 0)), (9, (64, 32))):
        with Image.open(BytesIO(opened.picture(row))) as tile:
            assert shown[y : y + 32, x : x + 32].mean() == pytest.approx(
                np.asarray(tile).mean(), abs=1
            )
    assert set(shown[64:, :32].ravel().tolist()) == {12}
    assert missing.status_code == 404
    assert "not known" in missing.json()["detail"]


def test_a_name_is_told_wherever_clusters_are(api: Api) -> None:
    """In the list, on its own, and on the pages; an empty one takes it away."""
    assert name(api, 1, " lead letters ") == 200
    assert [one["name"] for one in api.get("/clusters").json()["clusters"]] == [
        None,
        "lead letters",
    ]
    assert api.get("/clusters/1").json()["name"] == "lead letters"
    for page in ("/", "/view/clusters/1", "/view/tiles/c321"):
        assert "lead letters" in api.get(page).text, page
    name(api, 1, "")
    assert api.get("/clusters/1").json()["name"] is None


def test_a_name_that_somebody_gave_meanwhile_is_not_overwritten(api: Api) -> None:
    """The ETag of the cluster, or of one's own naming, says which name was seen."""
    seen = api.get("/clusters/1").headers["etag"]
    headers, sent = {"If-Match": seen}, {"json": {"name": "mine"}}
    named = api.ask("PUT", "/clusters/1/name", headers=headers, **sent)
    assert named.status_code == 200
    refused = api.ask("PUT", "/clusters/1/name", headers=headers, json={"name": "theirs"})
    assert (refused.status_code, refused.json()["code"]) == (412, "name_changed")
    assert api.get("/clusters/1").json()["name"] == "mine"
    assert api.get("/clusters/1").headers["etag"] == named.headers["etag"]
    again = {"If-Match": named.headers["etag"]}
    assert api.ask("PUT", "/clusters/1/name", headers=again, **sent).status_code == 200


@pytest.mark.parametrize("label", [-1, 7])
def test_only_clusters_have_names(api: Api, label: int) -> None:
    """Stray tiles and labels that there are not are refused."""
    assert name(api, label, "x") == 404


def test_a_name_carries_over_by_the_tile_in_the_middle(tiny_path: Path, tmp_path: Path) -> None:
    """Another bundle, with other ids and labels, calls the cluster round the same tile the same."""
    ids = [f"other-{number:02}" for number in range(12)]
    write_tiny_bundle(tmp_path / "next", ids=ids)
    with running(tiny_path, decisions=tmp_path / "kept") as api:
        name(api, 0, "dark film")
    with running(tmp_path / "next", decisions=tmp_path / "kept") as api:
        assert api.get("/clusters/0").json()["name"] == "dark film"
        assert api.get("/clusters/1").json()["name"] is None


def test_scans_are_listed_with_their_lettering(api: Api) -> None:
    """Each scan's page leads to its tiles, and a name that is none is told so."""
    page = api.get("/view/scans").text
    assert all(f"/view/scans/film-{one}" in page for one in "abc")
    assert "/view/tiles/c318" in api.get("/view/scans/film-a").text
    assert api.get("/view/scans/none").status_code == 404

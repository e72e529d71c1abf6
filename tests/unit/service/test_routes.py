"""Answers over the tiny bundle, whose latents, distances and clusters are known by hand."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from bundle import Bundle
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles, write_tiny_bundle

DARK = {f"c{300 + 3 * row}" for row in range(6)}
BRIGHT = {f"c{318 + 3 * row}" for row in range(5)}
TILES = tiny_tiles()
IDS = [f"c{300 + 3 * number}" for number in range(12)]


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def result(api: Api, url: str) -> dict[str, Any]:
    (only,) = api.get(url).raise_for_status().json()["results"]
    assert only["index"] == 0
    return dict(only)


def test_latent_of_a_stored_tile(api: Api, tiny_bundle: Bundle) -> None:
    """GET /encode/{id} gives the stored latent to the last bit of its float32."""
    latent = result(api, "/encode/c303")["latent"]
    assert np.array_equal(np.array(latent, np.float32), tiny_bundle.latents[1])


def test_uploads_are_encoded_as_stored_tiles_were(api: Api, tiny_bundle: Bundle) -> None:
    """The same bytes sent in a form give the stored latents, in order, under their names."""
    files = [(f"folder\\{name}.png", png(tile)) for name, tile in zip(IDS, TILES, strict=True)]
    results = api.form("/encode", *files).json()["results"]
    assert [one["id"] for one in results] == IDS
    latents = np.array([one["latent"] for one in results], np.float32)
    assert np.allclose(latents, tiny_bundle.latents, atol=1e-6)


def test_raw_tile_may_have_an_id(api: Api) -> None:
    """X-Tile-Id, percent-encoded or as it is, comes back as the id; without it the id is null."""
    said = [{"X_Tile_Id": quote("Röntgen/7")}, {"X_Tile_Id": "Röntgen/7".encode()}, {}]
    told = [api.post("/encode", png(TILES[0]), **one).json()["results"][0]["id"] for one in said]
    assert told == ["Röntgen/7", "Röntgen/7", None]


def test_neighbors_of_a_stored_tile(api: Api, tiny_bundle: Bundle) -> None:
    """Ranks count from 1, distances ascend, the tile itself is left out and this is said."""
    found = result(api, "/neighbors/c300?k=4")
    hits = found["neighbors"]
    assert found["self_excluded"] is True
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4]
    assert "c300" not in [hit["id"] for hit in hits]
    distances = np.array([hit["distance"] for hit in hits], np.float32)
    assert np.array_equal(distances, tiny_bundle.neighbor_distances[0, :4])


def test_rarity_is_the_share_of_closer_pairs(api: Api, tiny_bundle: Bundle) -> None:
    """The rarity of a hit is the share of random pairs that lie closer."""
    hits = result(api, "/neighbors/c300?k=3")["neighbors"]
    pairs = tiny_bundle.arrays["random_distances.npy"]
    for hit in hits:
        assert hit["rarity"] == pytest.approx((pairs < np.float32(hit["distance"])).mean())


def test_neighbors_of_other_scans(api: Api) -> None:
    """other_scans=true leaves out tiles of the same scan, and says how many are left."""
    found = result(api, "/neighbors/c300?k=5&other_scans=true")
    hits = found["neighbors"]
    assert "film-a" not in {hit["scan"] for hit in hits}
    assert found["note"] == "4 of the 5 stored neighbours are of other scans; 5 were asked for."


def test_fewer_neighbors_than_asked_for(api: Api, tmp_path: Path) -> None:
    """Where fewer than k can be given, all come with a note that says why."""
    note = result(api, "/neighbors/c300?k=100")["note"]
    assert note == "The bundle keeps 5 neighbours a tile; 100 were asked for."
    write_tiny_bundle(tmp_path / "three", count=3, k=2)
    with running(tmp_path / "three") as small:
        stored = result(small, "/neighbors/c300?k=9")
        sent = small.post("/neighbors?k=9", png(TILES[0])).json()["results"][0]
    assert stored["note"] == "Only 2 other tiles are stored; all of them are listed."
    assert sent["note"] == "Only 3 tiles are stored; all of them are listed."
    assert len(sent["neighbors"]) == 3


@pytest.mark.parametrize("index", ["auto", "brute", "kdtree"])
def test_neighbors_of_an_upload(api: Api, index: str) -> None:
    """An uploaded copy of a stored tile finds it first, at distance 0."""
    answer = api.post(f"/neighbors?k=3&index={index}", png(TILES[2])).json()["results"][0]
    assert answer["self_excluded"] is False
    assert answer["neighbors"][0]["id"] == "c306"
    assert answer["neighbors"][0]["distance"] == pytest.approx(0, abs=1e-5)
    assert len(answer["neighbors"]) == 3


def test_an_index_that_may_miss_says_so(tmp_path: Path) -> None:
    """With a large bundle's index an answer is not called exact unless all was looked at."""
    write_tiny_bundle(tmp_path / "indexed", index=True)
    with running(tmp_path / "indexed") as api:
        grey = png(TILES[-1])
        answers = {
            query: api.post(f"/neighbors?k=12{query}", grey).json()["results"][0]
            for query in ("", "&exact=true", "&index=brute", "&index=kdtree")
        }
        few = api.post("/neighbors?k=3", grey).json()["results"][0]
        stored = result(api, "/neighbors/c300")
    assert few["exact"] is answers[""]["exact"] is False
    assert len(few["neighbors"]) == 3
    sure = [answer for query, answer in answers.items() if query]
    assert [answer["exact"] for answer in sure] == [True] * 3
    distances = [[hit["distance"] for hit in answer["neighbors"]] for answer in sure]
    assert np.allclose(distances, distances[0])
    assert stored["exact"] is True


def test_neighbors_of_several_examples(api: Api) -> None:
    """What is near to any positive example comes, at the distance to the nearest of them."""
    found = result(api, "/neighbors/c300?k=8&positive=c324")
    ids = [hit["id"] for hit in found["neighbors"]]
    assert found["self_excluded"] is True
    assert {"c300", "c324"}.isdisjoint(ids)
    for example, group in (("c300", DARK), ("c324", BRIGHT)):
        near = result(api, f"/neighbors/{example}?k=5")["neighbors"]
        away = {hit["id"]: hit["distance"] for hit in near}
        hits = [hit for hit in found["neighbors"] if hit["id"] in group]
        assert {hit["id"]: hit["distance"] for hit in hits} == pytest.approx(
            {hit["id"]: away[hit["id"]] for hit in hits}, abs=1e-6
        )
        assert len(hits) >= 3


def test_negative_examples_keep_their_side(api: Api) -> None:
    """What is nearer to a negative example than to every positive one is left out."""
    both = result(api, "/neighbors/c300?k=10&positive=c324")
    one = result(api, "/neighbors/c300?k=10&positive=c324&negative=c321")
    kept, left = ({hit["id"] for hit in found["neighbors"]} for found in (one, both))
    assert kept < left
    assert DARK - {"c300"} <= kept
    assert "c321" not in kept
    assert one["note"].startswith("Of the 12 tiles nearest to the positive examples, only ")


def test_examples_beside_an_upload(api: Api) -> None:
    """A tile that is sent is a positive example, and may be a copy of a stored one."""
    sent = api.post("/neighbors?k=3&positive=c324&negative=c309", png(TILES[0])).json()
    stored = result(api, "/neighbors/c300?k=3&positive=c324&negative=c309")["neighbors"]
    first, *others = sent["results"][0]["neighbors"]
    assert (first["id"], first["distance"]) == ("c300", pytest.approx(0, abs=1e-5))
    assert [hit["id"] for hit in others] == [hit["id"] for hit in stored[:2]]


def test_examples_of_other_scans(api: Api) -> None:
    """other_scans=true leaves out tiles of the scan of the tile asked about, examples or not."""
    found = result(api, "/neighbors/c300?k=5&positive=c324&other_scans=true")
    assert len(found["neighbors"]) == 5
    assert "film-a" not in {hit["scan"] for hit in found["neighbors"]}


@pytest.mark.parametrize("name", ["positive", "negative"])
def test_examples_that_are_not_stored(api: Api, name: str) -> None:
    """An example must be a stored tile, and there may be 16 of a kind."""
    for answer in (
        api.get(f"/neighbors/c300?{name}=c3000"),
        api.post(f"/neighbors?{name}=c3000", png(TILES[0])),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tile")
    many = "&".join([f"{name}=c300"] * 17)
    assert api.get(f"/neighbors/c300?{many}").status_code == 422


def test_cluster_of_a_stored_tile(api: Api) -> None:
    """A core tile is in its cluster beyond doubt; the study's label stands beside it."""
    found = result(api, "/cluster/c300")
    assert found["cluster"] == {
        "label": 0,
        "stray": False,
        "confidence": 1.0,
        "nearest": {"label": 0, "distance": 0.0},
        "reach": 1.0,
    }
    assert found["dbscan"] == {"label": 0, "noise": False, "eps": 1.5, "noise_share": 1 / 12}


def test_no_label_of_minus_one_stands_alone(api: Api) -> None:
    """A stray tile names the nearest cluster and its distance, stored or sent."""
    stored = result(api, "/cluster/c333")["cluster"]
    sent = api.post("/cluster", png(TILES[11])).json()["results"][0]["cluster"]
    assert (stored["label"], stored["stray"], stored["confidence"]) == (-1, True, 0.0)
    assert stored["nearest"]["label"] == 0
    assert stored["nearest"]["distance"] > stored["reach"]
    assert sent["nearest"]["distance"] == pytest.approx(stored["nearest"]["distance"], abs=1e-5)


def test_clusters(api: Api) -> None:
    """All clusters and the stray tiles together hold every tile once."""
    answer = api.get("/clusters").json()
    sizes = [one["size"] for one in (*answer["clusters"], answer["stray"])]
    assert sizes == [6, 5, 1]
    assert [one["label"] for one in answer["clusters"]] == [0, 1]
    assert answer["clusters"][0]["medoid"] in IDS[:6]
    assert answer["stray"]["medoid"] is None


@pytest.mark.parametrize("label", [0, 1, -1])
def test_members_page_by_page(api: Api, label: int) -> None:
    """Following `next` gives each member of a cluster exactly once, in order."""
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/clusters/{label}?limit=2{cursor and '&cursor=' + cursor}").json()
        assert len(page["members"]) <= 2
        seen += [tile["id"] for tile in page["members"]]
        cursor = page["next"]
    assert seen == {0: IDS[:6], 1: IDS[6:11], -1: IDS[11:]}[label]


def test_tiles_by_scan_and_cluster(api: Api) -> None:
    """Filters take tiles of a scan, of a cluster, and of both at once."""

    def ids(query: str) -> list[str]:
        return [tile["id"] for tile in api.get(f"/tiles?{query}").json()["tiles"]]

    assert ids("") == IDS
    assert ids("scan=film-b") == IDS[1::3]
    assert ids("cluster=1") == IDS[6:11]
    assert ids("cluster=1&scan=film-b") == ["c321", "c330"]
    assert ids("cursor=c3050&limit=1") == ["c306"]
    assert ids("cursor=zzz") == []


def test_tile(api: Api) -> None:
    """A tile's page tells its scan, patient, place and both labels; null for what is not known."""
    answer = api.get("/tiles/c333").json()
    assert {key: answer[key] for key in ("id", "cluster", "scan", "patient", "y", "x")} == {
        "id": "c333",
        "cluster": None,
        "scan": "film-c",
        "patient": None,
        "y": 3850,
        "x": 0,
    }
    assert answer["dbscan"]["noise"] is True


def test_image_is_the_stored_picture(api: Api) -> None:
    """The picture is the encoder's input, pixel by pixel."""
    answer = api.get("/tiles/c306/image")
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), TILES[2])


def test_reconstruction_is_the_decoded_latent(api: Api) -> None:
    """The tiny decoder paints the four means back, so the picture comes back whole."""
    picture = Image.open(BytesIO(api.get("/tiles/c306/reconstruction").content))
    assert np.abs(np.asarray(picture).astype(int) - TILES[2]).max() <= 1


@pytest.mark.parametrize("kind", ["image", "reconstruction"])
def test_pictures_are_kept_by_browsers(api: Api, kind: str) -> None:
    """A known ETag is answered 304; an address that names the bundle may be kept for ever."""
    url = f"/tiles/c300/{kind}"
    first = api.get(url)
    again = api.get(url, headers={"If-None-Match": first.headers["etag"]})
    lasting = api.get(f"{url}?v={first.headers['x-bundle']}")
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in lasting.headers["cache-control"]


def test_manifest(api: Api, tiny_bundle: Bundle) -> None:
    """GET /bundle is the manifest as it stands in the bundle."""
    assert api.get("/bundle").json() == tiny_bundle.manifest.model_dump(mode="json")


def test_limits_are_those_of_the_settings(tiny_path: Path) -> None:
    """A client that sends many tiles is told how many it may send."""
    small = {"max_client_batch": 5, "max_queue_tiles": 9, "max_tile_bytes": 2000}
    with running(tiny_path, **small) as api:
        told = api.get("/limits").json()
    assert (told["request_tiles"], told["tiles_under_way"], told["tile_bytes"]) == (5, 9, 2000)


def test_alive_and_ready(api: Api, tiny_bundle: Bundle) -> None:
    """/livez and /healthz say alive; /readyz names the bundle and how well the probe fits."""
    assert api.get("/livez").json() == api.get("/healthz").json() == {"status": "alive"}
    ready = api.get("/readyz").json()
    assert (ready["status"], ready["bundle"]) == ("ready", tiny_bundle.manifest.bundle_id)
    assert ready["probe_difference"] < 1e-4


UNKNOWN = [
    "c301",
    "%00",
    "c300%00",
    "x" * 10_000,
    "%F0%9F%A6%B4",
    "a%2Fb%2Fc",
    "..%2F..",
    "%FF",
    "%20",
]


@pytest.mark.parametrize("path", ["/encode/", "/neighbors/", "/cluster/", "/tiles/"])
@pytest.mark.parametrize("tile_id", UNKNOWN)
def test_unknown_ids_are_404(api: Api, path: str, tile_id: str) -> None:
    """Whatever stands for an id, one that is not stored is answered 404, never 500."""
    answer = api.get(path + tile_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tile")


def test_unknown_ids_name_near_ones(api: Api) -> None:
    """The answer about an unknown id names stored ones that look like it."""
    problem = api.get("/neighbors/c3000").json()
    assert "c300" in problem["near"]
    assert "Near matches: c300" in problem["detail"]


def test_ids_with_slashes_and_spaces(tmp_path: Path) -> None:
    """An id with a slash or a space is found, the slash encoded or not."""
    write_tiny_bundle(tmp_path / "odd", ids=["a b/c", *(f"z{number:02}" for number in range(11))])
    with running(tmp_path / "odd") as api:
        for path in ("a%20b%2Fc", "a%20b/c"):
            assert api.get(f"/tiles/{path}").json()["id"] == "a b/c"
            assert api.get(f"/tiles/{path}/image").status_code == 200
            assert result(api, f"/neighbors/{path}")["id"] == "a b/c"


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/clusters/2", 404, "unknown_cluster"),
        ("/clusters/-2", 404, "unknown_cluster"),
        ("/clusters/two", 422, "invalid_request"),
        (f"/clusters/{10**30}", 422, "invalid_request"),
        ("/tiles?cluster=9", 404, "unknown_cluster"),
        ("/tiles?scan=film-z", 404, "unknown_scan"),
        ("/tiles?limit=0", 422, "invalid_request"),
        ("/neighbors/c300?k=0", 422, "invalid_request"),
        ("/neighbors/c300?k=101", 422, "invalid_request"),
        ("/neighbors/c300?k=nan", 422, "invalid_request"),
    ],
)
def test_wrong_questions(api: Api, url: str, status: int, code: str) -> None:
    """Labels, scans and numbers that cannot be are told from those that are just not there."""
    answer = api.get(url)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_invalid_request_names_each_part(api: Api) -> None:
    """The answer about an invalid request names the part, the bound and the value."""
    problem = api.get("/neighbors/c300?k=101").json()
    assert problem["errors"][0]["where"] == "query.k"
    assert 'it must be less than or equal to 100; it is "101"' in problem["detail"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "/review/tiles?sort=x",
            "query.sort: it must be '-score', 'score', 'id', 'uncertainty', 'cluster' or 'given'",
        ),
        ("/clusters/abc", "path.label: it must be a whole number"),
        ("/screen?min_score=a", "query.min_score: it must be a number"),
    ],
)
def test_an_invalid_request_is_told_in_plain_words(api: Api, url: str, words: str) -> None:
    """One sentence a part, without the words of those who wrote the program."""
    assert api.get(url).json()["detail"].partition("; it is")[0] == words


@pytest.mark.parametrize(
    ("url", "offered"),
    [
        ("/neighbors/c300?exact=true", "it has positive, negative, k, other_scans, v"),
        ("/encode/c300?k=5", "it has v"),
        ("/cluster/c300?k=5", "it has v"),
        ("/screen/c300?kk=5", "it has k, v"),
        ("/screen?order=id", "it has verdict, reason, scan, min_score, sort, limit, cursor"),
        ("/limits?all=1", "it has none"),
    ],
)
def test_unknown_parameters_are_refused(api: Api, url: str, offered: str) -> None:
    """A parameter that an address does not have is refused, and those it has are named."""
    answer = api.get(url)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    name = url.partition("?")[2].partition("=")[0]
    assert problem["errors"][0]["where"] == f"query.{name}"
    assert offered in problem["detail"]


@pytest.mark.parametrize("url", ["/neighbors/c300?k=1&k=2", "/screen?sort=id&sort=-score"])
def test_a_parameter_given_twice_is_refused(api: Api, url: str) -> None:
    """Nobody has to guess which of the two counted."""
    problem = api.get(url).json()
    assert problem["code"] == "invalid_request"
    assert "it is given more than once; give it once" in problem["detail"]


def test_a_parameter_that_takes_several_may_be_given_twice(api: Api) -> None:
    """Filters add up, and so do examples; whatever the document calls a list is one."""
    assert api.get("/screen?verdict=drop&verdict=keep").status_code == 200
    two = "/neighbors/c300?positive=c303&positive=c306&negative=c309&negative=c312"
    assert api.get(two).status_code == 200
    lists = {
        (path, one["name"])
        for path, methods in api.get("/openapi.json").json()["paths"].items()
        for operation in methods.values()
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one["schema"].get("type") == "array"
    }
    assert {("/neighbors/{tile_id}", "positive"), ("/screen", "verdict")} <= lists
    for path, name in lists:
        told = api.get(f"{path.format(tile_id='c300')}?{name}=a&{name}=b")
        assert "more than once" not in told.text, (path, name)


def test_parameters_of_the_other_method_are_refused(api: Api) -> None:
    """What only stored tiles can be asked is no parameter of tiles that are sent."""
    answer = api.post("/neighbors?other_scans=true", png(tiny_tiles()[0]))
    assert answer.status_code == 422


def test_probes_take_any_parameter(api: Api) -> None:
    """Whoever watches over the service may add what it likes, as to avoid a cache."""
    assert api.get("/livez?now=1").status_code == 200
    assert api.get("/readyz?now=1").status_code == 200

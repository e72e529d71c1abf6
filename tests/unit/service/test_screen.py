"""Verdicts over two small bundles: the tiny one, and one on which every reason was found."""

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle import Bundle, open_bundle
from bundle.screening import REASONS, VERDICTS, reasons
from service.stored.findings import Findings
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles, write_tiny_bundle

TILES = tiny_tiles()
IDS = [f"c{300 + 3 * number}" for number in range(12)]
DARK, BRIGHT = 0, 8


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


@pytest.fixture(scope="module")
def found(found_path: Path) -> Iterator[Api]:
    with running(found_path) as api:
        yield api


def result(api: Api, url: str) -> dict[str, Any]:
    (only,) = api.get(url).raise_for_status().json()["results"]
    return dict(only)


def listed(api: Api, query: str) -> list[str]:
    page = api.get(f"/screen?{query}").raise_for_status().json()
    assert page["total"] == len(page["tiles"])
    return [tile["id"] for tile in page["tiles"]]


def test_a_stored_tile_gets_what_the_bundle_found(found: Api) -> None:
    """Verdict, score and reasons are those of the fit; the highest score stands first."""
    tile = result(found, "/screen/c321")
    assert (tile["index"], tile["id"], tile["verdict"]) == (0, "c321", "review")
    assert tile["score"] == pytest.approx(0.01)
    assert [(one["code"], one["score"], one["box"]) for one in tile["reasons"]] == [
        ("OFF_TOPIC", 0.6, None),
        ("FILM_EDGE", 0.55, {"left": 0, "top": 0, "right": 4, "bottom": 16}),
    ]


def test_a_tile_without_reasons_says_so(found: Api) -> None:
    """Where nothing was found there are no reasons and no evidence."""
    tile = result(found, "/screen/c333")
    assert (tile["verdict"], tile["reasons"], tile["evidence"]) == ("keep", [], [])


def test_boxes_are_in_pixels_of_the_tile_as_given(found: Api) -> None:
    """A box is scaled to a tile of another size and shape, outwards to whole pixels."""
    (reason,) = result(found, "/screen/c306")["reasons"]
    assert reason["box"] == {"left": 6, "top": 7, "right": 32, "bottom": 15}


def test_evidence_is_the_nearest_tiles_with_the_same_reason(
    found: Api, tiny_bundle: Bundle
) -> None:
    """Only tiles that are likely to have the reason, nearest first, the tile itself left out."""
    (evidence,) = result(found, "/screen/c300")["evidence"]
    points = tiny_bundle.points
    away = {IDS[row]: np.linalg.norm(points[row] - points[0]) for row in (1, 2)}
    nearest = sorted(away, key=lambda name: away[name])
    assert evidence["code"] == "LETTERING"
    assert [one["id"] for one in evidence["neighbors"]] == nearest
    assert [one["distance"] for one in evidence["neighbors"]] == pytest.approx(
        [away[name] for name in nearest]
    )
    assert {one["score"] for one in evidence["neighbors"]} == {0.95}
    assert {one["scan"] for one in evidence["neighbors"]} == {"film-b", "film-c"}


@pytest.mark.parametrize(("k", "given"), [(0, 0), (1, 1), (20, 2)])
def test_as_much_evidence_as_asked_for(found: Api, k: int, given: int) -> None:
    """`k` is the most tiles of evidence; fewer come where fewer have the reason."""
    (evidence,) = result(found, f"/screen/c300?k={k}")["evidence"]
    assert len(evidence["neighbors"]) == given


def test_a_tile_that_alone_has_its_reason(found: Api) -> None:
    """The only tile with a reason has nothing to be compared with, and this is no error."""
    assert result(found, "/screen/c312")["evidence"] == [{"code": "BLANK", "neighbors": []}]


def test_uploads_are_screened_as_stored_tiles_were(api: Api, tiny_bundle: Bundle) -> None:
    """The same bytes sent in a form give the stored verdicts and scores, in order."""
    files = [(f"{name}.png", png(tile)) for name, tile in zip(IDS, TILES, strict=True)]
    results = api.form("/screen?k=0", *files).json()["results"]
    assert [one["id"] for one in results] == IDS
    assert [one["verdict"] for one in results] == [
        VERDICTS[number] for number in tiny_bundle.verdicts
    ]
    scores = [one["score"] for one in results]
    assert scores == pytest.approx(tiny_bundle.scores[:, 0], abs=1e-6)


def test_a_sent_tile_has_evidence_and_finds_its_own_copy(api: Api) -> None:
    """An uploaded copy is not the stored tile: it finds it at distance 0."""
    (sent,) = api.post("/screen?k=3", png(TILES[BRIGHT])).json()["results"]
    (evidence,) = sent["evidence"]
    assert (sent["verdict"], evidence["code"]) == ("drop", "LETTERING")
    assert evidence["neighbors"][0]["id"] == IDS[BRIGHT]
    assert evidence["neighbors"][0]["distance"] == pytest.approx(0, abs=1e-5)
    assert len(evidence["neighbors"]) == 3


def test_boxes_of_a_sent_tile_are_in_its_own_pixels(api: Api) -> None:
    """A bright quarter of a tile that is 40 high and 80 wide is found where it is."""
    tile = np.full((40, 80), 110, np.uint8)
    tile[20:, 40:] = 255
    (sent,) = api.post("/screen", png(tile)).json()["results"]
    (reason,) = sent["reasons"]
    assert reason["box"] == {"left": 40, "top": 20, "right": 80, "bottom": 40}


def test_a_bad_tile_spoils_no_other(api: Api) -> None:
    """In a form, a tile that cannot be used has its error, those beside it their verdicts."""
    files = [("a.png", png(TILES[DARK])), ("b.png", b"text"), ("c.png", png(TILES[BRIGHT]))]
    answer = api.form("/screen", *files)
    first, bad, last = answer.json()["results"]
    assert answer.status_code == 200
    assert (first["verdict"], last["verdict"]) == ("keep", "drop")
    assert (bad["index"], bad["id"], bad["error"]["code"]) == (1, "b", "not_a_png")


def test_one_answer_alone_and_in_company(api: Api) -> None:
    """A tile's answer does not depend on what is sent beside it."""
    files = [(f"{number}.png", png(tile)) for number, tile in enumerate(TILES)]
    together = api.form("/screen", *files).json()["results"]
    for number, (name, file) in enumerate(files):
        (alone,) = api.form("/screen", (name, file)).json()["results"]
        assert {**alone, "index": number} == together[number]


def test_a_bundle_without_maps_screens_too(study_path: Path) -> None:
    """A bundle of the study's kind judges by outlier distance: a score, and no boxes."""
    with running(study_path) as api:
        stored = result(api, "/screen/c333")
        (sent,) = api.post("/screen", png(TILES[BRIGHT])).json()["results"]
        kind = api.get("/bundle").json()["screening"]["evidence"]
        picture = api.get("/screen/c333/overlay")
    assert kind == "distance"
    assert stored["reasons"][0]["code"] == "LETTERING"
    assert [one["box"] for one in (*stored["reasons"], *sent["reasons"])].count(None) >= 2
    assert 0 <= sent["score"] <= 1
    assert picture.status_code == 200


@pytest.mark.parametrize("path", ["/screen/c3000", "/screen/c3000/overlay"])
def test_an_unknown_tile_names_near_ones(found: Api, path: str) -> None:
    """The answer about an id that is not stored names those that look like it."""
    answer = found.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tile")
    assert "c300" in answer.json()["near"]


def test_ids_with_slashes(tmp_path: Path) -> None:
    """An id with a slash is found, encoded or not, and one that ends in /overlay too."""
    ids = ["a/b", "a/overlay", *(f"z{number:02}" for number in range(10))]
    write_tiny_bundle(tmp_path / "odd", ids=ids)
    with running(tmp_path / "odd") as api:
        for path in ("a%2Fb", "a/b"):
            assert result(api, f"/screen/{path}")["id"] == "a/b"
            assert api.get(f"/screen/{path}/overlay").status_code == 200
        assert api.get("/screen/a%2Foverlay/overlay").status_code == 200


BY_SCORE = ["c300", "c303", "c306", "c309", "c312", *IDS[5:]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", BY_SCORE),
        ("sort=-score", BY_SCORE),
        ("sort=score", [*IDS[4:], "c309", "c303", "c306", "c300"]),
        ("sort=id", IDS),
        ("verdict=drop", ["c300", "c303", "c306", "c312"]),
        (
            "verdict=review&verdict=drop&sort=id",
            ["c300", "c303", "c306", "c309", *IDS[4:6], "c321"],
        ),
        ("reason=LETTERING", ["c300", "c303", "c306", "c309"]),
        ("reason=FILM_EDGE&reason=MASKED", ["c315", "c318", "c321"]),
        ("verdict=drop&reason=BLANK", ["c312"]),
        ("verdict=keep&reason=LETTERING", []),
        ("min_score=0.95", ["c300", "c303", "c306"]),
        ("scan=film-b&verdict=drop", ["c303", "c312"]),
        ("limit=1000", BY_SCORE),
    ],
)
def test_the_list_is_filtered_and_sorted(found: Api, query: str, ids: list[str]) -> None:
    """Filters narrow the list together; tiles of one score stand in the order of their ids."""
    assert listed(found, query) == ids


def test_the_list_tells_what_a_tile_tells(found: Api) -> None:
    """A tile in the list has the verdict, score and reasons of its own answer."""
    for tile in found.get("/screen").json()["tiles"]:
        alone = result(found, f"/screen/{tile['id']}?k=0")
        assert {name: tile[name] for name in ("verdict", "score", "reasons")} == {
            name: alone[name] for name in ("verdict", "score", "reasons")
        }


def test_the_list_counts_what_it_holds(found: Api) -> None:
    """Total and counts are over all pages of the filtered list, whatever the page's length."""
    whole = found.get("/screen?limit=1").json()
    assert whole["total"] == 12
    assert whole["summary"] == {
        "verdicts": {"keep": 5, "review": 3, "drop": 4},
        "reasons": {"LETTERING": 4, "FILM_EDGE": 2, "MASKED": 1, "BLANK": 1, "OFF_TOPIC": 1},
    }
    part = found.get("/screen?verdict=drop&limit=1").json()
    assert (part["total"], part["summary"]["verdicts"]["keep"]) == (4, 0)
    assert part["summary"]["reasons"]["LETTERING"] == 3


@pytest.mark.parametrize("sort", ["-score", "score", "id"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_follow_each_other(found: Api, sort: str, limit: int) -> None:
    """Following `next` gives each tile of the list exactly once, in order."""
    seen, cursor = [], None
    while True:
        query = {"sort": sort, "limit": limit} | ({"cursor": cursor} if cursor else {})
        page = found.get("/screen", params=query).json()
        assert len(page["tiles"]) <= limit
        seen += [tile["id"] for tile in page["tiles"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == listed(found, f"sort={sort}")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("cursor=0.95,c303", "c306"),
        ("cursor=0.95,c304", "c306"),
        ("cursor=0.95,", "c303"),
        ("cursor=0.97,c999", "c303"),
        ("sort=score&cursor=0.4,zzz", "c303"),
        ("sort=score&cursor=0.2,zzz", "c309"),
        ("sort=id&cursor=c3011", "c303"),
    ],
)
def test_a_cursor_need_not_be_a_tile(found: Api, query: str, first: str) -> None:
    """A cursor is a place in the order, whether or not a tile stands there."""
    assert found.get(f"/screen?{query}").json()["tiles"][0]["id"] == first


@pytest.mark.parametrize(
    "cursor", ["c300", "x,c300", "nan,c300", "1.2.3,c300", ",", "1e400,c300", "2,c300"]
)
def test_a_cursor_that_is_none_is_refused(found: Api, cursor: str) -> None:
    """What no list in this order gave as `next` is answered 422 with what to do."""
    answer = found.get("/screen", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
    assert "Send `next` of the page before" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("verdict=dropped", "'keep', 'review' or 'drop'"),
        (
            "reason=lettering",
            "'LETTERING', 'FILM_EDGE', 'MASKED', 'BLANK', 'OFF_TOPIC' or 'CONCEPT'",
        ),
        ("sort=name", "'-score', 'score' or 'id'"),
        ("format=xml", "'json' or 'csv'"),
        ("min_score=1.1", "less than or equal to 1"),
        ("min_score=nan", "finite number"),
        ("limit=1001", "less than or equal to 1000"),
    ],
)
def test_unknown_values_name_the_known_ones(found: Api, query: str, known: str) -> None:
    """A filter that cannot be is answered 422 with what it may be."""
    answer = found.get(f"/screen?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert known in answer.json()["detail"]


def test_an_unknown_scan_is_told(found: Api) -> None:
    """A scan that no tile was cut from is not an empty list but 404."""
    answer = found.get("/screen?scan=film-z")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_scan")


def test_the_list_has_the_reasons_that_are_told(found_path: Path) -> None:
    """A tile is listed under exactly the reasons that it is said to have, at the bounds as well."""
    with running(found_path) as api:
        findings: Findings = api.serving.findings
        rules = findings.catalog.bundle.manifest.screening
        for row in range(12):
            told = {one.code for one in reasons(rules, findings.scores[row], findings.boxes[row])}
            assert told == {REASONS[column] for column in np.flatnonzero(findings.told[row])}


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer.text)))


def test_the_whole_list_as_csv(found: Api) -> None:
    """format=csv gives every tile of the filtered list in its order, to be kept as a file."""
    answer = found.get("/screen?format=csv&verdict=review&limit=1&sort=id")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="screen-')
    assert answer.headers["vary"] == "Accept"
    assert [row["id"] for row in table(answer)] == ["c309", "c315", "c321"]
    assert answer.text.splitlines()[0] == (
        "id,verdict,score,reasons,left,top,right,bottom,scan,y,x"
    )


def test_csv_tells_what_json_tells(found: Api) -> None:
    """Scores, reasons and the lettering's box are those of the list; what is not there is empty."""
    rows = {row["id"]: row for row in table(found.get("/screen?format=csv"))}
    assert list(rows) == BY_SCORE
    assert ",".join(rows["c306"].values()) == "c306,drop,0.95,LETTERING,6,7,32,15,film-c,700,0"
    assert rows["c321"]["reasons"] == "OFF_TOPIC;FILM_EDGE"
    assert rows["c321"]["left"] == rows["c318"]["bottom"] == ""


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("text/html, */*", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=x", "text/csv"),
    ],
)
def test_csv_for_who_asks_for_it(found: Api, accept: str, kind: str) -> None:
    """Accept: text/csv is as good as format=csv, if it is wanted more than JSON."""
    answer = found.get("/screen", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(kind)


def test_format_is_stronger_than_accept(found: Api) -> None:
    """What the address says counts more than what a library sends along."""
    answer = found.get("/screen?format=json", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"


def test_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    """Ids that a spreadsheet would take for formulas get an apostrophe; the others are as given."""
    ids = ["+1", "-b", '=HYPERLINK("x")', "@d", "a,b", *(f"z{number}" for number in range(7))]
    write_tiny_bundle(tmp_path / "odd", ids=ids)
    with running(tmp_path / "odd") as api:
        rows = table(api.get("/screen?format=csv&sort=id"))
    assert [row["id"] for row in rows][:5] == ["'+1", "'-b", '\'=HYPERLINK("x")', "'@d", "a,b"]


def test_overlay_shows_boxes_on_the_tile(found: Api) -> None:
    """The picture is the tile enlarged by a whole factor, with a line round each box."""
    answer = found.get("/screen/c300/overlay")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as image:
        pixels = np.asarray(image)
    assert pixels.shape[1] == 384
    assert pixels.shape[0] > 384
    factor = 384 // 16
    within, without = pixels[12 * factor, 8 * factor], pixels[4 * factor, 8 * factor]
    assert (within == TILES[0][12, 8]).all()
    assert (without == TILES[0][4, 8]).all()
    assert pixels[8 * factor + 1, 8 * factor].tolist() == [0xFF, 0x7A, 0x1A]


def test_overlay_tells_reasons_by_colour(found: Api) -> None:
    """Two reasons in one place both show, each in its colour."""
    colours = {}
    for name in ("c318", "c321", "c333"):
        with Image.open(BytesIO(found.get(f"/screen/{name}/overlay").content)) as image:
            counted = image.getcolors(100_000) or []
            colours[name] = {colour for _, colour in counted}
    film_edge, off_topic = (0x35, 0xB6, 0xFF), (0xFF, 0xE1, 0x4D)
    assert {film_edge, off_topic} <= colours["c321"]
    assert film_edge in colours["c318"]
    assert {film_edge, off_topic} & colours["c333"] == set()


def test_overlay_is_kept_by_browsers(found: Api) -> None:
    """A known ETag is answered 304; an address that names the bundle may be kept for ever."""
    first = found.get("/screen/c300/overlay")
    again = found.get("/screen/c300/overlay", headers={"If-None-Match": first.headers["etag"]})
    lasting = found.get(f"/screen/c300/overlay?v={first.headers['x-bundle']}")
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in lasting.headers["cache-control"]


def test_the_manifest_has_the_planted_benchmark(api: Api, tiny_path: Path) -> None:
    """GET /bundle says how scores are made and how much of what was planted they find."""
    screening = api.get("/bundle").json()["screening"]
    assert screening == open_bundle(tiny_path).manifest.screening.model_dump(mode="json")
    assert screening["benchmark"]["recalls"][0]["recall"] == 0.75


@pytest.mark.parametrize("name", ["c300%0A", "c3%0D%0A00", "%0A"])
@pytest.mark.parametrize("question", ["encode", "neighbors", "cluster", "screen"])
def test_an_end_of_a_line_is_part_of_an_id(found: Api, question: str, name: str) -> None:
    """There is no such tile; another one does not answer in its place, nor is the route unknown."""
    answer = found.ask("GET", f"/{question}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tile")

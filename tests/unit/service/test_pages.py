"""Pages, asked for as a browser would without script."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle import Bundle
from service.app import create_app
from service.routes import pages
from service.settings import Settings
from tests.api import running
from tests.forge import reseal
from tests.pictures import png
from tests.tiny import tiny_tiles, write_tiny_bundle

ODD = ['"><script>alert(1)</script>', "a/b?c#d%20e", "café ☕"]
Ask = Callable[..., httpx.Response]


@contextmanager
def serve(bundle: Path, **settings: Any) -> Iterator[Ask]:
    """Run the application on a loop of its own and give a function that asks it."""
    settings = {"decisions": bundle.parent / "decisions", **settings}
    app = create_app(Settings(bundle=bundle, threads=1, **settings))
    transport = httpx.ASGITransport(app)
    with asyncio.Runner() as runner:
        life = app.router.lifespan_context(app)
        runner.run(life.__aenter__())
        api = httpx.AsyncClient(transport=transport, base_url="http://localhost")

        def ask(url: str, method: str = "GET", **options: Any) -> httpx.Response:
            return runner.run(api.request(method, url, **options))

        yield ask
        runner.run(api.aclose())
        runner.run(life.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def ask(tiny_path: Path) -> Iterator[Ask]:
    with serve(tiny_path) as asked:
        yield asked


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    target = tmp_path_factory.mktemp("odd") / "bundle"
    ids = sorted([*ODD, *(f"z{number}" for number in range(9))], key=str.encode)
    write_tiny_bundle(target, ids=ids)
    with serve(target) as asked:
        yield asked


def upload(ask: Ask, *files: tuple[str, bytes]) -> httpx.Response:
    parts = [("files", (name, data, "image/png")) for name, data in files]
    return ask("/view/upload", "POST", files=parts)


def links(page: httpx.Response) -> set[str]:
    return set(re.findall(r'href="([^"]+)"', page.text))


def test_the_gallery_says_what_the_bundle_holds(ask: Ask, tiny_bundle: Bundle) -> None:
    """The head names the bundle and its numbers."""
    page = ask("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert tiny_bundle.manifest.bundle_id in page.text
    assert "<b>12</b> tiles" in page.text
    assert "<b>3</b> scans" in page.text
    assert "<b>8.3 %</b> stray" in page.text


def test_the_gallery_shows_each_cluster_with_its_medoid_first(
    ask: Ask, tiny_bundle: Bundle
) -> None:
    """Every cluster is a sheet that starts with its medoid."""
    page = ask("/")
    for label in (0, 1):
        sheet = page.text.split(f'id="cluster-{label}"')[1]
        medoid = tiny_bundle.id(tiny_bundle.medoid(label) or 0)
        assert re.findall(r'href="/view/tiles/(\w+)"', sheet)[0] == medoid
        assert f"/view/clusters/{label}" in links(page)


def test_the_gallery_explains_the_stray_tiles(ask: Ask) -> None:
    """Stray tiles are a group of their own, with a sentence on what -1 means."""
    page = ask("/")
    assert "not a verdict" in page.text
    assert "/view/clusters/-1" in links(page)


def test_the_gallery_takes_orders_and_pages_as_they_come(ask: Ask) -> None:
    """The other orders show the same clusters; nonsense shows the first page, largest first."""
    label = re.compile(r'id="cluster-(\d+)"')
    assert label.findall(ask("/?order=small").text) == ["1", "0"]
    assert label.findall(ask("/").text) == ["0", "1"]
    assert ask("/?order=%3Cb%3E&page=-3").text == ask("/").text
    assert label.findall(ask("/?page=99999999999").text) == ["0", "1"]


def test_many_clusters_come_in_pages(tmp_path: Path) -> None:
    """A page shows at most as many clusters as a person can take in."""
    write_tiny_bundle(tmp_path / "bundle", count=60, clusters=30)
    with serve(tmp_path / "bundle") as ask:
        first, second = ask("/"), ask("/?page=2")
    assert first.text.count('id="cluster-') == 24
    assert second.text.count('id="cluster-') == 6
    assert "Page <b>1</b> of 2" in first.text
    assert "/?order=size&amp;page=2" in links(first)


def test_a_bundle_without_clusters_has_pages(tmp_path: Path) -> None:
    """When every tile is stray, the gallery and a tile's page say so."""
    write_tiny_bundle(tmp_path / "bundle", clusters=0)
    with serve(tmp_path / "bundle") as ask:
        gallery, tile = ask("/"), ask("/view/tiles/c300")
    assert "has no clusters" in gallery.text
    assert gallery.status_code == tile.status_code == 200
    assert "the bundle has none" in tile.text


def test_a_cluster_shows_all_its_tiles(ask: Ask, tiny_bundle: Bundle) -> None:
    """The page of a cluster links every member."""
    page = ask("/view/clusters/1")
    members = {f"/view/tiles/{tiny_bundle.id(int(row))}" for row in tiny_bundle.members(1)}
    assert page.status_code == 200
    assert members <= links(page)
    assert "<h1>Cluster 1</h1>" in page.text


def test_the_stray_tiles_have_a_page(ask: Ask) -> None:
    """Label -1 is a page like any other, and says that it is no verdict."""
    page = ask("/view/clusters/-1")
    assert page.status_code == 200
    assert "/view/tiles/c333" in links(page)
    assert "not a verdict" in page.text


@pytest.mark.parametrize("label", ["2", "-2", "x", "9" * 5000])
def test_an_unknown_cluster_is_a_page(ask: Ask, label: str) -> None:
    """A label that is not there answers 404 with a page that says which there are."""
    page = ask(f"/view/clusters/{label}")
    assert page.status_code == 404
    assert "labels go from 0 to 1" in page.text
    assert ("a cluster is a number" in page.text) == (label not in {"2", "-2"})


def test_a_tile_shows_what_is_known_of_it(ask: Ask) -> None:
    """Scan, place, cluster, DBSCAN label, original and reconstruction are there."""
    page = ask("/view/tiles/c306")
    assert page.status_code == 200
    for words in ("film-c", "y 700, x 0 px", "cluster 0", "DBSCAN", "c306"):
        assert words in page.text
    assert "/tiles/c306/image" in page.text
    assert "/tiles/c306/reconstruction" in page.text


def test_a_tiles_neighbours_are_those_of_the_graph(ask: Ask, tiny_bundle: Bundle) -> None:
    """Neighbours stand in the graph's order, with distance and words for it."""
    page = ask("/view/tiles/c306")
    near = page.text.split('class="hits"')[1]
    found = re.findall(r'href="/view/tiles/(\w+)">\1<', near)
    assert found == [tiny_bundle.id(int(row)) for row in tiny_bundle.neighbors[2]]
    assert f"{tiny_bundle.neighbor_distances[2, 0]:.2f}" in near
    assert "random pairs" in near
    assert "other scan" in near


def test_a_stray_tile_is_told_its_nearest_cluster(ask: Ask) -> None:
    """A stray tile never stands with a bare -1."""
    page = ask("/view/tiles/c333")
    assert "outside every cluster" in page.text
    assert re.search(r">cluster \d</a>, \d+\.\d\d away", page.text)


PROMISE = "A verdict is a screen for people who look, never a diagnosis."


@pytest.fixture(scope="module")
def found(found_path: Path) -> Iterator[Ask]:
    with serve(found_path) as asked:
        yield asked


@pytest.mark.parametrize(
    "url", ["/", "/view/screen", "/view/clusters/0", "/view/tiles/c300", "/view/upload"]
)
def test_no_verdict_stands_without_its_promise(found: Ask, url: str) -> None:
    """Every page with verdicts says in plain sight what a verdict is not."""
    page = found(url)
    assert PROMISE in page.text
    assert "finds little" not in page.text


def test_the_gallery_leads_to_the_verdicts(found: Ask) -> None:
    """The gallery counts the verdicts, offers the filter, and marks what is not kept."""
    page = found("/")
    assert {f"/view/screen?verdict={name}" for name in ("keep", "review", "drop")} <= links(page)
    assert "drop 4</a>" in page.text
    assert '<option value="LETTERING">Lettering (4)</option>' in page.text
    assert 'class="mark verdict-drop">drop 0.95</span>' in page.text


def shown(page: httpx.Response) -> list[str]:
    return re.findall(r'<span class="name">(\w+)</span>', page.text)


def test_tiles_by_verdict_and_reason(found: Ask) -> None:
    """The filter shows the tiles of the API's list, each with verdict, score and reasons."""
    page = found("/view/screen?verdict=drop&reason=LETTERING&sort=-score")
    assert shown(page) == ["c300", "c303", "c306"]
    assert page.text.count('class="badge verdict-drop">drop</span>') == 3
    assert '<option value="drop" selected>drop (4)</option>' in page.text
    assert "3 tiles" in page.text
    assert "/screen?format=csv&amp;verdict=drop&amp;reason=LETTERING&amp;sort=-score" in page.text


def test_the_filter_takes_addresses_as_they_come(found: Ask) -> None:
    """An empty value asks for all, a page beyond the ends for the nearest; the rest is refused."""
    everything = shown(found("/view/screen"))
    assert len(everything) == 12
    assert shown(found("/view/screen?verdict=&reason=&page=-1")) == everything
    wrong = found("/view/screen?verdict=%3Cb%3E&sort=x")
    assert wrong.status_code == 422
    assert "is no verdict; it is one of keep, review, drop." in wrong.text
    assert "is no sort; it is one of -score, score, id." in wrong.text
    assert shown(wrong) == []
    assert shown(found("/view/screen?sort=score"))[-1] == "c300"


def test_a_filter_that_leaves_nothing_says_so(found: Ask) -> None:
    """An empty list is a page with a sentence."""
    page = found("/view/screen?verdict=keep&reason=LETTERING")
    assert page.status_code == 200
    assert "No stored tile has this verdict and this reason together." in page.text


def test_many_tiles_come_in_pages_of_the_filter(tmp_path: Path) -> None:
    """The filter is kept from page to page."""
    write_tiny_bundle(tmp_path / "bundle", count=300, ids=[f"t{n:03}" for n in range(300)])
    with serve(tmp_path / "bundle") as ask:
        page = ask("/view/screen?verdict=drop")
    assert len(shown(page)) == 120
    assert "/view/screen?verdict=drop&amp;sort=-score&amp;page=2" in links(page)


def test_a_tile_shows_its_verdict_with_reasons_and_evidence(found: Ask) -> None:
    """Verdict, score, each reason with score and place, the overlay, and tiles to compare with."""
    page = found("/view/tiles/c306").text
    assert 'class="badge verdict-drop">drop</span> leave it out' in page
    assert "Lettering score <b>0.95</b>" in page
    assert "<code>LETTERING</code>, x 6 to 32, y 7 to 15 px" in page
    assert 'src="/screen/c306/overlay"' in page
    compared = page.split("Lettering: nearest stored tiles")[1].split("</ol>")[0]
    assert set(re.findall(r'href="/view/tiles/(\w+)"', compared)) == {"c300", "c303"}


def test_reasons_without_a_place_say_so(found: Ask, study_path: Path) -> None:
    """What fills the tile is told from lettering whose place nobody knows."""
    assert "<code>OFF_TOPIC</code>, the whole tile" in found("/view/tiles/c321").text
    with serve(study_path) as ask:
        assert "<code>LETTERING</code>, place not known" in ask("/view/tiles/c333").text


def test_a_tile_without_reasons_says_so(found: Ask) -> None:
    """Where nothing was found, the page says what was looked for."""
    assert "No reason was found: no lettering" in found("/view/tiles/c333").text


def test_what_was_found_on_a_sent_tile_is_drawn(ask: Ask) -> None:
    """The upload page draws the box over the picture, in the tile's own pixels."""
    tile = np.full((40, 80), 110, np.uint8)
    tile[20:, 40:] = 255
    page = upload(ask, ("mine.png", png(tile)))
    assert 'viewBox="0 0 80 40"' in page.text
    box = 'class="reason-LETTERING" x="40" y="20" width="40" height="20"'
    assert box in page.text
    assert "LETTERING</code>, x 40 to 80, y 20 to 40 px" in page.text
    assert page.text.count(PROMISE) == 1


@pytest.mark.parametrize("url", ["/", "/view/screen", "/view/tiles/c300", "/view/upload"])
def test_the_study_profile_is_told_apart(study_path: Path, url: str) -> None:
    """A bundle that judges by distance says whose score that is and how little it finds."""
    with serve(study_path) as ask:
        words = ask(url).text
    assert "its score is the study&#39;s outlier distance, which finds little lettering" in words


def test_scores_that_are_not_calibrated_are_told(tiny_path: Path, tmp_path: Path) -> None:
    """A set too small to calibrate says so beside its verdicts."""
    shutil.copytree(tiny_path, tmp_path / "bundle")
    rules = json.loads((tmp_path / "bundle/manifest.json").read_text())["screening"]
    note = "not calibrated: 12 stored tiles cannot show what share holds lettering"
    reseal(tmp_path / "bundle", screening={**rules, "calibrated": False, "note": note})
    with serve(tmp_path / "bundle") as ask:
        page = ask("/view/screen").text
    assert "not calibrated: 12 stored tiles cannot show what share holds lettering." in page


def test_the_search_box_finds_an_id(ask: Ask) -> None:
    """Spaces and the file's ending are forgiven."""
    for typed in ("c306", " c306 ", "c306.png"):
        answer = ask("/view/tiles", params={"id": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, "/view/tiles/c306")
    assert ask("/view/tiles", params={"id": " "}).headers["location"] == "/"


@pytest.mark.parametrize("url", ["/view/tiles?id=c307", "/view/tiles/c307"])
def test_an_unknown_tile_is_a_page_that_names_near_ones(ask: Ask, url: str) -> None:
    """404, what was asked for, and ids that look like it, as pictures to click."""
    page = ask(url)
    assert page.status_code == 404
    assert "c307" in page.text
    assert "/view/tiles/c309" in links(page)


def test_nothing_at_an_address_is_a_page(ask: Ask) -> None:
    """What is not there below /view answers with a page, not with JSON."""
    page = ask("/view/nothing")
    assert page.status_code == 404
    assert "No such page" in page.text


def test_markup_in_what_is_asked_for_is_shown_not_run(ask: Ask) -> None:
    """An id with markup comes back escaped."""
    page = ask("/view/tiles", params={"id": ODD[0]})
    assert page.status_code == 404
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


@pytest.mark.parametrize("tile_id", ODD)
def test_odd_ids_have_pages(odd: Ask, tile_id: str) -> None:
    """Stored ids with markup, slashes and letters beyond ASCII are found and escaped."""
    answer = odd("/view/tiles", params={"id": tile_id})
    page = odd(answer.headers["location"])
    assert page.status_code == 200
    assert "<script>alert" not in page.text + odd("/").text
    assert page.text.count("<h1>") == 1


def test_an_upload_is_answered_like_a_stored_tile(ask: Ask) -> None:
    """A sent tile gets its pictures, verdict, cluster and neighbours, itself among them."""
    page = upload(ask, ("mine.png", png(tiny_tiles()[0])))
    assert page.status_code == 200
    assert "mine" in page.text
    assert page.text.count('src="data:image/png;base64,') == 5
    assert 'class="badge verdict-keep">keep</span> no reason to leave it out' in page.text
    assert "cluster 0" in page.text
    assert re.findall(r'href="/view/tiles/(\w+)">\1<', page.text)[0] == "c300"


def test_one_bad_file_spoils_no_other(ask: Ask) -> None:
    """Each file has its own block; a bad one says what is wrong with it."""
    good = png(tiny_tiles()[9])
    page = upload(ask, ("good.png", good), ("bad.png", b"text"), ("half.png", good[:60]))
    assert page.status_code == 200
    assert "1 of 3 looked up" in page.text
    assert page.text.count('class="answer"') == 3
    assert "signature is missing" in page.text
    assert page.text.count('role="alert"') == 2


def test_a_bad_file_alone_is_a_page_with_a_remedy(ask: Ask) -> None:
    """422 and the sentence that says what to do."""
    page = upload(ask, ("bad.png", b"text"))
    assert page.status_code == 422
    assert "Convert the tile" in page.text


def test_no_file_chosen_is_said(ask: Ask) -> None:
    """A form sent without a file, as browsers do it, asks for one."""
    page = upload(ask, ("", b""))
    assert page.status_code == 400
    assert "No file was chosen" in page.text


def test_an_upload_that_is_no_form_is_a_page(ask: Ask) -> None:
    """A body of another kind answers with a page too."""
    page = ask("/view/upload", "POST", content=b"{}", headers={"Content-Type": "text/x"})
    assert page.status_code == 415
    assert 'role="alert"' in page.text


def test_too_many_files_are_refused_on_a_page(tiny_path: Path) -> None:
    """The page names the limit, and the box names it before."""
    tile = png(np.zeros((16, 16), np.uint8))
    with serve(tiny_path, max_client_batch=2) as ask:
        page = upload(ask, *[(f"{number}.png", tile) for number in range(3)])
        assert "up to 2 at once" in ask("/view/upload").text
    assert page.status_code == 413
    assert "2 tiles" in page.text


def test_too_many_bytes_are_refused_on_a_page(tiny_path: Path) -> None:
    """The page says how much was sent and how much is taken."""
    with serve(tiny_path, max_body_bytes=2048, max_tile_bytes=2048) as ask:
        page = upload(ask, ("big.png", bytes(5000)))
    assert page.status_code == 413
    assert "2,048" in page.text


def test_names_of_sent_files_are_escaped(ask: Ask) -> None:
    """A file may be named like markup."""
    page = upload(ask, ("<script>x.png", b"text"))
    assert "<script>x" not in page.text
    assert "&lt;script&gt;x" in page.text


@pytest.mark.parametrize(
    "url",
    ["/", "/view/review", "/view/screen", "/view/clusters/0", "/view/tiles/c300", "/view/upload"],
)
def test_every_page_is_fit_for_a_strict_policy(ask: Ask, url: str) -> None:
    """No inline style, handler or script, nothing from elsewhere; one h1 and the landmarks."""
    page = ask(url).text
    assert not re.search(r"\s(style|on\w+)=", page)
    scripts = re.findall(r"<script(.*?)</script>", page)
    served = re.compile(r' src="/static/[\w-]+\.js\?v=\w{12}" defer>')
    data = ' type="application/json" id="start">'
    assert len(scripts) >= 2
    assert all(served.fullmatch(one) or one.startswith(data) for one in scripts)
    assert not re.search(r'(href|src|action)="(https?:)?//', page)
    assert page.count("<h1>") == 1
    for landmark in ("<header", "<main", "<footer", "<nav", 'role="search"'):
        assert landmark in page
    assert all(" alt=" in image for image in re.findall(r"<img[^>]*>", page))


def test_style_and_script_are_served_to_be_kept(ask: Ask) -> None:
    """The addresses carry a hash, so browsers may keep what they got."""
    page = ask("/")
    for url in re.findall(r'"(/static/[^"]+)"', page.text):
        file = ask(url)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
    assert ask("/static/../app.py").status_code == 404
    assert ask("/static/no.css").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["review", "teach", "map", "scans/film-a", "clusters/0", "tiles/c300", "progress"],
)
def test_pages_on_which_people_decide_know_whose_key_it_is(tiny_path: Path, path: str) -> None:
    """So that they ask nobody else's name, and find what was decided in this one."""
    with serve(tiny_path, api_keys="review@ann:review-key-0123456789") as ask:
        answer = ask(f"/view/{path}", headers={"X-API-Key": "review-key-0123456789"})
    assert answer.status_code == 200
    assert 'data-reviewer="ann"' in answer.text


@pytest.mark.parametrize("url", ["/view/tiles/c303", "/view/clusters/0", "/view/clusters/1"])
def test_a_page_does_not_call_undecided_what_cannot_be_read(
    url: str, tiny_path: Path, tmp_path: Path
) -> None:
    """It says that decisions cannot be read, and still shows the tiles."""
    with running(tiny_path, decisions=blocked(tmp_path)) as api:
        page = api.get(url)
    assert page.status_code == 200
    assert "Decisions cannot be read or kept now" in page.text
    assert "not known</" in page.text
    assert "undecided</" not in page.text


@pytest.mark.parametrize("url", ["/view/map", "/view/scans/film-a"])
def test_a_place_is_shown_without_its_decisions(url: str, tiny_path: Path, tmp_path: Path) -> None:
    """And the page says that they cannot be read."""
    with running(tiny_path, decisions=blocked(tmp_path)) as api:
        page = api.get(url)
    assert page.status_code == 200
    assert "Decisions cannot be read or kept now" in page.text


@pytest.mark.parametrize("url", ["/view/progress", "/view/teach"])
def test_a_page_about_decisions_says_that_they_cannot_be_read(
    url: str, tiny_path: Path, tmp_path: Path
) -> None:
    """As a page, with the status of what is wrong."""
    with running(tiny_path, decisions=blocked(tmp_path)) as api:
        page = api.get(url)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "<h1>Decisions cannot be read now</h1>" in page.text


@pytest.mark.parametrize(
    ("share", "status"), [("0.2", 200), ("", 200), ("abc", 422), ("1", 422), ("nan", 422)]
)
def test_a_share_that_is_none_is_told(
    share: str, status: int, tiny_path: Path, tmp_path: Path
) -> None:
    """The page takes the share that its answer for programs takes."""
    with running(tiny_path, decisions=tmp_path) as api:
        page = api.get(f"/view/progress?share={share}")
    assert page.status_code == status
    assert ("it is a number above 0 and below 1" in page.text) == (status == 422)


def blocked(folder: Path) -> Path:
    """Return a folder for decisions that cannot be made: a file is in its way."""
    (folder / "file").touch()
    return folder / "file" / "decisions"


def test_an_upload_that_fails_hurts_no_other(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is told of its own tile; the others have their answers."""
    real, calls = pages.answer, iter(range(9))

    def fail_once(*given: Any) -> Any:
        if next(calls) == 1:
            raise ZeroDivisionError
        return real(*given)

    monkeypatch.setattr(pages, "answer", fail_once)
    tile = png(np.zeros((16, 16), np.uint8))
    with serve(tiny_path) as ask:
        page = upload(ask, ("a.png", tile), ("b.png", tile), ("c.png", tile))
    assert page.status_code == 200
    assert page.text.count("The service failed on this request") == 1
    assert page.text.count("Nearest tile") == 2

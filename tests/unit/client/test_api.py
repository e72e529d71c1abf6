"""`Client` and `AsyncClient`: every promise holds for both."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import (
    AlikeTile,
    AsyncClient,
    Box,
    BundleChanged,
    Client,
    ClusterOf,
    Encoded,
    Evidence,
    FailedTile,
    InputUnusable,
    Neighbor,
    NotFound,
    Overloaded,
    Payload,
    Reason,
    ScreenedTile,
    Screening,
    ServiceRefused,
    ServiceUnreachable,
    StoredTile,
    TileRefused,
    UnexpectedAnswer,
)
from client.screenings import screening
from tests.unit.client.fake_service import AT_ONCE, FakeService, problem, result

Call = Callable[..., Any]
REFUSED = httpx.ConnectError("refused")
BROKEN = httpx.ReadError("reset")


def _sync(service: FakeService, method: str, *args: Any, **options: Any) -> Any:
    transport = httpx.MockTransport(service)
    with Client("http://service", retry=AT_ONCE, transport=transport) as client:
        found = getattr(client, method)(*args, **options)
        return list(found) if hasattr(found, "__next__") else found


async def _async(service: FakeService, method: str, *args: Any, **options: Any) -> Any:
    transport = httpx.MockTransport(service)
    async with AsyncClient("http://service", retry=AT_ONCE, transport=transport) as client:
        found = getattr(client, method)(*args, **options)
        return [each async for each in found] if hasattr(found, "__anext__") else await found


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """`call(service, method, *args, **options)` on either client; iterators come back as lists."""
    if request.param == "sync":
        return _sync
    return lambda *args, **options: asyncio.run(_async(*args, **options))


def _tiles(*contents: bytes) -> list[Payload]:
    return [Payload(f"t{number}.png", data) for number, data in enumerate(contents)]


def test_encode_gives_the_latent(call: Call, tmp_path: Path) -> None:
    """A path goes in, its stem and the latent come out."""
    (tmp_path / "c311.png").write_bytes(b"1234")
    assert call(FakeService(), "encode", tmp_path / "c311.png") == Encoded("c311", (4.0, 0.5))


@pytest.mark.parametrize("name", ["a\\b.png", "t\udcff.png"])
def test_odd_file_names_keep_their_ids(call: Call, tmp_path: Path, name: str) -> None:
    """A backslash or a byte that is no UTF-8 does not cut the id short."""
    (tmp_path / name).write_bytes(b"1234")
    assert call(FakeService(), "encode", tmp_path / name).id in {r"a\b", r"t\xff"}


def test_neighbors_are_typed_and_k_is_sent(call: Call) -> None:
    """Hits come as `Neighbor`, nearest first; a stray hit has no cluster."""
    service = FakeService()
    found = call(service, "neighbors", b"12", 7)
    assert found.neighbors[1] == Neighbor("c2", 2, 2.0, 0.1, None, "film-a")
    assert (found.id, found.self_excluded, found.note) == ("tile", False, None)
    assert service.queries == ["/neighbors?k=7"]


def test_cluster_is_never_a_bare_minus_one(call: Call) -> None:
    """A stray tile has its nearest cluster and the distance to it."""
    assert call(FakeService(), "cluster", b"123") == ClusterOf("tile", -1, 0.0, 3, 3.0, 1.0)
    assert ClusterOf("t", -1, 0.0, 3, 3.0, 1.0).stray


def test_a_concept_is_a_reason_with_its_name() -> None:
    """What people taught is told apart from the other reasons, in a table too."""
    told = [{"code": "CONCEPT", "name": "skin marker", "score": 0.9, "box": None}]
    raw = {"id": "c1", "verdict": "review", "score": 0.1, "reasons": told, "evidence": []}
    found = screening(raw)
    assert [(one.code, one.name) for one in found.reasons] == [("CONCEPT", "skin marker")]
    assert [str(one) for one in found.reasons] == ["CONCEPT:skin marker"]


def test_a_screening_is_typed_and_k_is_sent(call: Call) -> None:
    """Reasons with their places, and for each of them the tiles to compare with."""
    service = FakeService()
    found = call(service, "screen", b"x" * 11, 3)
    assert (found.id, found.verdict, found.score) == ("tile", "review", 0.5)
    lettering, edge = found.reasons
    assert lettering == Reason("LETTERING", 0.5, Box(1, 2, 3, 4))
    assert edge == Reason("FILM_EDGE", 0.5, None)
    assert found.evidence[0] == Evidence("LETTERING", (AlikeTile("c9", 11.0, 0.75, None),))
    assert service.queries == ["/screen?k=3"]


def test_a_stored_tile_is_screened_by_id(call: Call) -> None:
    """A tile on which nothing was found has a verdict and no reasons."""
    stored = {"results": [{"index": 0, "id": "c1", **result("screen", 1.0)}]}
    service = FakeService(pages={"/screen/c1?k=2": stored})
    assert call(service, "screening_of", "c1", 2) == Screening("c1", "keep", 0.5, (), ())


def test_an_unknown_verdict_is_no_answer(call: Call) -> None:
    """What no one has agreed on is not handed on as if it meant something."""
    stored = {"results": [{"index": 0, "id": "c1", **result("screen", 1.0), "verdict": "burn"}]}
    service = FakeService(pages={"/screen/c1?k=5": stored})
    with pytest.raises(UnexpectedAnswer, match=r"read as screening .*no verdict is called 'burn'"):
        call(service, "screening_of", "c1")


@pytest.mark.parametrize("method", ["encode_many", "neighbors_many", "cluster_many", "screen_many"])
def test_many_answers_keep_their_order(call: Call, method: str) -> None:
    """One answer a tile in order; a bad one is a `FailedTile` among the others."""
    answers = call(FakeService(), method, _tiles(b"1", b"bad", b"333"))
    assert [answer.id for answer in answers] == ["t0", "t1", "t2"]
    assert isinstance(answers[1], FailedTile)
    assert answers[1].problem.code == "not_a_png"
    assert not isinstance(answers[2], FailedTile)


def test_many_tiles_take_several_requests(call: Call) -> None:
    """At most 64 tiles go into one request."""
    service = FakeService()
    answers = call(service, "encode_many", [b"x"] * 150)
    assert len(answers) == 150
    assert list(map(len, service.asked)) == [64, 64, 22]


def test_too_many_tiles_are_split_and_remembered(call: Call) -> None:
    """A 413 halves the request; later requests begin with what was taken."""
    service = FakeService(most_tiles=20)
    answers = call(service, "encode_many", _tiles(*[b"x" * size for size in range(1, 81)]))
    assert [answer.latent[0] for answer in answers] == list(range(1, 81))
    assert list(map(len, service.asked)) == [64, 32, 16, 16, 32, 16, 16, 16]


def test_too_many_bytes_are_split(call: Call) -> None:
    """A 413 for bytes lowers the bytes of later requests."""
    service = FakeService(most_bytes=40)
    answers = call(service, "encode_many", [b"x" * 10] * 70)
    assert len(answers) == 70
    assert max(map(len, service.asked[-2:])) <= 4


def test_one_tile_too_long_fails_alone(call: Call) -> None:
    """A single tile that is refused for its length does not drag others along."""
    answers = call(FakeService(most_bytes=40), "encode_many", _tiles(b"x", b"x" * 50, b"x"))
    assert [isinstance(answer, FailedTile) for answer in answers] == [False, True, False]
    assert answers[1].problem.code == "body_too_large"


def test_a_tile_that_breaks_the_service_fails_alone(call: Call) -> None:
    """A 500 is narrowed down to the tile that causes it."""
    answers = call(FakeService(), "encode_many", _tiles(b"1", b"22", b"poison", b"333"))
    assert [answer.id for answer in answers if isinstance(answer, FailedTile)] == ["t2"]


def test_an_unreadable_file_among_many(call: Call, tmp_path: Path) -> None:
    """It is an answer of its own, and is not sent."""
    service = FakeService()
    answers = call(service, "encode_many", [tmp_path / "gone.png", b"ok"])
    assert [isinstance(answer, FailedTile) for answer in answers] == [True, False]
    assert service.asked == [["tile.png"]]


def test_nothing_but_unreadable_files_sends_nothing(call: Call, tmp_path: Path) -> None:
    """No empty request."""
    service = FakeService()
    assert len(call(service, "encode_many", [tmp_path / "gone.png"])) == 1
    assert service.asked == []


def test_a_single_unreadable_file_raises(call: Call, tmp_path: Path) -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(InputUnusable, match=r"gone.png: The file cannot be read: No such file"):
        call(FakeService(), "encode", tmp_path / "gone.png")


def test_a_single_bad_tile_raises(call: Call) -> None:
    """The service's problem comes with the exception."""
    with pytest.raises(TileRefused, match=r"It is not_a_png. \(not_a_png, 415\)") as caught:
        call(FakeService(), "encode", b"bad")
    assert caught.value.problem.status == 415


def test_two_bundles_are_never_mixed(call: Call) -> None:
    """When the bundle changes between two requests of one call, it ends."""
    service = FakeService()
    results = [{"index": index, "id": "x", **result("encode", 1)} for index in range(64)]
    other = {"bundle": "b2", "results": results}
    service.script = [httpx.Response(200, json=other)]
    with pytest.raises(BundleChanged, match="bundle b1, the results so far are of bundle b2"):
        call(service, "encode_many", [b"x"] * 65)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_later_is_asked_again(call: Call, status: int) -> None:
    """A service that is busy or not ready gets the same tiles again."""
    service = FakeService(script=[problem(status, "later", **{"Retry-After": "0"})] * 3)
    assert call(service, "encode", b"1234").latent == (4.0, 0.5)
    assert len(service.asked) == 4


def test_a_broken_connection_is_tried_again(call: Call) -> None:
    """The request is idempotent: sending it twice does no harm."""
    service = FakeService(script=[BROKEN, REFUSED, httpx.ReadTimeout("slow")])
    assert call(service, "encode", b"1234").id == "tile"


def test_patience_ends_with_overloaded(call: Call) -> None:
    """After the last try the service's own sentence is told."""
    service = FakeService(script=[problem(429, "queue_full")] * 4)
    sentence = r"not free \(asked 4 times\): It is queue_full. \(queue_full, 429\)"
    with pytest.raises(Overloaded, match=sentence):
        call(service, "encode", b"1")


def test_too_long_a_wait_is_told(call: Call) -> None:
    """A Retry-After of an hour is not waited for."""
    service = FakeService(script=[problem(503, "not_ready", **{"Retry-After": "3600"})])
    with pytest.raises(Overloaded, match="asks to wait 3600 s"):
        call(service, "encode", b"1")
    assert len(service.asked) == 1


def test_nobody_there_says_how_to_start(call: Call) -> None:
    """The sentence names the address and the command."""
    with pytest.raises(ServiceUnreachable, match=r"Nothing answers at http://service. Start the"):
        call(FakeService(script=[REFUSED] * 4), "encode", b"1")


def test_a_connection_that_keeps_breaking_says_why(call: Call) -> None:
    """How often and for what reason."""
    with pytest.raises(ServiceUnreachable, match="http://service failed 4 times: reset"):
        call(FakeService(script=[BROKEN] * 4), "encode", b"1")


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout])
def test_a_service_that_is_slow_may_be_given_more_time(
    call: Call, kind: type[httpx.TimeoutException]
) -> None:
    """The sentence names the option, and what it is called in a script."""
    sentence = "was silent 4 times for longer than allowed. .* more with --timeout, or timeout_s"
    with pytest.raises(ServiceUnreachable, match=sentence):
        call(FakeService(script=[kind("")] * 4), "encode", b"1")


def test_an_address_that_takes_no_connection_is_no_slow_service(call: Call) -> None:
    """More time would not help where nobody is there."""
    with pytest.raises(ServiceUnreachable, match="Nothing answers at http://service"):
        call(FakeService(script=[httpx.ConnectTimeout("")] * 4), "encode", b"1")


def test_a_request_that_is_refused_as_a_whole(call: Call) -> None:
    """A problem of the request, not of a tile, ends the call."""
    with pytest.raises(ServiceRefused, match="invalid_request, 422"):
        call(FakeService(script=[problem(422, "invalid_request")]), "neighbors", b"1", 0)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(200, text="<html>"), "text/plain.* came instead of JSON"),
        (httpx.Response(200, json=[1]), "application/json came instead of JSON"),
        (httpx.Response(200, json={"results": []}), "1 results were due"),
        (httpx.Response(200, json={"bundle": "b", "results": [3]}), "no JSON object"),
        (httpx.Response(200, json={"bundle": "b", "results": [{"index": 0}]}), "'latent'"),
        (httpx.Response(200, json={"bundle": "b", "results": [{"index": 1}]}), "out of order"),
        (httpx.Response(404, text="not here"), "404 Not Found without a problem"),
        (httpx.Response(307, headers={"Location": "/login"}), "307"),
    ],
)
def test_something_else_answers(call: Call, answer: httpx.Response, sentence: str) -> None:
    """What is not Tilescreen is never taken for it."""
    with pytest.raises(UnexpectedAnswer, match=sentence):
        call(FakeService(script=[answer]), "encode", b"1")


def test_a_damaged_problem_still_has_its_status(call: Call) -> None:
    """A problem document that does not parse does not hide the refusal."""
    media = {"Content-Type": "application/problem+json"}
    with pytest.raises(ServiceRefused, match="http://service/encode answers 400 Bad Request"):
        call(FakeService(script=[httpx.Response(400, text="{", headers=media)]), "encode", b"1")


@pytest.mark.parametrize(
    "method", ["latent_of", "neighbors_of", "cluster_of", "screening_of", "image"]
)
def test_an_unknown_id_is_not_found(call: Call, method: str) -> None:
    """Every question about a stored tile raises the same error for an unknown one."""
    with pytest.raises(NotFound) as caught:
        call(FakeService(), method, "c310")
    assert caught.value.problem.code == "unknown_tile"


def test_stored_tiles_are_asked_by_id(call: Call) -> None:
    """An id is one segment of the address whatever is in it."""
    stored = {"results": [{"index": 0, "id": "a/b c", **result("encode", 2.0)}]}
    service = FakeService(pages={"/encode/a%2Fb%20c": stored})
    assert call(service, "latent_of", "a/b c") == Encoded("a/b c", (2.0, 0.5))


def test_tiles_come_page_after_page(call: Call) -> None:
    """The iterator follows the cursor to its end."""
    first = {"tiles": [{"id": "a", "cluster": 1, "scan": None}], "next": "a"}
    last = {"tiles": [{"id": "b", "cluster": None, "scan": "s"}], "next": None}
    service = FakeService(
        pages={
            "/tiles?limit=1000&cluster=1": first,
            "/tiles?limit=1000&cursor=a&cluster=1": last,
        }
    )
    assert call(service, "tiles", 1) == [StoredTile("a", 1, None), StoredTile("b", None, "s")]


def test_screened_tiles_come_page_after_page(call: Call) -> None:
    """The iterator follows the cursor to its end, with the filters on every page."""
    place = {"cluster": None, "scan": "film-a"}
    finding = {"verdict": "drop", "score": 0.5, "reasons": []}
    first = {"tiles": [{"id": "a", **place, **finding}], "next": "0.5,a"}
    last = {"tiles": [{"id": "b", **place, **finding}], "next": None}
    service = FakeService()
    wanted = "verdict=drop&verdict=review&reason=BLANK&min_score=0.25&sort=score"
    service.pages[f"/screen?limit=1000&{wanted}"] = first
    service.pages[f"/screen?limit=1000&cursor=0.5%2Ca&{wanted}"] = last
    options = {"verdict": ["drop", "review"], "reason": "BLANK", "min_score": 0.25, "sort": "score"}
    found = call(service, "screened", **options)
    assert found[0] == ScreenedTile("a", None, "film-a", "drop", 0.5, ())
    assert [tile.id for tile in found] == ["a", "b"]


def test_everything_screened_is_listed_without_filters(call: Call) -> None:
    """Without a choice every tile comes, the highest score first."""
    service = FakeService()
    service.pages["/screen?limit=1000&min_score=0.0&sort=-score"] = {"tiles": [], "next": None}
    assert call(service, "screened") == []


def test_clusters_end_with_the_stray_tiles(call: Call) -> None:
    """Label -1 comes last and has no medoid."""
    sizes = {"size": 3, "share": 0.5, "medoid": "c1"}
    stray = {"label": -1, "size": 3, "share": 0.5, "medoid": None}
    page = {"clusters": [{"label": 0, **sizes}], "stray": stray}
    found = call(FakeService(pages={"/clusters": page}), "clusters")
    assert [(cluster.label, cluster.medoid) for cluster in found] == [(0, "c1"), (-1, None)]


@pytest.mark.parametrize("method", ["image", "reconstruction"])
def test_pictures_are_bytes(call: Call, method: str) -> None:
    """A stored tile's pictures come as they are."""
    service = FakeService(pages={f"/tiles/c1/{method}": b"\x89PNG"})
    assert call(service, method, "c1") == b"\x89PNG"


def test_bundle_tells_what_answers(call: Call) -> None:
    """The main facts are typed, the rest is in `manifest`."""
    info = call(FakeService(), "bundle")
    assert (info.id, info.tiles, info.latent_dim) == ("b1", 2, 2)
    assert info.manifest["source"]["scans"] == 1


def test_another_service_has_no_bundle() -> None:
    """A JSON answer without a bundle's id is another program's."""
    other = httpx.MockTransport(lambda _: httpx.Response(200, json={"hello": "world"}))
    with (
        Client("http://other", transport=other) as client,
        pytest.raises(UnexpectedAnswer, match="/bundle tells no bundle_id"),
    ):
        client.bundle()


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host", "http://", "http://host:99999", "http://h:port", ""]
)
def test_an_address_that_is_none(url: str) -> None:
    """Found before anything is sent."""
    with pytest.raises(InputUnusable, match="no address"):
        Client(url)

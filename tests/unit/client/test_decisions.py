"""Decisions are written once, whatever becomes of the answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import (
    AsyncClient,
    Client,
    NewDecision,
    OutcomeUnknown,
    Overloaded,
    ServiceRefused,
    ServiceUnreachable,
)
from client.__main__ import main
from tests.unit.client.fake_service import AT_ONCE, Step, play, problem

DOWN = problem(503, "decisions_down", **{"Retry-After": "0"})
CUT = httpx.ReadError("reset")
PROXY = httpx.Response(502)
Call = Callable[..., Any]


@dataclass
class Reviewed:
    """A service where one reviewer's batches can be taken back.

    lost: what comes in place of the answer to each write, though it is done; refused: what comes
    before anything is done. down: nothing can be asked either.
    """

    batches: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    lost: list[Step] = field(default_factory=list)
    refused: list[Step] = field(default_factory=list)
    down: bool = False
    writes: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.method == "GET":
            return play(DOWN, request) if self.down else self._told(request.url.params.get("batch"))
        if self.refused:
            return play(self.refused.pop(0), request)
        self.writes += 1
        answer = self._write(request)
        return play(self.lost.pop(0), request) if self.lost else answer

    def _told(self, batch: str | None) -> httpx.Response:
        last = self.batches[-1] if self.batches else None
        told = {"last": last, "tiles": 2 if last else 0, "first": None}
        return httpx.Response(200, json={**told, "undone": batch in self.undone})

    def _write(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/decisions/undo":
            if request.url.params["batch"] != self.batches[-1]:
                return problem(412, "undo_changed")
            self.undone.append(self.batches.pop())
            results = [{"id": "c1", "state": None}, {"id": "c2", "state": None}]
            return httpx.Response(200, json={"undone": self.undone[-1], "results": results})
        self.batches.append(f"b{len(self.batches)}")
        results = [{"id": "c1", "state": "drop"}]
        body = {"batch": self.batches[-1], "results": results, "written": 1}
        tile = {"id": "c1", "state": "drop", "decisions": []}
        return httpx.Response(200, json=tile if request.url.path.startswith("/tiles") else body)


def _sync(service: Reviewed, method: str, *args: Any) -> Any:
    transport = httpx.MockTransport(service)
    with Client("http://service", retry=AT_ONCE, transport=transport) as client:
        return getattr(client, method)(*args)


async def _async(service: Reviewed, method: str, *args: Any) -> Any:
    transport = httpx.MockTransport(service)
    async with AsyncClient("http://service", retry=AT_ONCE, transport=transport) as client:
        return await getattr(client, method)(*args)


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """`call(service, method, *args)` on either client."""
    return _sync if request.param == "sync" else lambda *args: asyncio.run(_async(*args))


def _writes(tmp_path: Path) -> list[tuple[Any, ...]]:
    (tmp_path / "in.csv").write_text("id,decision\nc1,drop\n")
    new = [NewDecision("c1", "drop")]
    return [
        ("decide_many", new),
        ("import_decisions", tmp_path / "in.csv"),
        ("decide", "c1", "drop"),
        ("withdraw", "c1"),
    ]


@pytest.mark.parametrize("lost", [DOWN, CUT, PROXY, problem(500, "internal")])
def test_what_may_be_written_is_not_sent_again(call: Call, tmp_path: Path, lost: Step) -> None:
    """Whatever took the answer's place, and whether or not it says when to come back."""
    for asked in _writes(tmp_path):
        service = Reviewed(lost=[lost])
        with pytest.raises(OutcomeUnknown, match="not known whether it was written; `python -m"):
            call(service, *asked)
        assert service.writes == 1


@pytest.mark.parametrize("told", [{"Retry-After": "0"}, {}])
@pytest.mark.parametrize("code", ["queue_full", "loading", "not_ready", "stopping"])
def test_what_was_not_begun_is_sent_again(
    call: Call, tmp_path: Path, code: str, told: dict[str, str]
) -> None:
    """A service that is full, starting or stopping has done nothing yet, said when or not."""
    refusal = problem(429 if code == "queue_full" else 503, code, **told)
    for asked in [*_writes(tmp_path), ("undo",)]:
        service = Reviewed(["b0"], refused=[refusal] * 3)
        call(service, *asked)
        assert service.writes == 1
        with pytest.raises(Overloaded, match="asked 4 times"):
            call(Reviewed(["b0"], refused=[refusal] * 4), *asked)


def test_nobody_there_leaves_nothing_open(call: Call, tmp_path: Path) -> None:
    """What was never sent was not written."""
    for asked in _writes(tmp_path):
        with pytest.raises(ServiceUnreachable, match="Nothing answers at"):
            call(Reviewed(refused=[httpx.ConnectError("refused")] * 4), *asked)


def test_an_undo_goes_on_where_a_proxy_asks_to_slow_down(call: Call) -> None:
    """A bare 429 is not the service's own and does not say when; the first question may get it."""
    service, left = Reviewed(["b0"]), [httpx.Response(429)] * 3

    def limited(request: httpx.Request) -> httpx.Response:
        return play(left.pop(), request) if left else service(request)

    assert call(limited, "undo").batch == "b0"
    assert (left, service.writes) == ([], 1)


def test_an_undo_without_a_service_ends_at_once(call: Call) -> None:
    """Its first question is the first contact, which is not repeated."""
    asked: list[str] = []

    def nobody(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ServiceUnreachable, match="Nothing answers at"):
        call(nobody, "undo")
    assert asked == ["GET"]


@pytest.mark.parametrize("lost", [DOWN, CUT, PROXY])
def test_an_undo_takes_back_one_batch_though_its_answer_is_lost(call: Call, lost: Step) -> None:
    """The service is asked whether it was done, and it is not done twice."""
    service = Reviewed(["b0", "b1", "b2"], lost=[lost])
    made = call(service, "undo")
    assert (made.batch, made.done, service.batches) == ("b2", 2, ["b0", "b1"])
    assert service.writes == 1


def test_an_undo_of_another_batch_is_refused(call: Call) -> None:
    """What became the last one after the look is not taken back unseen."""
    service = Reviewed(["b0"])

    def changing(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        if request.method == "GET":
            service.batches.append("b1")
        return answer

    with pytest.raises(ServiceRefused, match="undo_changed, 412"):
        call(changing, "undo")
    assert service.batches == ["b0", "b1"]


def test_there_may_be_nothing_to_take_back(call: Call) -> None:
    """Then nothing is sent."""
    service = Reviewed()
    assert call(service, "undo").batch is None
    assert service.writes == 0


def test_an_undo_of_nothing_says_so_by_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1: a script that counts undos can tell."""
    ask = ["undo", "--url", "http://service"]
    assert main(ask, transport=httpx.MockTransport(Reviewed()), retry=AT_ONCE) == 1
    assert capsys.readouterr().out == "There is nothing to take back.\n"


def test_an_undo_that_was_not_done_is_told(call: Call) -> None:
    """The answer was lost before anything was written, as far as the service knows."""
    service = Reviewed(["b0"], refused=[DOWN])
    with pytest.raises(OutcomeUnknown, match="says that nothing was taken back yet; `python"):
        call(service, "undo")
    assert service.batches == ["b0"]


def test_a_service_that_cannot_tell_leaves_the_undo_open(call: Call) -> None:
    """The database has gone for good: nobody knows, and that is said."""
    service = Reviewed(["b0"], lost=[DOWN])

    def going(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        service.down = service.writes > 0
        return answer

    with pytest.raises(OutcomeUnknown, match="not known whether it was taken back; `python"):
        call(going, "undo")


def test_where_to_look_is_told_with_the_address_in_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The one that is asked anyway is left out; another is told as a shell takes it."""
    for given, told in [
        ([], ""),
        (["--url", "http://127.0.0.1:8000/"], ""),
        (["--url", "http://service:81/a(b)/"], " --url 'http://service:81/a(b)'"),
    ]:
        lossy = httpx.MockTransport(Reviewed(lost=[DOWN]))
        ask = ["decide", "c1", "--decision", "drop", *given]
        assert main(ask, transport=lossy, retry=AT_ONCE) == 3
        assert f"; `python -m client decisions{told}` shows it.\n" in capsys.readouterr().err


def test_a_service_that_took_a_write_is_no_wrong_address(call: Call, tmp_path: Path) -> None:
    """It hangs up after the request was sent: its log may say more, and the address is right."""
    for asked in _writes(tmp_path):
        hung_up = httpx.RemoteProtocolError("Server disconnected")
        with pytest.raises(OutcomeUnknown) as caught:
            call(Reviewed(lost=[hung_up]), *asked)
        assert "failed: Server disconnected. The service's log may say more. " in str(caught.value)
        assert "the address" not in str(caught.value)


def test_the_commands_say_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 3; an undo that was found out is as any other."""
    ask = ["--url", "http://service"]
    lossy = httpx.MockTransport(Reviewed(lost=[DOWN]))
    decide = ["decide", "c1", "--decision", "drop", *ask]
    assert main(decide, transport=lossy, retry=AT_ONCE) == 3
    assert capsys.readouterr().err == (
        "client: http://service answers 503 decisions_down (decisions_down). It is not known "
        "whether it was written; `python -m client decisions --url http://service` shows it.\n"
    )
    lossy = httpx.MockTransport(Reviewed(["b0"], lost=[DOWN]))
    assert main(["undo", *ask], transport=lossy, retry=AT_ONCE) == 0
    assert capsys.readouterr().out == "2 taken back\n"


def test_pages_of_decisions_are_of_one_moment() -> None:
    """The next page is asked for as of the first, where the service tells of what."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        tile = {"id": f"c{len(asked)}", "state": "drop", "decisions": []}
        following = None if "offset" in asked[-1] else 1000
        told = {"decisions": [tile], "through": 7, "next": following}
        return httpx.Response(200, json=told)

    with Client("http://service", transport=httpx.MockTransport(answer)) as client:
        found = [tile.id for tile in client.decisions(state="drop")]
    assert found == ["c1", "c2"]
    assert asked[1] == {"limit": "1000", "through": "7", "offset": "1000", "state": "drop"}

"""Decisions with the client against a real service."""

import asyncio
import csv
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import httpx
import pytest

from client import (
    AsyncClient,
    Client,
    InputUnusable,
    NewDecision,
    NotFound,
    Retry,
    ServiceRefused,
)
from client.__main__ import main
from tests.serving import serving


@pytest.fixture
def url(tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service with a ledger of its own."""
    monkeypatch.setenv("TILESCREEN_DECISIONS", str(tmp_path / "decisions"))
    with serving(tiny_path) as url:
        yield url


def test_decide_look_and_undo(url: str) -> None:
    """Two reviewers, a conflict, a lost update refused, an undo; names may hold any letter."""
    with Client(url, reviewer="ann") as ann, Client(url, reviewer="jörg") as joerg:
        first = ann.decide("c300", "drop", reason="LETTERING")
        assert (first.state, first.decisions[0].reviewer) == ("drop", "ann")
        assert joerg.decide("c300", "keep", if_match=first.tag).state == "conflict"
        with pytest.raises(ServiceRefused) as lost:
            ann.decide("c300", "keep", if_match=first.tag)
        assert lost.value.problem.status == 412
        made = ann.decide_many([NewDecision("c303", "keep"), NewDecision("nope", "keep")])
        assert (dict(made.states), list(made.failed)) == ({"c303": "keep"}, ["nope"])
        assert [tile.id for tile in ann.decisions()] == ["c303", "c300"]
        assert ann.undo().states == {"c303": None}
        assert joerg.withdraw("c300").state == "drop"
        assert len(ann.decision_of("c300", history=True).history) == 3
        with pytest.raises(NotFound):
            ann.decide("nope", "keep")
        with pytest.raises(InputUnusable, match="no decision to send"):
            ann.decide_many([])


def test_a_reader_may_go_before_the_end(url: str) -> None:
    """As `head` does: nothing is complained about."""
    with Client(url, reviewer="ann") as ann:
        ann.decide_many([NewDecision("c300", "keep"), NewDecision("c303", "drop")])
    command = f"{sys.executable} -m client decisions --url {url} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 where all was written before the reader went


def test_the_async_twin(url: str) -> None:
    """The same over asyncio."""

    async def run() -> list[str]:
        async with AsyncClient(url, reviewer="ann") as client:
            await client.decide("c300", "review")
            return [tile.id async for tile in client.decisions(state="review")]

    assert asyncio.run(run()) == ["c300"]


def test_the_commands(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Import, decide, list, undo: with their statuses."""
    table = tmp_path / "in.csv"
    table.write_text('id,decision,comment\nc300,drop,"a, b"\nc303,keep,\n')
    ask = ["--url", url, "--reviewer", "ann"]
    assert main(["import", str(table), *ask]) == 0
    assert main(["decide", "c306", "nope", "--decision", "review", *ask]) == 2
    assert "  nope: No stored tile has the id" in capsys.readouterr().err
    assert main(["decisions", *ask]) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert {row["id"]: row["decision"] for row in rows} == {
        "c300": "drop",
        "c303": "keep",
        "c306": "review",
    }
    assert [main(["undo", *ask]) for _ in range(3)] == [0, 0, 1]
    assert capsys.readouterr().out == "1 taken back\n2 taken back\nThere is nothing to take back.\n"


def test_where_nothing_could_be_decided_the_status_says_so(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one id or line that is known: 1, as where nothing was asked."""
    ask = ["--url", url, "--reviewer", "ann"]
    assert main(["decide", "nope", "--decision", "drop", *ask]) == 1
    (tmp_path / "in.csv").write_text("id,decision\nnope,drop\n")
    assert main(["import", "--partial", str(tmp_path / "in.csv"), *ask]) == 1
    assert capsys.readouterr().out == "0 decided\n" * 2


def test_an_export_is_fetched_and_checked(
    url: str, tmp_path: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of this bundle, signed, and found out when a line of it is changed."""
    assert main(["decide", "c300", "--decision", "drop", "--url", url]) == 0
    out = tmp_path / "export"
    assert main(["export", "--out", str(out), "--url", url]) == 0
    assert main(["verify", str(out), "--bundle", str(tiny_path)]) == 0
    assert capsys.readouterr().out.count("Signed by ") == 2
    (out / "tiles.csv").write_bytes((out / "tiles.csv").read_bytes().replace(b"drop", b"keep"))
    assert main(["verify", str(out)]) == 2
    assert "tiles.csv is not as it was signed" in capsys.readouterr().err


def test_a_table_with_wrong_lines_is_not_imported_at_all(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told with what is wrong; with --partial the others are written."""
    table = tmp_path / "in.csv"
    table.write_text("id;decision\nc300;drop\nnope;drop\nc303;burn\n")
    ask = [str(table), "--url", url, "--reviewer", "ann"]
    assert main(["import", *ask]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        "client: 2 lines cannot be used, so nothing was written. Mend what is named here, or have "
        "the other lines alone written: --partial. (import_refused, 422)"
    )
    assert [line.split(":")[0] for line in told[1:]] == ["  line 3", "  line 4"]
    assert "it must be keep, review or drop" in told[2]
    with Client(url, reviewer="ann") as client:
        assert list(client.decisions()) == []
        assert main(["import", "--partial", *ask]) == 2
        assert [tile.id for tile in client.decisions()] == ["c300"]
    written = capsys.readouterr()
    assert written.out == "1 decided\n"
    assert [line.split(":")[0] for line in written.err.splitlines()] == ["  line 3", "  line 4"]
    assert main(["import", "--partial", *ask]) == 2
    assert capsys.readouterr().out == "0 decided, 1 stood so already\n"


@pytest.mark.parametrize("text", ["id\nc300\n", "", "id,decision\n\xff"])
def test_what_is_no_table_is_refused_with_a_sentence(
    url: str, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service says what it must be."""
    (tmp_path / "in.csv").write_text(text, encoding="latin-1")
    assert main(["import", str(tmp_path / "in.csv"), "--url", url]) == 1
    assert "(bad_table, 422)" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "gone.csv"), "--url", url]) == 1
    assert "gone.csv cannot be read: No such file" in capsys.readouterr().err


def test_an_import_needs_the_role_for_it(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that may only read imports nothing; decisions of others are an admin's to bring."""
    keys = {role: f"{role}-key-0123456789" for role in ("read", "review", "admin")}
    said = ",".join(f"{role}@{role}-name:{key}" for role, key in keys.items())
    (tmp_path / "in.csv").write_text("id,decision,reviewer\nc300,drop,ben\n")
    (tmp_path / "own.csv").write_text("id,decision\nc303,keep\n")
    decisions = {"TILESCREEN_DECISIONS": str(tmp_path / "decisions")}
    with serving(tiny_path, TILESCREEN_API_KEYS=said, **decisions) as url:

        def status(table: str, role: str) -> int:
            return main(["import", str(tmp_path / table), "--url", url, "--api-key", keys[role]])

        assert [status("own.csv", role) for role in keys] == [1, 0, 0]
        assert "(role_too_low, 403)" in capsys.readouterr().err
        assert [status("in.csv", role) for role in keys] == [1, 1, 0]
        assert "  line 2: " in capsys.readouterr().err
        with Client(url, api_key=keys["read"]) as client:
            made = client.decision_of("c300").decisions
            assert [one.reviewer for one in made] == ["ben"]


def test_the_list_of_an_export_is_imported(url: str, tmp_path: Path) -> None:
    """As it is, from Python too: what was decided, no verdict; twice writes nothing."""
    with Client(url, reviewer="ann") as client:
        client.decide("c300", "drop")
        client.export(tmp_path / "export")
        client.undo()
        found = client.import_decisions(tmp_path / "export" / "tiles.csv")
        assert (found.written, found.states["c300"], dict(found.failed)) == (1, "drop", {})

    async def run() -> tuple[int, int]:
        async with AsyncClient(url, reviewer="ann") as client:
            again = await client.import_decisions(tmp_path / "export" / "tiles.csv")
            return again.written, again.unchanged

    assert asyncio.run(run()) == (0, 1)


class Losing(httpx.HTTPTransport):
    """Brings requests to the service, and loses the answer to each that writes."""

    writes = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as a service does that does not know whether its COMMIT was done."""
        answer = super().handle_request(request)
        if request.method == "GET":
            return answer
        self.writes += 1
        answer.read()
        answer.close()
        media = {"Content-Type": "application/problem+json", "Retry-After": "5"}
        body = {"title": "Decisions cannot be kept now", "status": 503, "code": "decisions_down"}
        return httpx.Response(503, json=body, headers=media)


def test_a_lost_answer_does_not_write_twice(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One event a tile and one batch taken back, though the service says to come again."""
    ask = ["--url", url, "--reviewer", "ann"]
    decide = ["decide", "c300", "c303", "--decision", "drop", *ask]
    lossy, soon = Losing(), Retry(first_s=0.0)
    assert main(decide, transport=lossy, retry=soon) == 3
    assert "It is not known whether it was written; `python -m" in capsys.readouterr().err
    with Client(url, reviewer="ann") as client:
        client.decide("c306", "keep")
        assert main(["undo", *ask], transport=lossy, retry=soon) == 0
        assert {tile.id: tile.state for tile in client.decisions()} == {
            "c300": "drop",
            "c303": "drop",
        }
        assert main(["undo", *ask], transport=lossy, retry=soon) == 0
        assert list(client.decisions()) == []
        assert len(client.decision_of("c300", history=True).history) == 2
    assert capsys.readouterr().out == "1 taken back\n2 taken back\n"
    assert lossy.writes == 3

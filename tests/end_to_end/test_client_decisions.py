"""Decisions with the client against a real service."""

import asyncio
import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from client import AsyncClient, Client, InputUnusable, NewDecision, NotFound, ServiceRefused
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
    assert main(["undo", *ask]) == main(["undo", *ask]) == main(["undo", *ask]) == 0
    assert capsys.readouterr().out == "1 taken back\n2 taken back\nThere is nothing to take back.\n"


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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id\nc300\n", "needs the columns id and decision"),
        ("id,decision\nc300,burn\n", "Line 2 of"),
    ],
)
def test_a_table_that_cannot_be_imported_says_why(
    tmp_path: Path, text: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is sent."""
    (tmp_path / "in.csv").write_text(text)
    assert main(["import", str(tmp_path / "in.csv"), "--url", "http://127.0.0.1:1"]) == 1
    assert sentence in capsys.readouterr().err

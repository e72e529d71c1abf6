"""Results as CSV, Parquet and NDJSON."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from bundle import cells
from client import InputUnusable, Problem
from client.batch.tables import Entry, Table, check_output, write_table
from client.cells import harmless, original
from client.plans import Command
from tests.unit.client.fake_service import result

BAD = {"error": Problem("not_a_png", 415, "Not a PNG", 'It says, "no".').to_json()}


def _entries(command: Command) -> list[Entry]:
    return [
        Entry("a/b.png", "b", result(command, 4.0)),
        Entry("bad.png", "bad", BAD),
    ]


def _csv(tmp_path: Path, command: Command) -> list[dict[str, str]]:
    out = tmp_path / "out.csv"
    write_table(out, Table(command, 2), _entries(command))
    with out.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_latents_are_columns(tmp_path: Path) -> None:
    """Encode: one row a tile, one column a number, the reason where there is none."""
    good, bad = _csv(tmp_path, "encode")
    assert good == {"file": "a/b.png", "id": "b", "error": "", "l0": "4.0", "l1": "0.5"}
    assert bad["error"] == 'not_a_png: It says, "no".'
    assert bad["l0"] == bad["l1"] == ""


def test_a_spreadsheet_runs_nothing(tmp_path: Path) -> None:
    """Names that look like formulas are marked in a CSV, and numbers and other forms are not."""
    entry = Entry("=1+1.png", "-a", result("cluster", 4.0))
    for form in ("csv", "parquet", "ndjson"):
        write_table(tmp_path / f"out.{form}", Table("cluster", 2), [entry])
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert (row["file"], row["id"], row["label"]) == ("'=1+1.png", "'-a", "-1")
    (row,) = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row["file"], row["id"]) == ("=1+1.png", "-a")
    row = json.loads((tmp_path / "out.ndjson").read_text())
    assert (row["file"], row["id"]) == ("=1+1.png", "-a")


@pytest.mark.parametrize("text", ["a", "=a", "'a", "'=a", "''", "", "-1", "@", "\tx"])
def test_what_is_marked_is_found_again(text: str) -> None:
    """Every text comes back, as in the service's own cells."""
    assert original(str(harmless(text))) == text
    assert harmless(text) == cells.harmless(text)


def test_neighbours_are_rows(tmp_path: Path) -> None:
    """Neighbors: one row a hit, in order of rank; a failed tile has one row."""
    rows = _csv(tmp_path, "neighbors")
    assert [(row["file"], row["rank"], row["neighbor"]) for row in rows] == [
        ("a/b.png", "1", "c1"),
        ("a/b.png", "2", "c2"),
        ("bad.png", "", ""),
    ]
    assert [rows[0][name] for name in ("distance", "rarity", "cluster", "scan")] == [
        "4.0",
        "0.1",
        "",
        "film-a",
    ]


def test_a_stray_tile_keeps_its_nearest_cluster(tmp_path: Path) -> None:
    """Cluster: never a bare -1."""
    row, _ = _csv(tmp_path, "cluster")
    assert [row[name] for name in ("label", "confidence", "nearest", "distance", "reach")] == [
        "-1",
        "0.0",
        "3",
        "4.0",
        "1.0",
    ]


def test_a_verdict_has_reasons_and_a_place(tmp_path: Path) -> None:
    """Screen: codes joined, and the box of the lettering; a failed tile has blanks."""
    out = tmp_path / "out.csv"
    write_table(
        out,
        Table("screen", 2),
        [Entry("a.png", "a", result("screen", 11.0)), Entry("b.png", "b", BAD)],
    )
    header, found, failed = out.read_text().splitlines()
    assert header == "file,id,error,verdict,score,reasons,left,top,right,bottom"
    assert found == "a.png,a,,review,0.5,LETTERING;FILM_EDGE,1,2,3,4"
    assert failed.endswith(",,,,,,,")


@pytest.mark.parametrize("reasons", [[], [{"code": "BLANK", "score": 1.0, "box": None}]])
def test_a_verdict_without_lettering_has_no_box(tmp_path: Path, reasons: list[Any]) -> None:
    """Whatever else was found, or nothing: the four sides are blank."""
    found = {**result("screen", 1.0), "reasons": reasons}
    out = tmp_path / "out.csv"
    write_table(out, Table("screen", 2), [Entry("a.png", "a", found)])
    codes = ";".join(reason["code"] for reason in reasons)
    assert out.read_text().splitlines()[1] == f"a.png,a,,keep,0.5,{codes},,,,"


def test_a_bundle_without_clusters_leaves_blanks(tmp_path: Path) -> None:
    """No nearest cluster is a blank, not an error."""
    member = {"label": -1, "confidence": 0.0, "nearest": None, "reach": 1.0}
    out = tmp_path / "out.csv"
    write_table(out, Table("cluster", 2), [Entry("a.png", "a", {"cluster": member})])
    assert out.read_text().splitlines()[1] == "a.png,a,,-1,0.0,,,1.0"


@pytest.mark.parametrize("command", ["encode", "neighbors", "cluster", "screen"])
def test_parquet_holds_the_same_rows(tmp_path: Path, command: Command) -> None:
    """Parquet has the columns of CSV, with types and nulls instead of text and blanks."""
    out = tmp_path / "out.parquet"
    write_table(out, Table(command, 2), _entries(command))
    rows = pyarrow.parquet.read_table(out).to_pylist()
    plain = [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]
    expected = _csv(tmp_path, command)
    assert [list(row) for row in plain] == [list(row) for row in expected]
    assert [row["file"] for row in plain] == [row["file"] for row in expected]
    assert rows[-1]["error"] == 'not_a_png: It says, "no".'


def test_ndjson_is_what_the_api_gives(tmp_path: Path) -> None:
    """One result a line with its file and id."""
    out = tmp_path / "out.ndjson"
    write_table(out, Table("encode", 2), _entries("encode"))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines == [
        {"file": "a/b.png", "id": "b", "latent": [4.0, 0.5]},
        {"file": "bad.png", "id": "bad", **BAD},
    ]


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """When writing breaks, the old table stays and nothing half is left."""

    def breaking() -> Iterator[Entry]:
        yield from _entries("encode")
        raise KeyboardInterrupt

    out = tmp_path / "out.csv"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_table(out, Table("encode", 2), breaking())
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("out.xlsx", r"ends in '.xlsx'; results are written as .csv, .parquet, .ndjson"),
        ("out", "has no ending; results are written as"),
        ("no/out.csv", "no does not exist; make it first"),
        ("dir.csv", "is a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_first(
    tmp_path: Path, name: str, sentence: str
) -> None:
    """Before any work is done, and with a sentence."""
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(InputUnusable, match=sentence):
        check_output(tmp_path / name)


def test_missing_pyarrow_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet without pyarrow is refused before any work; the others do without."""
    blocked: dict[str, Any] = {"pyarrow": None, "pyarrow.parquet": None}
    for name, module in blocked.items():
        monkeypatch.setitem(sys.modules, name, module)
    check_output(tmp_path / "out.csv")
    with pytest.raises(InputUnusable, match="Parquet needs the package pyarrow"):
        check_output(tmp_path / "out.parquet")

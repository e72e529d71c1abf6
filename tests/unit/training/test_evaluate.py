"""The evaluate command from labels to table and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import write_tiny_bundle
from training.__main__ import main

FILMS = ("film-a", "film-b", "film-c")


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 30 tiles, 15 dark and 15 bright (the last one grey), over three scans."""
    path = tmp_path_factory.mktemp("evaluate") / "bundle"
    write_tiny_bundle(path, count=30)
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Bright tiles are lettering, the grey one is ambiguous, one label has no tile."""
    file = tmp_path / "labels.csv"
    lines = [
        f"{FILMS[at % 3]},{at * 350},0,{'lettering' if at > 14 else 'other'}" for at in range(29)
    ]
    lines += ["film-c,10150,0,ambiguous", "film-z,0,0,lettering"]
    file.write_text("\n".join(["scan,y,x,label", *lines]) + "\n")
    return file


def evaluate(bundle: Path, labels: Path, *options: str) -> dict[str, Any]:
    out = labels.with_suffix(".json")
    assert (
        main(["evaluate", str(bundle), "--labels", str(labels), "--out", str(out), *options]) == 0
    )
    report: dict[str, Any] = json.loads(out.read_text())
    return report


def refused(capsys: pytest.CaptureFixture[str], bundle: Path, labels: Path, *options: str) -> str:
    assert main(["evaluate", str(bundle), "--labels", str(labels), *options]) == 1
    return capsys.readouterr().err


def test_what_is_told_apart_gets_full_marks(thirty: Path, labels: Path) -> None:
    """Where bright is lettering, neighbours, probe and clusters are all right."""
    measures = evaluate(thirty, labels)["measures"]
    for key in ("p_at_k", "p_at_k_other_scans", "probe_ap", "labels_pure", "labels_share"):
        figures = [measures[key][part] for part in ("low", "value", "high")]
        assert figures == pytest.approx([1.0] * 3), key
    assert measures["labels_stray"]["value"] == 0.0


def test_screening_is_measured_without_its_having_seen_a_label(thirty: Path, labels: Path) -> None:
    """The tiny encoder finds bright tiles: full marks, with and without false alarms."""
    measures = evaluate(thirty, labels)["measures"]
    assert measures["screening_ap"]["value"] == 1.0
    assert measures["screening_recall"]["value"] == 1.0
    assert measures["screening_recall"]["title"] == "screening recall at 1% false alarms"


def test_outlier_figures_use_no_labels(thirty: Path, labels: Path) -> None:
    """Bright tiles are no more unusual than dark ones, and the figure says so."""
    measures = evaluate(thirty, labels)["measures"]
    assert measures["outlier_ap"]["title"] == "outlier AP, mean of 5 nearest"
    assert 0.3 < measures["outlier_ap"]["value"] < 0.8


def test_json_says_what_was_measured(thirty: Path, labels: Path) -> None:
    """The report counts tiles, scans and labels, and names bundle, versions and command."""
    report = evaluate(thirty, labels, "--k", "3")
    assert report["labelled"] == {
        "tiles": 29,
        "positives": 14,
        "scans": 3,
        "groups_held_out": 3,
        "blank": 0,
        "left_out": 1,
        "unmatched": 1,
        "empty": 0,
    }
    assert report["bundle"]["tiles"] == 30
    assert len(report["bundle"]["id"]) == 16
    assert set(report["versions"]) == {"numpy", "scikit-learn"}
    assert "--labels labels.csv --k 3 --positive lettering" in report["command"]
    assert "/" not in report["command"]


def test_table_shows_every_measure(
    thirty: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has a line for each measure with its interval, under the counts."""
    report = evaluate(thirty, labels)
    table = capsys.readouterr().out
    assert "29 of 3 scans, 14 positive (48.3%), 0 blank" in table
    assert "P@5                                1.000  [1.000, 1.000]" in table
    for taken in report["measures"].values():
        assert taken["title"] in table


def test_low_contrast_tiles_can_be_left_out(thirty: Path, labels: Path) -> None:
    """--not-blank keeps the tiles whose grey levels differ more than that."""
    everything = evaluate(thirty, labels)["labelled"]["tiles"]
    assert 0 < evaluate(thirty, labels, "--not-blank", "9")["labelled"]["tiles"] < everything


def test_probe_is_left_out_when_one_scan_holds_all_positives(
    thirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says that the probe could not be taken, and why."""
    file = tmp_path / "labels.csv"
    file.write_text("id,label\nc300,lettering\nc303,other\nc306,other\nc309,lettering\n")
    assert evaluate(thirty, file)["measures"]["probe_ap"]["value"] is None
    assert "-      (too few groups with positives, or with others)" in capsys.readouterr().out


def test_labels_of_another_set_are_refused(
    thirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels that find no tile are told, with what to check."""
    file = tmp_path / "labels.csv"
    file.write_text("scan,y,x,label\nfilm-q,0,0,lettering\n")
    assert "cut with the same window and stride" in refused(capsys, thirty, file)


def test_one_scan_is_refused(
    thirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Overlapping tiles of a single scan prove nothing."""
    file = tmp_path / "labels.csv"
    file.write_text("id,label\nc300,lettering\nc309,other\n")
    assert "of 1 known scans; at least 2 are needed" in refused(capsys, thirty, file)


def test_options_out_of_range_are_refused(
    thirty: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No neighbours, or no tile left, is told with the option's name."""
    assert "--k is 0" in refused(capsys, thirty, labels, "--k", "0")
    assert "Lower --not-blank" in refused(capsys, thirty, labels, "--not-blank", "99")


def test_no_bundle_and_no_labels_are_written_over(
    thirty: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before anything is measured."""
    before = labels.read_bytes()
    told = refused(capsys, thirty, labels, "--out", str(thirty / "manifest.json"))
    assert "lies in the bundle" in told
    assert "holds the labels" in refused(capsys, thirty, labels, "--out", str(labels))
    assert labels.read_bytes() == before


def test_missing_bundle_is_refused(
    tmp_path: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bundle that is not there is told before any label is read."""
    assert "There is no bundle at" in refused(capsys, tmp_path / "none", labels)

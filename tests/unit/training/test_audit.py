"""The `audit` command from lists to page, figures and CSVs."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audited import write_bundle, write_classes
from tests.serving import ROOT
from training.__main__ import main
from training.auditing import classifier, probe

COUNT = 48
_FEW = """
import sys
from training.__main__ import main
from training.auditing import probe
probe.PERMUTATIONS = 10
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten deals say enough here."""
    monkeypatch.setattr(probe, "PERMUTATIONS", 10)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 48 tiles; 14 of the first half and 2 of the others hold lettering."""
    path = tmp_path_factory.mktemp("audit") / "bundle"
    marked = np.zeros(COUNT, dtype=bool)
    marked[[*range(14), 30, 31]] = True
    write_bundle(path, marked)
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Normal tiles first, then abnormal ones, of sixteen patients; one patient in two splits."""
    rows = [
        (
            f"t{at:04d}",
            "normal" if at < COUNT / 2 else "abnormal",
            "test" if at % 16 > 11 or at == 1 else "train",
            f"p{at % 16}",
        )
        for at in range(COUNT)
    ]
    return write_classes(tmp_path / "classes.csv", rows, "id,class,split,patient")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle with tiles enough to teach classifiers by, and its classes."""
    folder, count = tmp_path_factory.mktemp("taught"), 240
    write_bundle(folder / "bundle", np.arange(count) % 5 == 0)
    rows = [(f"t{at:04d}", ("normal", "abnormal")[at % 2], f"p{at % 17}") for at in range(count)]
    return folder / "bundle", write_classes(folder / "classes.csv", rows, "id,class,patient")


def audit(bundle: Path, labels: Path, *options: str) -> tuple[Path, dict[str, Any]]:
    out = labels.parent / "out"
    assert main(["audit", str(bundle), "--labels", str(labels), "--out", str(out), *options]) == 0
    figures: dict[str, Any] = json.loads((out / "audit.json").read_text())
    return out, figures


def test_lettering_that_predicts_the_class_is_found(bundle: Path, labels: Path):
    """The table is the one that was made, and the intervals lie above one."""
    _, figures = audit(bundle, labels, "--seeds", "0")
    (odds,) = figures["odds"]
    assert odds["name"] == "normal"
    assert odds["table"] == [14, 10, 2, 22]
    assert odds["ratio"] == pytest.approx(14 * 22 / 20)
    assert odds["low"] > 1
    assert odds["group_low"] > 1
    assert figures["sentences"][0].startswith("Lettering predicts the class normal")


def test_cleaning_leaves_nothing_to_predict_by(bundle: Path, labels: Path):
    """Among the tiles that are kept none has a score for review, and the probe is blind."""
    _, figures = audit(bundle, labels, "--seeds", "0")
    assert figures["odds_of_kept_tiles"][0]["table"] == [0, 10, 0, 22]
    before, after = figures["probe"][0], figures["probe_of_kept_tiles"][0]
    assert before["auc"] > 0.7
    assert after["auc"] < 0.6


def test_without_a_classifier_the_page_says_why(bundle: Path, labels: Path):
    """`--seeds 0` teaches none; a list that keeps everything cannot teach any."""
    out, figures = audit(bundle, labels, "--seeds", "0")
    assert "--seeds 0" in figures["sentences"][1]
    assert "--seeds 0" in (out / "audit.html").read_text()
    kept = labels.with_name("kept.csv")
    kept.write_text("id\n" + "".join(f"t{at:04d}\n" for at in range(COUNT)))
    _, figures = audit(bundle, labels, "--kept", str(kept))
    assert "drop none" in figures["proof"]["reason"]


def test_the_page_needs_nothing_but_itself_and_names_what_to_cite(bundle: Path, labels: Path):
    """No script, nothing fetched; bundle, hash of the list, versions and seed stand on it."""
    out, figures = audit(bundle, labels, "--seeds", "0")
    page = (out / "audit.html").read_text()
    assert not re.search(r"<script|https?://|src=|href=|url\(", page)
    assert page.count("<svg") == 2
    for told in (figures["bundle"]["id"], figures["labels"]["sha256"], "numpy", "To cite:"):
        assert told in page
    assert str(labels.parent) not in page


def test_leaks_are_listed_beside_the_report(bundle: Path, labels: Path):
    """A patient of two splits has a line with the tiles in each."""
    out, _ = audit(bundle, labels, "--seeds", "0")
    with (out / "leaks.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    (patient,) = (line for line in lines if line["kind"] == "patient" and line["name"] == "p1")
    assert patient["places"] == "test=1;train=2"
    assert (out / "duplicates.csv").read_text().startswith("group,kind,id,class,split")


def test_of_three_classes_each_is_compared_with_the_rest(bundle: Path, tmp_path: Path):
    """Three tables and three probes, and ids that are markup stay text."""
    rows = [(f"t{at:04d}", ("a<b>", "b", "c")[at % 3]) for at in range(COUNT)]
    out, figures = audit(bundle, write_classes(tmp_path / "c.csv", rows), "--seeds", "0")
    assert [one["name"] for one in figures["odds"]] == ["a<b>", "b", "c"]
    assert len(figures["probe"]) == 3
    assert "a<b>" not in (out / "audit.html").read_text()


@pytest.mark.usefixtures("untraced")
def test_one_seed_gives_one_page(taught: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    """Twice the same but for the time, classifiers and planted letters too; another seed is not."""
    monkeypatch.setattr(classifier, "STEPS", 3)

    def texts(seed: str) -> list[str]:
        out, figures = audit(*taught, "--seeds", "1", "--seed", seed)
        assert figures["proof"]["figures"]
        read = [(out / name).read_text() for name in ("audit.html", "audit.json", "leaks.csv")]
        return [
            text.replace(figures["created"], "").replace(figures["created"][:10], "")
            for text in read
        ]

    first, again, other = texts("42"), texts("42"), texts("43")
    assert first == again
    assert first[0] != other[0]


@pytest.mark.parametrize("step", ["probe, all tiles", "clean and prove"])
def test_ctrl_c_leaves_no_page_and_ends_quietly(
    taught: tuple[Path, Path], tmp_path: Path, step: str
):
    """Status 130 and a sentence, whatever it was at; what an earlier audit wrote stays."""
    (bundle, labels), out = taught, tmp_path / "out"
    out.mkdir()
    (out / "audit.html").write_text("earlier")
    command = [sys.executable, "-c", _FEW, "audit", bundle, "--labels", labels, "--out", out]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = b""
        while step.encode() not in told:
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, told.decode()
            told += piece
        process.send_signal(signal.SIGINT)
        told += process.stderr.read()
    assert process.returncode == 130
    assert told.decode().endswith("\ntraining: interrupted\n")
    assert b"Traceback" not in told
    assert [file.name for file in out.iterdir()] == ["audit.html"]
    assert (out / "audit.html").read_text() == "earlier"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seeds", "-1"], "--seeds is -1"),
        (["--threshold", "2"], "--threshold is 2"),
        (["--kept", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_what_cannot_be_used_is_refused(
    bundle: Path, labels: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
):
    """One sentence on standard error, and status 1."""
    out = labels.parent / "out"
    assert main(["audit", str(bundle), "--labels", str(labels), "--out", str(out), *options]) == 1
    assert told in capsys.readouterr().err


def test_nothing_is_written_into_the_bundle(
    bundle: Path, labels: Path, capsys: pytest.CaptureFixture[str]
):
    """A bundle stays as it is."""
    command = ["audit", str(bundle), "--labels", str(labels), "--out", str(bundle / "audit")]
    assert main(command) == 1
    assert "Write beside it" in capsys.readouterr().err
    assert not (bundle / "audit").exists()

"""`python -m training fit` as a user runs it: on a folder, interrupted, resumed, misused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, OnnxDecoder, OnnxEncoder, open_bundle, self_test
from tests.brief import shorten
from tests.pictures import png
from tests.tile_folders import stroke_tiles, write_tiles
from training.__main__ import main

_EPOCHS = 5
_TINY = ("--width", "2", "--epochs", f"{_EPOCHS}", "--patience", f"{_EPOCHS}", "--seed", "7")
_DEADLINE_S = 300.0
ODD = "två\nrader 100% 'x'"


def command(tiles: Path, out: Path, *options: str) -> list[str]:
    """Return the arguments of a fit."""
    return ["fit", str(tiles), "--out", str(out), *_TINY, *options]


def names(folder: Path) -> list[str]:
    """Return what is in a folder, hidden things too."""
    return sorted(entry.name for entry in folder.iterdir())


def interrupt(tiles: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    """Start a fit, press Ctrl-C once there is a checkpoint, and return how it ended."""
    line = [sys.executable, "-m", "training", *command(tiles, out)]
    plain = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=plain) as process:
        deadline = time.monotonic() + _DEADLINE_S
        while not (out.parent / ".bundle.work" / "checkpoint.npz").exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=_DEADLINE_S)
    return subprocess.CompletedProcess(line, process.returncode, "", said)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, str]:
    """A bundle of 31 tiles and a broken one, fitted in two goes with a wrong one between."""
    folder = tmp_path_factory.mktemp("fit")
    tiles, out = write_tiles(folder / "tiles", 30, side=256, scans=3), folder / "bundle"
    (tiles / "broken.png").write_bytes(png(stroke_tiles(1)[0])[:60])
    (tiles / f"{ODD}.png").write_bytes(png(stroke_tiles(31)[-1]))
    first = interrupt(tiles, out)
    assert first.returncode == 130
    assert not out.exists()
    assert main(command(tiles, out, "--resume", "--batch", "4")) == 1  # loses nothing
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        assert main(command(tiles, out, "--resume")) == 0
    return open_bundle(out), first.stderr


def test_interruption_says_how_to_go_on(fitted: tuple[Bundle, str]) -> None:
    """Ctrl-C ends in one sentence that names --resume, with no traceback or library chatter."""
    _, said = fitted
    assert "the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert "absl" not in said
    assert "oneDNN" not in said


def test_resumed_fit_has_all_its_epochs(fitted: tuple[Bundle, str]) -> None:
    """The loss curve of both goes together is as long as was asked for."""
    manifest = fitted[0].manifest
    assert len(manifest.history["loss"]) == len(manifest.history["val_loss"]) == _EPOCHS
    assert manifest.history["loss"][-1] < manifest.history["loss"][0]


def test_bundle_proves_itself(fitted: tuple[Bundle, str]) -> None:
    """The stored latents are what the stored encoder gives for the stored tiles."""
    bundle = fitted[0]
    encoder = OnnxEncoder(bundle.path, threads=1)
    self_test(bundle, encoder)
    self_test(bundle, OnnxEncoder(bundle.path, threads=1, precision="int8"), "int8")
    latents = encoder.encode(np.array(bundle.arrays["probes.npy"]))
    assert OnnxDecoder(bundle.path, threads=1).decode(latents).shape[1:] == (192, 192)


def test_every_tile_is_judged(fitted: tuple[Bundle, str]) -> None:
    """Scores, boxes and verdicts are there, with the rules and a benchmark of all plantings."""
    bundle = fitted[0]
    screening = bundle.manifest.screening
    assert screening.evidence == "map"
    assert not screening.calibrated  # 31 tiles cannot show what share holds lettering
    assert len(screening.benchmark.recalls) == 120
    assert bundle.arrays["scores.npy"].shape == (31, 5)
    assert bundle.arrays["tile_sizes.npy"][bundle.row("t04")].tolist() == [256, 256]
    verdicts = np.array(bundle.arrays["verdicts.npy"])
    drop = np.array(bundle.arrays["scores.npy"])[:, 0] >= screening.drop_score
    assert (verdicts[drop] == 2).all()


def test_manifest_tells_the_run(fitted: tuple[Bundle, str]) -> None:
    """Settings, seed, versions, the clock of each step and the peak memory are stored."""
    manifest = fitted[0].manifest
    assert (manifest.profile, manifest.seed) == ("default", 7)
    assert manifest.settings["width"] == 2
    assert manifest.settings["validation_by"] == "scan"
    assert {"python", "tensorflow", "keras", "onnxruntime"} <= set(manifest.versions)
    steps = {step.name for step in manifest.steps}
    assert {"train", "encode", "export to ONNX", "plant and calibrate"} <= steps
    assert manifest.metrics["peak_rss_mib"] > 100


def test_tiles_are_accounted_for(fitted: tuple[Bundle, str]) -> None:
    """The broken tile is listed, the others are stored with their scans."""
    bundle = fitted[0]
    assert (len(bundle), bundle.manifest.source.scans) == (31, 3)
    assert list(bundle.manifest.source.skipped) == ["broken.png"]
    scan = bundle.scan(bundle.row("t04"))
    assert scan is not None
    assert scan.name == "film1"


def test_odd_ids_are_stored_as_given(fitted: tuple[Bundle, str]) -> None:
    """A line break, a quote or a letter beyond ASCII in a file name is part of the id."""
    bundle = fitted[0]
    assert bundle.id(bundle.row(ODD)) == ODD
    assert bundle.scan(bundle.row(ODD)) is None


def test_nothing_is_left_behind(fitted: tuple[Bundle, str]) -> None:
    """After success the work folder is gone."""
    assert names(fitted[0].path.parent) == ["bundle", "tiles"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--where", "class=0"), "--where chooses rows of a table"),
        (("--manifest", "{tiles}/tiles.csv", "--where", "scan"), "is not COLUMN=VALUE"),
        (("--manifest", "{tiles}/tiles.csv", "--where", "scan=film7"), "has scan=film7"),
        (("--manifest", "{tiles}/none.csv"), "none.csv does not exist"),
        (("--profile", "study"), "--width and --adapt-rounds are for the default profile"),
    ],
)
def test_misuse_is_answered_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    """A wrong option ends in one sentence and status 1 before anything is written."""
    tiles = write_tiles(tmp_path / "tiles", 12, scans=2)
    given = [option.format(tiles=tiles) for option in options]
    assert main(command(tiles, tmp_path / "bundle", *given)) == 1
    error = capsys.readouterr().err
    assert error.startswith("training: ")
    assert said in error
    assert names(tmp_path) == ["tiles"]

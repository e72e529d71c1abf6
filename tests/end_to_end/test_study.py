"""The `study` command with the study's own network, trained for real on a few tiles."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import png
from training.__main__ import main
from training.studying.flaws import in_grey


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tiles of random squares."""
    folder = tmp_path_factory.mktemp("study") / "tiles"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for number in range(12):
        squares = rng.integers(0, 256, (4, 4)).repeat(32, 0).repeat(32, 1)
        (folder / f"c{300 + number}.png").write_bytes(png(squares.astype(np.uint8)))
    return folder


def test_study_from_tiles_to_figures(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """One command trains, asks in grey and green, and tells; a second starts from its encoder."""
    told = []
    for name in ("first", "second"):
        options = ["--epochs", "1", "--batch", "6", "--work", f"{tmp_path}/work"]
        assert main(["study", str(tiles), *options, "--out", f"{tmp_path}/{name}"]) == 0
        told.append(capsys.readouterr())
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("first", "second"))
    assert "Flaw 1, training/serving skew." in told[0].out
    assert "Going on after" in told[1].err
    assert first["variants"]["right"]["overlap"] == 1
    assert first["facts"]["moved"] > 0
    assert first["facts"]["moved"] == pytest.approx(second["facts"]["moved"], rel=0.01)


def test_missing_folder_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Bad input is one sentence and exit status 1."""
    assert main(["study", str(tmp_path / "none")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_encoder_in_colour_is_the_encoder():
    """Grey pictures give the latents of the trained encoder; green ones do not."""
    from training.learning.network import study_autoencoder  # noqa: PLC0415  TensorFlow takes seconds
    from training.studying.study_encoder import KerasEncoder  # noqa: PLC0415

    encoder = study_autoencoder().encoder
    tiles = np.random.default_rng(1).integers(0, 256, (2, 128, 128)).astype(np.uint8)
    expected = encoder.predict_on_batch(tiles[..., None])
    pictures = in_grey(tiles)
    colour = KerasEncoder(encoder)
    assert colour.encode(pictures) == pytest.approx(expected, abs=1e-4)
    pictures[..., [0, 2]] = 0
    assert np.abs(colour.encode(pictures) - expected).max() > 1e-3

"""The pretrain command: from films to weights, on tiles too small to learn much from."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from tests.films import write_png
from training import pretrain
from training.__main__ import main
from training.planting.grounds import read_regions
from training.progress import StepLog

SIDE = 64
START = Path(pretrain.__file__).parent / "learning" / "screener.npz"
WRITTEN = 250


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two films of grey noise, the first with a bright mark and a region round it."""
    monkeypatch.setattr(pretrain, "SIDE", SIDE)
    monkeypatch.setattr(pretrain, "_WINDOWS", 40)
    rng = np.random.default_rng(1)
    for name in ("a", "b"):
        pixels = rng.integers(60, 160, (480, 360), dtype=np.uint8)
        if name == "a":
            pixels[160:240, 40:120] = WRITTEN
        write_png(tmp_path / "films" / f"{name}.png", pixels)
    mark = [[40 / 360, 160 / 480], [120 / 360, 160 / 480], [120 / 360, 240 / 480]]
    about = {"a": {"lettering": [[*mark, [40 / 360, 240 / 480]]]}}
    (tmp_path / "regions.json").write_text(json.dumps(about))
    return tmp_path / "films"


def line(films: Path, *options: str) -> list[str]:
    """Return the command's arguments for 40 lessons and one pass."""
    regions, out = films.parent / "regions.json", films.parent / "out" / "weights"
    few = ["--lessons", "40", "--passes", "1", "--work", str(films.parent)]
    begin = [] if {"--start", "--trunk"} & {*options} else ["--start", str(START)]
    told = ["--regions", str(regions), "--out", str(out), *few, *begin, *options]
    return ["pretrain", str(films), *told]


@pytest.mark.usefixtures("untraced")
def test_films_become_weights(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file named is written, and nothing is left beside; a screener takes its weights."""
    assert main(line(films)) == 0
    file = films.parent / "out" / "weights"
    told = capsys.readouterr()
    assert told.out == f"{file}: {file.stat().st_size / 2**20:.1f} MiB\n"
    assert "1 of 2 scans have regions" in told.err
    assert sorted(path.name for path in films.parent.iterdir()) == ["films", "out", "regions.json"]
    assert [path.name for path in file.parent.iterdir()] == ["weights"]
    from training.learning.screener import build_screener, load_start  # noqa: PLC0415  TensorFlow

    load_start(build_screener(SIDE), file)


@pytest.mark.usefixtures("untraced")
def test_a_trunk_becomes_weights_with_a_front(films: Path) -> None:
    """Taught on the original's first blocks; what is written has a front, and the other blocks."""
    from training.learning.screener import build_screener, load_start  # noqa: PLC0415  TensorFlow

    original = build_screener(SIDE, original=True)
    count = sum(len(layer.weights) for layer in original.layers if not layer.trainable)
    held, trunk = original.get_weights()[:count], films.parent / "trunk.npz"
    np.savez(trunk, **{f"w{number:03d}": values for number, values in enumerate(held)})
    assert main(line(films, "--trunk", str(trunk))) == 0
    screener = build_screener(SIDE)
    load_start(screener, films.parent / "out" / "weights")
    frozen = sum(len(layer.weights) for layer in screener.layers if not layer.trainable)
    blocks = screener.get_weights()[20:frozen]
    for one, wanted in zip(blocks, held[-len(blocks) :], strict=True):
        np.testing.assert_allclose(one, wanted, rtol=2e-3, atol=1e-6)


def test_weights_begin_somewhere(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Either weights to go on from or a trunk, and not both."""
    for options in (["--start", "a.npz", "--trunk", "b.npz"], []):
        with pytest.raises(SystemExit):
            main(["pretrain", str(films), "--out", "w.npz", *options])
    assert "--trunk" in capsys.readouterr().err


@pytest.mark.parametrize("told", [True, False])
def test_regions_keep_real_lettering_out_of_the_grounds(
    films: Path, tmp_path: Path, told: bool
) -> None:
    """No window touches what a region goes round; without regions some do."""
    regions = read_regions(tmp_path / "regions.json") if told else {}
    pretrain._cut(Namespace(scans=films, seed=1), regions, tmp_path, StepLog())
    grounds = np.load(tmp_path / "grounds.npy")
    assert grounds.shape[1:] == (SIDE, SIDE)
    assert len(grounds) == len(np.load(tmp_path / "rims.npy")) > 40
    assert (grounds.max() < 200) == told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--lessons", "0"), "--lessons is 0; it must be at least 1"),
        (("--passes", "0"), "--passes is 0; it must be a number above 0"),
        (("--passes", "nan"), "--passes is nan; it must"),
        (("--seed", "-1"), "--seed is -1; it must be at least 0"),
        (("--start", "none.npz"), "--start none.npz does not exist"),
        (("--trunk", "none.npz"), "--trunk none.npz does not exist. Make it: "),
        (("--out", "."), ". is a folder. Give the name of the file"),
        (("--regions", "none.json"), "none.json is no table of lettering regions"),
    ],
)
def test_misuse_is_answered_at_once(
    films: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    """A wrong option ends in one sentence before a film is read."""
    assert main(line(films, *options)) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"training: {said}")
    assert "cut grounds" not in error


def test_damaged_film_is_named(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One film that cannot be read stops the command with its name."""
    (films / "c.png").write_bytes(b"no picture")
    assert main(line(films)) == 1
    assert "training: c.png: It is no DICOM, PNG" in capsys.readouterr().err


def test_films_written_all_over_leave_nothing(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regions that cover every film leave no ground, and that is said."""
    everywhere = {"lettering": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
    (films.parent / "regions.json").write_text(json.dumps({"a": everywhere, "b": everywhere}))
    assert main(line(films)) == 1
    assert "No clean window was found in" in capsys.readouterr().err

"""The `study` command with an encoder that is known by hand."""

import json
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import InputError
from tests.pictures import png
from training.study import configure, run
from training.studying.study_encoder import Task

COUNT = 24
HALF = 64


class FakeEncoder:
    """Means of the four quarters in red, then the mean of green: green pictures lose four."""

    def encode(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        red = pictures[..., 0].reshape(len(pictures), 2, HALF, 2, HALF).mean((2, 4))
        green = pictures[..., 1].mean((1, 2))
        return np.column_stack([red.reshape(len(pictures), 4), green]).astype(np.float32)


def fake_train(task: Task) -> FakeEncoder:
    assert task.config.profile == "study"
    assert len(task.tiles) >= 10
    return FakeEncoder()


def write_tiles(folder: Path, count: int = COUNT) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(5)
    lines = ["id,scan,patient,y,x"]
    for number in range(count):
        squares = rng.integers(0, 256, (2, 2)).repeat(10, 0).repeat(10, 1)
        (folder / f"c{100 + number}.png").write_bytes(png(squares.astype(np.uint8)))
        lines.append(f"c{100 + number},film-{number % 3},p,{350 * number},0")
    (folder / "tiles.csv").write_text("\n".join(lines))
    return folder


def write_labels(folder: Path) -> Path:
    file = folder / "labels.csv"
    rows = [f"c{100 + n},{'lettering' if n % 4 == 0 else 'other'}" for n in range(COUNT)]
    file.write_text("\n".join(["id,label", *rows]))
    return file


def arguments(*given: object) -> Namespace:
    parser = ArgumentParser()
    configure(parser)
    return parser.parse_args([str(value) for value in given])


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 24 tiles of three scans."""
    return write_tiles(tmp_path_factory.mktemp("study") / "tiles")


@pytest.fixture(scope="module")
def figures(tiles: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The JSON of a run with labels."""
    folder = tmp_path_factory.mktemp("out")
    out = folder / "study.json"
    run(arguments(tiles, "--out", out, "--labels", write_labels(folder)), train=fake_train)
    return json.loads(out.read_text())


def test_each_flaw_is_told(tiles: Path, capsys: pytest.CaptureFixture[str]):
    """The command prints a line for each variant and a sentence for each flaw."""
    assert run(arguments(tiles), train=fake_train) == 0
    told = capsys.readouterr().out
    for line in ("done right", "flaw 1: green", "flaw 2: wrong rows", "flaw 3: eps", "all three"):
        assert f"\n{line}" in told
    for sentence in ("Flaw 1,", "Flaw 2,", "Flaw 3,", "All three.", "The deeper one."):
        assert f"\n{sentence}" in told
    assert "24 tiles of 3 scans" in told


def test_flaws_hurt_alone(figures: dict):
    """Skew and wrong rows cost right neighbours; eps costs none."""
    overlaps = {key: variant["overlap"] for key, variant in figures["variants"].items()}
    assert overlaps["right"] == overlaps["eps"] == 1
    assert overlaps["skew"] < 0.9
    assert overlaps["rows"] < 0.5
    assert overlaps["all"] < 0.5


def test_green_tiles_lose_the_red_latents(figures: dict):
    """Tiles land elsewhere when they are green, by as much as the fake encoder says."""
    assert figures["facts"]["moved"] > 1


def test_labels_add_precision(figures: dict):
    """With labels every variant has P@k, and the sentence names the base rate."""
    assert figures["facts"]["positives"] == 0.25
    assert 0 <= figures["variants"]["right"]["precision"] <= 1
    assert figures["variants"]["right"]["precision_other_scans"] is not None
    assert "by chance it would be 0.25" in figures["sentences"][-1]


def test_sentences_have_the_table_s_figures(figures: dict):
    """What the words say is what was measured."""
    rows = figures["variants"]["rows"]
    assert f"{rows['distance']:.1f} away" in figures["sentences"][1]
    assert f"{figures['facts']['moved']:.1f} away" in figures["sentences"][0]


def test_runs_are_repeatable(tiles: Path, tmp_path: Path):
    """The same seed gives the same figures."""
    for name in ("a", "b"):
        run(arguments(tiles, "--out", tmp_path / name), train=fake_train)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()


def test_page_shows_the_query(tiles: Path, tmp_path: Path):
    """The page has the tile in grey and green and five strips, all inside it."""
    page = tmp_path / "study.html"
    run(arguments(tiles, "--report", page, "--query", "c107"), train=fake_train)
    html = page.read_text()
    assert html.count('<div class="asked">') == 1
    assert html.count('<div class="strip">') == 5
    assert 'alt="tile c107"' in html
    assert not re.search(r'src="(?!data:image/webp)', html)


def test_page_without_query_shows_positives(tiles: Path, tmp_path: Path):
    """Without ids the page shows labelled positives where there are labels."""
    page, labels = tmp_path / "study.html", write_labels(tmp_path)
    run(arguments(tiles, "--report", page, "--labels", labels), train=fake_train)
    shown = re.findall(r"<figcaption>(c\d+)</figcaption>", page.read_text())
    assert len(shown) == 3
    assert all(int(name[1:]) % 4 == 0 for name in shown)


def test_limit_takes_a_spread_and_keeps_the_query(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """With --limit fewer tiles are taken, the asked one among them, and it says so."""
    page = tmp_path / "study.html"
    args = arguments(tiles, "--limit", 12, "--query", "c107", "--report", page)
    assert run(args, train=fake_train) == 0
    told = capsys.readouterr().out
    assert "Taking 12 of 24 tiles" in told
    assert "\n12 tiles" in told


def test_missing_folder(tmp_path: Path):
    """A missing folder is a sentence."""
    with pytest.raises(InputError, match="does not exist"):
        run(arguments(tmp_path / "none"), train=fake_train)


def test_no_more_tiles_than_neighbours(tiles: Path):
    """Fewer tiles than k + 1 is a sentence with the bound."""
    with pytest.raises(InputError, match="less than the number of tiles, 24"):
        run(arguments(tiles, "--k", 24), train=fake_train)


def test_no_more_neighbours_than_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """P@k of a larger k was compared with the overlap of the hundred that are found."""
    monkeypatch.setattr("training.study.GRAPH", 5)
    with pytest.raises(InputError, match="at most 5"):
        run(arguments(write_tiles(tmp_path / "tiles", 12), "--k", 6), train=fake_train)


def test_too_few_tiles(tmp_path: Path):
    """Three tiles are too few, and it says how many are needed."""
    with pytest.raises(InputError, match="at least 10"):
        run(arguments(write_tiles(tmp_path / "few", 3)), train=fake_train)


def test_unknown_query(tiles: Path):
    """An unknown id is refused before training, with near matches."""
    with pytest.raises(InputError, match=r"--query: .*'c1070'\. Near matches: c107.* give one"):
        run(arguments(tiles, "--query", "c1070"), train=_never)


def _never(_task: Task) -> FakeEncoder:
    raise AssertionError("trained before the input was checked")


def test_labels_of_other_tiles(tiles: Path, tmp_path: Path):
    """Labels of which none fits are refused before training."""
    (tmp_path / "l.csv").write_text("id,label\nz1,lettering\n")
    with pytest.raises(InputError, match="None of the 1 labels"):
        run(arguments(tiles, "--labels", tmp_path / "l.csv"), train=_never)


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_unwritable_place(tiles: Path, tmp_path: Path, option: str):
    """A place that cannot be written is refused before training."""
    with pytest.raises(InputError, match="is a folder"):
        run(arguments(tiles, option, tmp_path), train=_never)


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_labels_are_not_written_over(tiles: Path, tmp_path: Path, option: str):
    """They were read, and then the figures stood in their place."""
    labels = write_labels(tmp_path)
    before = labels.read_bytes()
    with pytest.raises(InputError, match="holds the labels"):
        run(arguments(tiles, "--labels", labels, option, labels), train=_never)
    assert labels.read_bytes() == before


def test_figures_and_page_are_two_files(tiles: Path, tmp_path: Path):
    """One would be written over the other."""
    file = tmp_path / "study"
    with pytest.raises(InputError, match="--out and --report are both"):
        run(arguments(tiles, "--out", file, "--report", file), train=_never)


@pytest.mark.parametrize("option", ["--limit", "--epochs", "--k"])
def test_options_below_one(tiles: Path, option: str):
    """A count below 1 is refused with its option's name."""
    with pytest.raises(InputError, match=f"{option} is 0"):
        run(arguments(tiles, option, 0), train=_never)


def test_work_folder_that_cannot_be(tiles: Path, tmp_path: Path):
    """A work folder below a file is a sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Give another --work"):
        run(arguments(tiles, "--work", tmp_path / "file" / "work"), train=_never)


def test_work_folder_keeps_decoded_tiles(tiles: Path, tmp_path: Path):
    """With --work the decoded tiles stay for the next run."""
    run(arguments(tiles, "--work", tmp_path / "work"), train=fake_train)
    assert (tmp_path / "work" / "inputs.bin").stat().st_size == COUNT * 128 * 128

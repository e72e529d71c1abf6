"""The `screen` command: which tiles stay, and what it says of them."""

import csv
import os
import stat
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import Bundle, BundleMissing, InputError, open_bundle
from bundle.manifest import Concept
from bundle.versions import write_version
from tests.forge import forge_array, reseal
from tests.tiny import tiny_rules, write_tiny_bundle
from training.learning.listing import Table, list_tiles
from training.screen import as_csv, configure, divide, fewest, left, run

NONE_GONE = np.zeros(5, dtype=bool)
SCORES = np.array([0.125, 0.875, 0.0, 0.5, 0.5], dtype=np.float32)


def arguments(*given: object) -> Namespace:
    parser = ArgumentParser()
    configure(parser)
    return parser.parse_args([str(one) for one in given])


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def rows(chosen: NDArray[np.bool_]) -> list[int]:
    return np.flatnonzero(chosen).tolist()


@pytest.mark.parametrize(
    ("share", "dropped"),
    [(0.0, []), (0.4, [1]), (0.4375, [1]), (0.44, [1, 3]), (0.6875, [1, 3]), (0.9, [1, 3, 4])],
)
def test_the_highest_scores_go_until_the_share_is_reached(share: float, dropped: list[int]):
    """Of equal scores the first goes; no tile goes beyond those that the share needs."""
    assert rows(fewest(SCORES, share, NONE_GONE)) == dropped


def test_all_of_the_lettering_means_every_score_above_nothing():
    """A share of 1 drops every tile that might hold lettering, and no other."""
    assert rows(fewest(SCORES, 1.0, NONE_GONE)) == [0, 1, 3, 4]
    assert not fewest(np.zeros(5, dtype=np.float32), 1.0, NONE_GONE).any()


def test_tiles_gone_anyway_count_towards_the_share():
    """What goes for being blank takes its part of the lettering with it."""
    gone = np.arange(5) == 3
    assert rows(fewest(SCORES, 0.25, gone)) == [3]
    assert rows(fewest(SCORES, 0.6875, gone)) == [1, 3]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99, 1.0])
def test_the_share_is_reached_and_with_one_tile_less_is_not(share: float):
    """The dropped hold at least the share of all scores; without the least of them, less."""
    scores = np.random.default_rng(3).beta(0.3, 2, 500).astype(np.float32)
    dropped = np.sort(scores[fewest(scores, share, np.zeros(500, dtype=bool))].astype(float))
    wanted = share * scores.sum(dtype=np.float64)
    assert dropped.sum() >= wanted * (1 - 1e-9)
    assert dropped[1:].sum() < wanted


def test_certain_scores_leave_nothing_open():
    """Scores of 0 and 1 give an interval of no width."""
    found = left(np.array([0, 1, 1], dtype=np.float32))
    assert (found.mean, found.low, found.high) == (2, 2, 2)


def test_the_interval_is_poisson_binomial_and_cut_at_0():
    """Mean and variance are the sums over the tiles; there are no fewer than 0 tiles."""
    found = left(np.full(100, 0.5, dtype=np.float32))
    assert (found.low, found.high) == pytest.approx((50 - 9.8, 50 + 9.8))
    assert left(np.full(3, 0.1, dtype=np.float32)).low == 0


def test_by_verdict_no_kept_tile_has_the_verdict_drop(tiny_bundle: Bundle):
    """Without a share the dropped are those whose verdict says so, and all others are kept."""
    lists = divide(tiny_bundle, None, keep_blank=False)
    assert (tiny_bundle.verdicts[lists.dropped] == 2).all()
    assert not (tiny_bundle.verdicts[lists.kept] == 2).any()
    assert sorted([*lists.kept, *lists.dropped]) == list(range(len(tiny_bundle)))


@pytest.mark.parametrize("share", [None, 0.5])
def test_blank_tiles_go_unless_kept(tiny_bundle: Bundle, share: float | None):
    """A blank tile is dropped whatever its lettering score, and kept with --keep-blank."""
    scores = tiny_bundle.scores.copy()
    scores[0] = [0, 0, 0, 1, 0]
    verdicts = np.where(np.arange(12) == 0, 2, tiny_bundle.verdicts).astype(np.uint8)
    arrays = {**tiny_bundle.arrays, "scores.npy": scores, "verdicts.npy": verdicts}
    bundle = Bundle(
        tiny_bundle.path, tiny_bundle.manifest, arrays, tiny_bundle.scans, tiny_bundle.pictures
    )
    assert 0 in divide(bundle, share, keep_blank=False).dropped
    assert 0 in divide(bundle, share, keep_blank=True).kept


def test_both_lists_hold_every_tile_once(tiny_path: Path, tmp_path: Path):
    """Every stored tile is either in the list of the kept or in that of the dropped."""
    out, dropped = tmp_path / "clean.csv", tmp_path / "dropped.csv"
    given = (tiny_path, "--out", out, "--dropped", dropped, "--drop-below-recall", 0.5)
    assert run(arguments(*given)) == 0
    ids = [row["id"] for row in table(out) + table(dropped)]
    assert sorted(ids) == [f"c{300 + 3 * number}" for number in range(12)]
    assert {row["verdict"] for row in table(dropped)} == {"drop"}


def test_a_line_says_verdict_score_reasons_and_place(tiny_bundle: Bundle):
    """A line has what the bundle knows of a tile, its reasons joined by semicolons."""
    first, last = list(csv.DictReader(as_csv(tiny_bundle, [1, 11]).splitlines()))
    assert (first["id"], first["verdict"], first["reasons"]) == ("c303", "keep", "")
    assert (first["scan"], first["y"], first["x"]) == ("film-b", "350", "0")
    assert (last["verdict"], last["reasons"]) == ("review", "LETTERING")
    assert float(last["score"]) == pytest.approx(tiny_bundle.scores[11, 0], abs=1e-4)


@pytest.mark.parametrize("verdict", ["review", "drop"])
def test_a_concept_has_its_name_and_its_verdict(tmp_path: Path, verdict: str):
    """What people taught is told by name, and drops its tiles where they said so."""
    write_tiny_bundle(tmp_path / "plain")
    plain = open_bundle(tmp_path / "plain")
    taught = {"name": "skin marker", "positive": 3, "negative": 1, "scans": 0, "verdict": verdict}
    weights = np.zeros((1, 10), dtype=np.float32)
    weights[0, 0] = -9  # of the dark, whose first number is below the mean
    write_version(plain, tmp_path / "new", [Concept.model_validate(taught)], weights)
    bundle = open_bundle(tmp_path / "new")
    dark = np.flatnonzero(bundle.points[:, 0] < 0)
    lines = list(csv.DictReader(as_csv(bundle, range(12)).splitlines()))
    named = [row for row, line in enumerate(lines) if "CONCEPT:skin marker" in line["reasons"]]
    assert named == dark.tolist()
    lists = divide(bundle, None, keep_blank=False)
    assert np.flatnonzero(bundle.verdicts == 2).tolist() == lists.dropped.tolist()
    assert set(dark) <= set(lists.dropped if verdict == "drop" else lists.kept)


def test_fit_takes_the_list_whatever_the_ids(tmp_path: Path):
    """Ids stand as the user gave them: the list names the same tiles to `fit --manifest`."""
    ids = ["+1", "-1", "=1+1", "@a", "a,b", *[f"c{number}" for number in range(10, 17)]]
    write_tiny_bundle(tmp_path / "bundle", ids=ids)
    for name in ids:
        (tmp_path / f"{name}.png").touch()
    out = tmp_path / "clean.csv"
    run(arguments(tmp_path / "bundle", "--out", out, "--drop-below-recall", 0))
    assert [tile.id for tile in list_tiles(tmp_path, Table(out))] == ids


def test_it_says_what_is_left_and_that_it_is_an_estimate(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The counts add up, the interval stands there, and so does what it is worth."""
    run(arguments(tiny_path, "--out", tmp_path / "clean.csv"))
    told = capsys.readouterr()
    assert "7 of 12 tiles kept, 5 dropped (0 of them blank)" in told.out
    assert "95 % interval" in told.out
    assert "verdict review: 1;" in told.out
    assert "estimate from scores calibrated without labels" in told.out
    assert told.err == ""


def test_dropping_more_than_half_is_warned_of(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A share that costs most of the tiles is told with the counts."""
    run(arguments(tiny_path, "--out", tmp_path / "clean.csv", "--drop-below-recall", 1))
    assert "More than half of the tiles are dropped (12 of 12)" in capsys.readouterr().err


def test_scores_that_are_not_calibrated_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The manifest's own note says why the estimate may be far off."""
    write_tiny_bundle(tmp_path / "bundle")
    rules = tiny_rules().model_dump() | {"calibrated": False, "note": "Too few tiles."}
    reseal(tmp_path / "bundle", screening=rules)
    run(arguments(tmp_path / "bundle", "--out", tmp_path / "clean.csv"))
    assert "not calibrated, so the estimate may be far off: Too few tiles." in (
        capsys.readouterr().err
    )


def test_scores_of_the_studys_kind_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A bundle that judges by distance says that it finds little."""
    write_tiny_bundle(tmp_path / "bundle", maps=False)
    run(arguments(tmp_path / "bundle", "--out", tmp_path / "clean.csv"))
    assert "the study's outlier distances, which find little" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["-0.1", "1.01", "99", "nan", "inf"])
def test_shares_beyond_0_to_1_are_refused(tiny_path: Path, tmp_path: Path, share: str):
    """The sentence says the value and what to give; nothing is written."""
    given = arguments(tiny_path, "--out", tmp_path / "x.csv", f"--drop-below-recall={share}")
    with pytest.raises(InputError, match=r"give a share from 0 to 1, as 0\.99"):
        run(given)
    assert not list(tmp_path.iterdir())


def test_next_to_nothing_to_drop_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Of tiles without lettering a share of the lettering is no aim."""
    forge = tmp_path / "bundle"
    write_tiny_bundle(forge)
    forge_array(forge, "scores.npy", np.full((12, 5), 0.01, np.float32))
    run(arguments(forge, "--out", tmp_path / "a.csv", "--drop-below-recall", 0.9))
    assert "By the scores about 0.1 of all 12 tiles hold lettering" in capsys.readouterr().err
    run(arguments(forge, "--out", tmp_path / "a.csv"))
    assert "By the scores about" not in capsys.readouterr().err


def test_devices_are_refused_and_links_kept(tiny_path: Path, tmp_path: Path):
    """A list that is written must not take the place of a pipe, a device or a link."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with pytest.raises(InputError, match="is a device or a pipe"):
        run(arguments(tiny_path, "--out", tmp_path / "pipe"))
    run(arguments(tiny_path, "--out", tmp_path / "link.csv"))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("id,")


@pytest.mark.parametrize("option", ["--out", "--dropped"])
def test_lists_in_wrong_places_are_refused(tiny_path: Path, tmp_path: Path, option: str):
    """A list is no folder, and the bundle stays as it is."""
    before = sorted(tiny_path.iterdir())
    for place, reason in ((tmp_path, "is a folder"), (tiny_path / "x.csv", "lies in the bundle")):
        given = arguments(tiny_path, "--out", tmp_path / "clean.csv", option, place)
        with pytest.raises(InputError, match=reason):
            run(given)
    assert sorted(tiny_path.iterdir()) == before


def test_one_file_cannot_be_both_lists(tiny_path: Path, tmp_path: Path):
    """The kept are not overwritten by the dropped."""
    file = tmp_path / "x.csv"
    with pytest.raises(InputError, match="Give each a file of its own"):
        run(arguments(tiny_path, "--out", file, "--dropped", file))


def test_no_bundle_is_said_so(tmp_path: Path):
    """Without a bundle the sentence says how to make one, and no list is left."""
    with pytest.raises(BundleMissing, match="python -m training fit"):
        run(arguments(tmp_path / "none", "--out", tmp_path / "x.csv"))
    assert not (tmp_path / "x.csv").exists()

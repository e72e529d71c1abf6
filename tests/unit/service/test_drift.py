"""Drift: the distance of tiles that are sent, beside what it was at fit."""

from pathlib import Path

import numpy as np
import pytest

from bundle import open_bundle
from service.observing.drift import QUANTILES, WINDOW, Drift, compare, usual_distances
from tests.api import running
from tests.pictures import png
from tests.tiny import tiny_tiles

USUAL = np.sort(np.random.default_rng(1).gamma(4, size=2000)).astype(np.float32)


def sample(count: int, factor: float = 1.0) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return (np.random.default_rng(2).gamma(4, size=count) * factor).astype(np.float32)


@pytest.mark.parametrize("count", [100, 300, 1000])
def test_the_same_distribution_is_no_drift(count: int) -> None:
    """However few tiles there are, chance alone is not called drift."""
    found = compare(USUAL, sample(count))
    assert found.verdict == "none"
    assert "are as far" in found.sentence


def test_few_stored_tiles_are_a_sample_too() -> None:
    """Beside sixty tiles the same distribution comes out at 0.15 on average."""
    stored = [np.random.default_rng(n).gamma(4, size=60).astype(np.float32) for n in range(100)]
    found = [compare(np.sort(usual), sample(1000)).verdict for usual in stored]
    assert found.count("none") > 80
    assert found.count("strong") < 5


@pytest.mark.parametrize(
    ("factor", "verdict", "word"),
    [(1.25, "some", "further"), (0.85, "some", "nearer"), (2, "strong", "further")],
)
def test_other_distances_are_drift(factor: float, verdict: str, word: str) -> None:
    """Tiles that lie further away, or nearer, are told as such."""
    found = compare(USUAL, sample(1000, factor))
    assert found.verdict == verdict
    assert f"lie {word} than" in found.sentence


@pytest.mark.parametrize("strange", [100, 300])
def test_strange_tiles_among_copies_are_told(strange: int) -> None:
    """The median alone would call them all copies."""
    copies = np.full(1000 - strange, 0.01, dtype=np.float32)
    found = compare(USUAL, np.concatenate([copies, np.full(strange, 50, dtype=np.float32)]))
    assert found.verdict == "strong"
    assert "partly nearer and partly further" in found.sentence
    assert "one in twenty from 50 on" in found.sentence


def test_index_and_distance_of_known_shares() -> None:
    """By hand: all tiles beyond the last tenth; with half a tile added to each of ten bins."""
    found = compare(USUAL, np.full(100, 1e6, dtype=np.float32))
    now, before = np.full(10, 0.5 / 105), np.full(10, 200.5 / 2005)
    now[-1] = 100.5 / 105
    assert found.population_stability == pytest.approx(
        ((now - before) * np.log(now / before)).sum()
    )
    assert found.ks_distance == 1.0


def test_few_tiles_say_nothing() -> None:
    """Below a hundred tiles there are figures, and no verdict."""
    found = compare(USUAL, sample(99))
    assert (found.verdict, found.population_stability, found.ks_distance) == ("unknown", None, None)
    assert len(found.seen) == len(QUANTILES)


def test_latents_that_are_no_numbers_are_infinitely_far(tiny_path: Path) -> None:
    """An encoder that overflows shows as drift, not as an error."""
    latents = np.full((200, 4), np.nan, dtype=np.float32)
    found = Drift(open_bundle(tiny_path)).figures(latents)
    assert found.seen == (np.inf,) * len(QUANTILES)
    assert found.verdict == "strong"


def test_usual_distances_are_to_other_scans(tiny_path: Path) -> None:
    """Each stored tile's nearest reference of another scan, worked out plainly."""
    bundle = open_bundle(tiny_path)
    scans = np.arange(12) % 3
    away = np.linalg.norm(bundle.points[:, None] - bundle.points[None], axis=2)
    away[scans[:, None] == scans[None]] = np.inf
    assert usual_distances(bundle) == pytest.approx(np.sort(away.min(axis=1)), rel=1e-5)


def test_the_window_is_of_the_last_tiles(tiny_path: Path) -> None:
    """Older ones are forgotten."""
    drift = Drift(open_bundle(tiny_path))
    for number in range(WINDOW + 5):
        drift.note(np.full(4, number, dtype=np.float32))
    assert drift.latents().shape == (WINDOW, 4)
    assert drift.latents()[0, 0] == 5


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_every_good_tile_that_is_sent_counts(tiny_path: Path, accept: str) -> None:
    """Whatever is asked of it and in whatever form; bad tiles and probes do not count."""
    parts = [("files", (f"{n}.png", png(tile))) for n, tile in enumerate(tiny_tiles())]
    parts.append(("files", ("bad.png", b"no picture")))
    with running(tiny_path) as api:
        for _ in range(10):
            api.ask("POST", "/encode", files=parts, headers={"Accept": accept}).raise_for_status()
        api.get("/readyz").raise_for_status()
        told = api.get("/bundle/drift").json()
    assert told["tiles"] == 120
    assert told["drift"] != "unknown"
    assert len(told["seen"]) == len(told["usual"]) == len(told["quantiles"])


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_tile_alone_counts_once(tiny_path: Path, accept: str) -> None:
    """Whether it can be used is found out before its line is written."""
    headers = {"Accept": accept, "Content-Type": "image/png"}
    with running(tiny_path) as api:
        for tile in tiny_tiles()[:3]:
            api.ask("POST", "/screen", content=png(tile), headers=headers).raise_for_status()
        assert api.get("/bundle/drift").json()["tiles"] == 3

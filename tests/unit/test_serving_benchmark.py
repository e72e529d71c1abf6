"""The benchmark of serving reads every contender's answers, and its tables tell what was found."""

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.serving import payloads
from benchmarks.serving.catalogue import OURS, PEERS
from docs import serving, serving_plot

CASES = ("single_x1", "single_x8", "single_x64", "many", "at_share")


def turn(rate: float, **cases: dict[str, float]) -> dict[str, Any]:
    """Return figures of a turn in which every case went at one rate."""
    one = {"tiles_per_s": rate, "p50_ms": 10.0, "p99_ms": 30.0, "probe_p99_ms": 4.0}
    return {case: one | cases.get(case, {}) for case in CASES} | {"memory_mib": {"proportional": 9}}


def contender(title: str, *turns: dict[str, Any], ours: bool = False, tf: bool = False) -> Any:
    return {"title": title, "ours": ours, "tensorflow": tf, "turns": list(turns)}


@pytest.fixture
def figures() -> dict[str, Any]:
    """Our service beside three peers, one of which did not start."""
    bare = {"encoder_tiles_per_s": 1000.0, "decode_and_encoder_tiles_per_s": 800.0}
    return {
        "seconds": 6.0,
        "rounds": 3,
        "generator": "k6",
        "tile_bytes": 50_000,
        "batch_tiles": 32,
        "bare": {name: [bare | {"single_ms": 8.0}] for name in ("study", "default")},
        "default_only": [
            {
                "stored_tiles": 128,
                "stored_neighbors_one_core": {"tiles_per_s": 4000.0, "p99_ms": 9.0},
                "stored_neighbors_at_rate": {"asked_per_s": 3000, "p99_ms": 3.0},
                "neighbors_many": {"tiles_per_s": 2000.0},
                "client_tiles_per_s": 1500.0,
            }
        ],
        "contenders": {
            "tilescreen-study": contender("Ours", turn(700), turn(900), turn(901), ours=True),
            "tilescreen-default": contender("Default", turn(2700), ours=True),
            "quick": contender("Quick", turn(250, many={"tiles_per_s": 300.0})),
            "slow": contender("Slow", turn(100), tf=True),
            "gone": contender("Gone") | {"skipped": "It does not install."},
        },
    }


@pytest.mark.parametrize("one", [*OURS, *PEERS], ids=lambda one: one.key)
def test_a_question_carries_every_tile(one: Any) -> None:
    """However a contender wants its tiles, they are all in the body."""
    tiles = [b"first tile", b"second tile"]
    for question, sent in ((one.single, tiles[:1]), (one.many, tiles)):
        if question:
            body = question.write(sent).body
            shown = {payloads.base64.b64encode(tile) for tile in sent}
            assert all(tile in body for tile in sent) or all(tile in body for tile in shown)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (payloads.OURS_MANY, {"results": [{"latent": [1, 2]}, {"latent": [3, 4]}]}),
        (payloads.PLAIN_MANY, {"latents": [[1, 2], [3, 4]]}),
        (payloads.BENTOML, [[1, 2], [3, 4]]),
        (payloads.MLSERVER, {"outputs": [{"shape": [2, 2], "data": [1, 2, 3, 4]}]}),
    ],
)
def test_latents_are_read_in_the_order_of_the_tiles(question: Any, answer: Any) -> None:
    """One row a tile, whatever the answer's shape."""
    found = question.latents(json.dumps(answer).encode())
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])


def test_ratios_are_of_medians_and_of_each_ones_better_way(figures: Any) -> None:
    """900 tiles/s, the middle of three rounds, is three times Quick's 300 and nine times 100."""
    _, rows = serving.goals(figures)
    found = {str(row[0]): row[1] for row in rows}
    assert found["`study` >= 3 x the best peer"] == "3.00 x"
    assert found["`study` >= 5 x the best with TensorFlow"] == "9.00 x"
    assert found["`study` >= 85 % of the bare runtime"] == "90%"
    assert found["`default` >= 3 x `study`"] == "3.00 x"
    assert "4,000/s; at 3,000/s p99 3.0 ms" in found.values()


def test_latency_is_told_beside_the_encoder_and_in_batches(figures: Any) -> None:
    """A p50 of 10 ms is 2 above an encoder of 8; 30 ms hold 0.9 batches of 32 at 1000 tiles/s."""
    _, rows = serving.goals(figures)
    said = [str(row[1]) for row in rows]
    assert "p50 encoder +2.0 ms, p99 3.0 x p50" in said
    assert "p99 0.9 batches, `/livez` p99 4.0 ms" in said


def test_who_was_not_measured_is_named_with_the_reason(figures: Any) -> None:
    """A peer that did not install has no row, but a line."""
    _, rows = serving.contenders(figures)
    assert "Gone" not in {row[0] for row in rows}
    assert "Gone. It does not install." in serving.missing(figures)


@pytest.mark.parametrize(("rounds", "short"), [(3, False), (1, True)])
def test_a_short_run_says_so(figures: Any, rounds: int, short: bool) -> None:
    """One round is a trial, three are a measurement."""
    machine = {"cores": 2, "processor": "a processor"}
    said = serving.conditions(
        figures | {"rounds": rounds, "minutes": 12.5, "load_before": 0.1}, machine
    )
    assert ("short run" in said) == short


def test_the_plot_has_a_named_curve_for_each(figures: Any) -> None:
    """Four ran: four curves of three points, and their names."""
    picture = serving_plot.plot(figures)
    assert picture.count("<polyline") == 4
    assert picture.count("<circle") == 12
    assert ">Quick</text>" in picture
    assert "Gone" not in picture

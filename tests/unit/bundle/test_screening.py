"""From maps to reasons and verdicts, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, open_bundle
from bundle.bundle import reference_places, reference_rows
from bundle.preprocess import Input
from bundle.runtime import no_maps
from bundle.screening import (
    REASONS,
    VERDICTS,
    Evidence,
    alike,
    distances_to,
    gather,
    outlier_evidence,
    peaks,
    reasons,
    reference_distances,
    screen,
    screen_new,
    strangeness,
    widened,
)
from bundle.views import look_again
from tests.tiny import SIDE, tiny_maps, tiny_rules, tiny_tiles, write_tiny_bundle


def reads(
    tiles: np.ndarray, colour: float = 0.0, size: tuple[int, int] = (2 * SIDE, 2 * SIDE)
) -> list[Input]:
    """Return tiles as if they had been read."""
    return [Input(tile, size, colour) for tile in tiles]


def maps(*cells: tuple[int, int, float], layer: int = 0, rest: float = -3.0) -> np.ndarray:
    """Return (1, 3, 4, 4) maps at `rest` but for some cells (row, column, evidence)."""
    found = np.full((1, 3, 4, 4), rest, dtype=np.float32)
    for row, column, value in cells:
        found[0, layer, row, column] = value
    return found


def judged(peaks: list[float], tile: np.ndarray | None = None, away: float = 0.0) -> tuple:
    """Return scores and verdict of one tile with this evidence."""
    rng = np.random.default_rng(0)
    tile = rng.integers(0, 99, (1, 16, 16), dtype=np.uint8) if tile is None else tile
    evidence = Evidence(np.array([peaks], dtype=np.float32), np.zeros((1, 3, 4), np.int16))
    found = screen(tiny_rules(), tile, evidence, np.array([away], dtype=np.float32))
    return found.scores[0], VERDICTS[found.verdicts[0]]


def test_the_peak_is_the_mean_of_the_six_highest_cells_of_each_layer() -> None:
    """One number a layer; a speck in one cell counts a sixth of a letter in six."""
    speck, letter = maps((1, 2, 6.0), layer=1), maps()
    assert gather(speck, 64).peaks.tolist() == [[-3.0, -1.5, -3.0]]
    letter[0, 0, :2, :3] = 5.5
    assert gather(letter, 64).peaks[0, 0] == 5.5


def test_a_map_of_few_cells_has_a_peak_as_well() -> None:
    """The mean of all, where there are fewer than six."""
    assert peaks(np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)).tolist() == [[1.5]]


def test_a_box_holds_the_cells_joined_to_the_peak() -> None:
    """Touching corners join; a strong cell elsewhere does not."""
    found = gather(maps((0, 0, 4.0), (1, 1, 3.5), (3, 3, 3.9)), 64)
    assert found.boxes[0, 0].tolist() == [0, 0, 32, 32]


def test_a_box_leaves_out_what_is_much_weaker_than_the_peak() -> None:
    """More than four log-odds below the peak is no part of it."""
    found = gather(maps((0, 0, 6.0), (0, 1, 1.5)), 64)
    assert found.boxes[0, 0].tolist() == [0, 0, 16, 16]


def test_what_is_to_be_looked_at_has_a_place() -> None:
    """A cell of one to seven has a box, weaker evidence has none."""
    assert gather(maps((0, 0, -1.9)), 64).boxes[0, 0].tolist() == [0, 0, 16, 16]
    assert not gather(maps((0, 0, -2.1)), 64).boxes.any()


def test_a_box_may_be_the_whole_tile() -> None:
    """All cells alike."""
    found = gather(np.full((2, 3, 4, 4), 2.0, dtype=np.float32), 64)
    assert (found.boxes == [0, 0, 64, 64]).all()


def test_a_box_of_cells_that_do_not_divide_the_side() -> None:
    """Its corners go outwards to whole pixels, and never past the side."""
    found = gather(maps(*[(row, column, 4.0) for row in (1, 2) for column in (0, 1, 2)]), 17)
    assert found.boxes[0, 0].tolist() == [0, 4, 13, 13]


def test_without_maps_nothing_has_a_place() -> None:
    """The study's encoder gives no evidence."""
    found = gather(np.empty((2, 0, 0, 0), dtype=np.float32), 64)
    assert np.isneginf(found.peaks).all()
    assert found.boxes.shape == (2, 3, 4)
    assert not found.boxes.any()


@pytest.mark.parametrize(
    ("peak", "verdict"), [(-9.0, "keep"), (-1.0, "review"), (2.0, "review"), (3.0, "drop")]
)
def test_lettering_decides_by_its_score(peak: float, verdict: str) -> None:
    """Below a tenth keep, from nine tenths drop, between them look."""
    scores, found = judged([peak, -9, -9])
    assert scores[0] == pytest.approx(1 / (1 + np.exp(-peak)))
    assert found == verdict


def test_a_film_edge_alone_is_kept() -> None:
    """It is told, and decides nothing."""
    scores, verdict = judged([-9, 9, -9])
    assert scores[1] > 0.99
    assert verdict == "keep"


def test_a_mask_is_looked_at() -> None:
    """What a scanner hid may have been lettering."""
    assert judged([-9, -9, 9])[1] == "review"


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_one_grey_is_blank_and_dropped(grey: int) -> None:
    """Black, grey or white: there is nothing on it."""
    scores, verdict = judged([-9, -9, -9], np.full((1, 16, 16), grey, np.uint8))
    assert scores[3] == 1
    assert verdict == "drop"


def test_a_tile_far_from_all_stored_ones_is_looked_at() -> None:
    """Its score is a half at the bound, and grows with the distance."""
    assert judged([-9, -9, -9], away=10.0)[1] == "review"
    assert judged([-9, -9, -9], away=10.0)[0][4] == pytest.approx(0.5)
    assert judged([-9, -9, -9], away=4.0)[0][4] == 0
    assert judged([-9, -9, -9], away=1e9)[0][4] == 1


def test_evidence_beyond_all_floats_is_a_score() -> None:
    """Infinite evidence gives 0 or 1, no warning and no NaN."""
    assert judged([-np.inf, np.inf, -np.inf])[0][:3].tolist() == [0, 1, 0]


def test_evidence_that_is_no_number_is_looked_at() -> None:
    """What an encoder that overflows cannot tell is neither kept nor dropped."""
    scores, verdict = judged([np.nan, np.nan, np.nan])
    assert scores[:3].tolist() == [0.5, 0.5, 0.5]
    assert verdict == "review"


@pytest.mark.parametrize(("value", "boxed"), [(np.inf, True), (1e30, True), (np.nan, False)])
def test_maps_that_overflow_have_peaks_and_boxes(value: float, boxed: bool) -> None:
    """Maps beyond all sense are reduced like any others, without a warning."""
    found = gather(maps((1, 1, value)), 64)
    assert found.peaks[0, 0] == pytest.approx(value / 6, nan_ok=True)
    assert found.boxes[0, 0].tolist() == ([16, 16, 32, 32] if boxed else [0, 0, 0, 0])


def test_evidence_of_both_infinities_is_no_number() -> None:
    """Nor is it a warning; the place of the highest cell is known all the same."""
    every = np.full((1, 3, 2, 2), -np.inf, dtype=np.float32)
    every[0, 0, 0, 1] = np.inf
    found = gather(every, 64)
    assert np.isnan(found.peaks[0, 0])
    assert found.boxes[0, 0].tolist() == [32, 0, 64, 32]


def test_nothing_to_screen() -> None:
    """No tiles give no scores, in the right shapes."""
    empty = np.empty((0, 3, 4, 4), dtype=np.float32)
    away = reference_distances(np.ones((3, 2), np.float32), np.empty((0, 2), np.float32))
    found = screen(tiny_rules(), np.empty((0, 16, 16), np.uint8), gather(empty, 64), away)
    assert found.scores.shape == (0, 5)
    assert (found.boxes.shape, found.verdicts.shape) == ((0, 3, 4), (0,))


def test_lettering_outweighs_a_mask_but_not_foreignness() -> None:
    """Lettering is dropped, masked or not; on a tile unlike the stored ones it is looked at."""
    assert judged([9, -9, 9])[1] == "drop"
    assert judged([9, -9, -9], away=99.0)[1] == "review"


def test_verdicts_and_reasons_agree_at_the_bound() -> None:
    """Scores are compared as float32: the very score that the rules name is looked at and told."""
    bound = 1 / (1 + np.exp(2.0))
    rules = tiny_rules().model_copy(update={"review_score": float(bound)})
    evidence = Evidence(np.full((1, 3), -2, np.float32), np.zeros((1, 3, 4), np.int16))
    found = screen(rules, tiny_tiles()[:1], evidence, np.zeros(1, np.float32))
    told = [one.code for one in reasons(rules, found.scores[0], found.boxes[0])]
    assert (VERDICTS[found.verdicts[0]], told) == ("review", ["LETTERING"])


def test_reasons_come_highest_first_with_their_boxes() -> None:
    """Only those that are likely, lettering from the review score on."""
    boxes = np.zeros((3, 4), dtype=np.int16)
    boxes[0] = (0, 8, 16, 24)
    scores = np.array([0.2, 0.9, 0.4, 0.0, 0.6], dtype=np.float32)
    found = reasons(tiny_rules(), scores, boxes)
    assert [reason.code for reason in found] == ["FILM_EDGE", "OFF_TOPIC", "LETTERING"]
    assert [reason.box for reason in found] == [None, None, (0, 8, 16, 24)]


@pytest.mark.parametrize("count", [1, 2, 511, 512, 5000])
def test_references_are_few_and_spread_from_first_to_last(count: int) -> None:
    """At most 512 rows, each once."""
    rows = reference_rows(count)
    assert len(rows) == len(set(rows.tolist())) <= 512
    assert (rows[0], rows[-1]) == (0, count - 1)


def test_a_reference_is_not_its_own_nearest() -> None:
    """Distances to the nearest other one, as a search would find them."""
    points = np.random.default_rng(1).standard_normal((40, 6)).astype(np.float32)
    away = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(away, np.inf)
    np.testing.assert_allclose(reference_distances(points, points), away.min(axis=1), rtol=1e-4)


def test_a_reference_that_is_named_is_left_out_however_far_it_lies() -> None:
    """A stored tile, seen by another encoder, lies beside its own point and is still its own."""
    points = np.array([[0, 0], [9, 0], [9, 3]], dtype=np.float32)
    moved = points + np.float32(0.5)
    places = reference_places(3, np.array([0, 1, 2]))
    assert distances_to(points, moved, places) == pytest.approx([8.51, 2.55, 3.54], abs=0.01)
    assert distances_to(points, moved, np.full(3, -1)) == pytest.approx([0.71] * 3, abs=0.01)


def test_only_references_have_a_place_among_them() -> None:
    """Of many tiles only some stand for all."""
    places = reference_places(5000, np.arange(5000))
    known = reference_rows(5000)
    assert places[known].tolist() == [*range(len(known))]
    assert (places >= 0).sum() == len(known)


def test_equal_points_are_at_no_distance() -> None:
    """A set of one picture, or one point alone, has no foreigner."""
    assert reference_distances(np.ones((9, 4), np.float32), np.ones((2, 4), np.float32)).max() == 0
    assert reference_distances(np.ones((1, 4), np.float32), np.ones((1, 4), np.float32))[0] == 0


def test_a_twin_is_another_reference() -> None:
    """Only one point as near as can be is the tile's own; more of them are others, and near."""
    points = np.array([[0, 0], [9, 0], [9, 0], [9, 3]], dtype=np.float32)
    assert reference_distances(points, points).tolist() == [9, 0, 0, 3]


def test_reference_distances_do_not_cancel() -> None:
    """Far from the origin, a distance above the tile's own noise keeps its digits."""
    far = np.full((2, 4), 3000, dtype=np.float32)
    far[1, 0] += 61
    assert reference_distances(far, far).tolist() == [61, 61]


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_latents_beyond_all_floats_are_off_topic(value: float) -> None:
    """A point that no distance can be told of is as far as can be, without a warning."""
    away = reference_distances(np.eye(4, dtype=np.float32), np.full((1, 4), value, np.float32))
    assert away.tolist() == [np.inf]
    scores, verdict = judged([-9, -9, -9], away=away[0])
    assert (scores[4], verdict) == (1, "review")


def test_off_topic_bound_of_equal_tiles() -> None:
    """The least bound of distances gives a score, not a division by 0."""
    rules = tiny_rules().model_copy(update={"off_topic_distance": 5e-324})
    nothing = Evidence(np.full((2, 3), -9, np.float32), np.zeros((2, 3, 4), np.int16))
    with np.errstate(over="ignore"):
        found = screen(rules, tiny_tiles()[:2], nothing, np.array([0, 1], np.float32))
    assert found.scores[:, 4].tolist() == [0, 1]


def test_outlier_evidence_is_the_mean_of_five() -> None:
    """Or of as many as there are."""
    distances = np.arange(14, dtype=np.float32).reshape(2, 7)
    assert outlier_evidence(distances).tolist() == [2.0, 9.0]
    assert outlier_evidence(distances[:, :2]).tolist() == [0.5, 7.5]


def test_stored_tiles_asked_again_get_their_own_scores(tiny_bundle: Bundle) -> None:
    """One code for stored tiles and new ones."""
    tiles = tiny_tiles()
    maps = look_again(tiles, tiny_maps(tiles), tiny_maps, tiny_bundle.white)
    found = screen_new(tiny_bundle, reads(tiles), tiny_bundle.points, maps)
    np.testing.assert_allclose(found.scores, tiny_bundle.scores, atol=1e-6)
    assert found.verdicts.tolist() == tiny_bundle.verdicts.tolist()
    assert (found.boxes == tiny_bundle.arrays["boxes.npy"]).all()


def test_the_tiny_bundle_has_every_verdict(tiny_bundle: Bundle) -> None:
    """Dark tiles are kept, bright ones dropped, the grey one is to be looked at."""
    assert tiny_bundle.verdicts.tolist() == [0] * 6 + [2] * 5 + [1]
    assert tiny_bundle.arrays["boxes.npy"][7, 0].tolist() == [0, 0, SIDE, SIDE]


def test_a_bundle_without_maps_judges_by_distance(tmp_path: Path) -> None:
    """The study's way: far from the five nearest tiles."""
    write_tiny_bundle(tmp_path / "study", maps=False)
    bundle = open_bundle(tmp_path / "study")
    tiles = tiny_tiles()[:2]
    empty = np.empty((2, 0, 0, 0), dtype=np.float32)
    found = screen_new(bundle, reads(tiles), bundle.points[:2] + np.float32(50), empty)
    assert (found.scores[:, 0] > 0.99).all()
    assert (found.scores[:, 1:3] == 0).all()


def test_a_stored_tile_is_no_neighbour_of_itself_by_distance_either(tmp_path: Path) -> None:
    """In a bundle without maps too, stored tiles asked again get their own scores."""
    write_tiny_bundle(tmp_path / "study", maps=False)
    bundle, tiles = open_bundle(tmp_path / "study"), tiny_tiles()
    found = screen_new(bundle, reads(tiles), bundle.points, no_maps(len(tiles)))
    np.testing.assert_allclose(found.scores, bundle.scores, atol=1e-5)
    assert found.verdicts.tolist() == bundle.verdicts.tolist()


def test_a_tile_that_another_encoder_saw_is_no_neighbour_of_itself(tmp_path: Path) -> None:
    """Where its row is named it is left out, at whatever distance of its own point it lies."""
    write_tiny_bundle(tmp_path / "study", maps=False)
    bundle, tiles = open_bundle(tmp_path / "study"), tiny_tiles()
    points, rows = bundle.points + np.float32(0.02), np.arange(len(tiles))
    plain, left_out = (
        screen_new(bundle, reads(tiles), points, no_maps(len(tiles)), own).scores
        for own in (None, rows)
    )
    assert np.abs(left_out - bundle.scores).max() < 0.02
    assert np.abs(plain - bundle.scores).max() > 0.05


@pytest.mark.parametrize("count", [2, 4, 6, 7])
def test_a_study_of_a_few_tiles_judges_by_those(tmp_path: Path, count: int) -> None:
    """Fewer than five neighbours are all that there are; a new tile has one more of them."""
    write_tiny_bundle(tmp_path / "study", count=count, k=1, maps=False)
    bundle, tiles = open_bundle(tmp_path / "study"), tiny_tiles()[:1]
    new = bundle.points[:1] + np.float32(3)
    away = np.sort(np.linalg.norm(bundle.points - new, axis=1))[:5].mean()
    score = screen_new(bundle, reads(tiles), new, no_maps(1)).scores[0, 0]
    assert score == pytest.approx(1 / (1 + np.exp(-away)), abs=1e-5)


def test_the_evidence_for_a_reason_has_that_reason(tiny_bundle: Bundle) -> None:
    """Nearest first, and no more than there are."""
    hits = alike(tiny_bundle, tiny_bundle.points[:1], "LETTERING", 3)
    assert (tiny_bundle.scores[hits.rows[0], 0] >= 0.5).all()
    assert (np.diff(hits.distances[0]) >= 0).all()
    every = int((tiny_bundle.scores[:, 0] >= 0.5).sum())
    assert alike(tiny_bundle, tiny_bundle.points[:1], "LETTERING", 50).rows.shape == (1, every)


@pytest.mark.parametrize("code", ["MASKED", "OFF_TOPIC"])
def test_a_reason_that_no_stored_tile_has_finds_none(tiny_bundle: Bundle, code: str) -> None:
    """No evidence is an empty list, not an error."""
    hits = alike(tiny_bundle, tiny_bundle.points[:2], code, 3)
    assert hits.rows.shape == hits.distances.shape == (2, 0)


def test_there_is_a_column_for_every_reason(tiny_bundle: Bundle) -> None:
    """Scores and reasons go together."""
    assert tiny_bundle.scores.shape == (12, len(REASONS))


def test_one_grey_holds_no_lettering() -> None:
    """Whatever the encoder makes of a featureless tile: it is blank, and only that."""
    scores, verdict = judged([5, -9, -9], np.full((1, 16, 16), 128, np.uint8))
    assert (scores[0], scores[3], verdict) == (0, 1, "drop")


@pytest.mark.parametrize(
    ("colour", "size"), [(0.9, (2 * SIDE, 2 * SIDE)), (0, (4, 9)), (0, (1200, 1160))]
)
def test_a_tile_of_another_colour_or_scale_is_off_topic(
    tiny_bundle: Bundle, colour: float, size: tuple[int, int]
) -> None:
    """Whatever its grey looks like: it is looked at, not kept and not dropped as lettering."""
    tiles = tiny_tiles()
    strange = reads(tiles, colour, size)
    found = screen_new(tiny_bundle, strange, tiny_bundle.points, tiny_maps(tiles))
    assert (found.scores[:, REASONS.index("OFF_TOPIC")] == 1).all()
    assert set(found.verdicts.tolist()) == {VERDICTS.index("review")}


def test_colour_and_scale_count_from_a_limit(tiny_bundle: Bundle) -> None:
    """A tenth of the pixels, or a quarter or four times the side, is the bound.

    The largest counts as 192 px at least: film tiles of 299 px are no strangers to small ones.
    """
    tile = tiny_tiles()[0]
    given = [Input(tile, (32, 32), 0.1), Input(tile, (8, 9), 0.0), Input(tile, (768, 770), 0.05)]
    np.testing.assert_allclose(strangeness(tiny_bundle, given), 1)
    assert strangeness(tiny_bundle, reads(tile[None]))[0] == 0.25


@pytest.mark.parametrize(("stored", "sent", "told"), [(299, 64, False), (299, 56, True)])
def test_small_tiles_are_no_strangers_to_a_bundle_of_large_ones(
    tiny_bundle: Bundle, stored: int, sent: int, told: bool
) -> None:
    """64 px are found as well by a bundle of 299 px; much smaller ones hold too little."""
    sizes = np.full((12, 2), stored, dtype=np.int32)
    large = replace(tiny_bundle, arrays={**tiny_bundle.arrays, "tile_sizes.npy": sizes})
    (found,) = strangeness(large, reads(tiny_tiles(1), 0, (sent, sent)))
    assert (found >= 1) == told


def test_strangeness_takes_the_place_of_a_smaller_distance() -> None:
    """At 1 a tile lies at the bound; below it the distance alone says."""
    rules = tiny_rules()
    found = widened(rules, np.ones(3, np.float32), np.array([0, 1, 2], np.float32))
    bound = rules.off_topic_distance
    np.testing.assert_allclose(found, np.maximum([0, bound, 2 * bound], 1))

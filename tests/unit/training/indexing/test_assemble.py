"""From latents to a bundle that opens."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import Bundle, BundleError, InputError, OnnxEncoder, assign, open_bundle, search
from bundle.bundle import Scan
from bundle.preprocess import Input, content_hash, decode_png
from bundle.runtime import no_maps
from bundle.screening import gather, outlier_evidence, rule_verdicts, screen_new
from bundle.views import whitest
from tests.brief import shorten
from tests.tiny import SIDE, tiny_latents, tiny_maps, tiny_tiles, write_decoder, write_encoder
from training.indexing.assemble import Fitted, assemble
from training.indexing.scaler import sureness
from training.progress import StepLog
from training.screening.placing import DOUBT, placed
from training.tiles import TileSet

Make: TypeAlias = Callable[..., Fitted]


@pytest.fixture(scope="module", autouse=True)
def brief() -> Iterator[None]:
    """Maps and benchmarks have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        yield


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Hands over tiles as training would, with the tiny encoder and decoder."""
    folders = {maps: tmp_path_factory.mktemp("models") for maps in (True, False)}
    for maps, models in folders.items():
        write_encoder(models / "encoder.onnx", maps=maps)
        write_decoder(models / "decoder.onnx")

    def fitted(tiles: NDArray[np.uint8], *, maps: bool = True) -> Fitted:
        numbers = np.arange(len(tiles), dtype=np.int32)
        scans = (Scan("film-a", "p1"), Scan("film-b", None))
        seen = gather(tiny_maps(tiles) if maps else no_maps(len(tiles)), SIDE)
        some = TileSet(
            ids=[f"c{1000 + number}" for number in numbers],
            inputs=tiles,
            scans=scans,
            scan_numbers=(numbers % 3 - 1).astype(np.int32),
            sizes=np.stack([300 + numbers, 200 + 0 * numbers], 1).astype(np.int32),
            colours=np.zeros(len(numbers), np.float32),
            contents=np.array([list(content_hash(tile)) for tile in tiles], np.uint8),
            positions=np.stack([numbers * 350, numbers], 1).astype(np.int32),
            skipped={"broken.png": "ends early"},
        )
        return Fitted(
            tiles=some,
            latents=tiny_latents(tiles),
            evidence=seen,
            placed=placed(some, seen) if maps else seen,
            held_out=np.flatnonzero(numbers % 3 == 1),
            models=folders[maps],
            profile="default" if maps else "study",
            seed=3,
            settings={"epochs": 2},
            versions={"numpy": "2"},
            history={"loss": [0.5, 0.4]},
            log=StepLog(),
            metrics={"val_loss": 0.4},
        )

    return fitted


@pytest.fixture(scope="module")
def bundle(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of 130 tiles, assembled."""
    target = tmp_path_factory.mktemp("assembled") / "bundle"
    assemble(target, make(tiny_tiles(130)))
    return open_bundle(target)


@pytest.fixture(scope="module")
def without_maps(make: Make) -> Fitted:
    """The same tiles by an encoder without maps, as the study's."""
    return make(tiny_tiles(130), maps=False)


@pytest.fixture(scope="module")
def study(without_maps: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of the tiles without maps."""
    target = tmp_path_factory.mktemp("study") / "bundle"
    assemble(target, without_maps)
    return open_bundle(target)


def test_bundle_says_where_it_comes_from(bundle: Bundle) -> None:
    """What training handed over is in the manifest, the steps with their clocks included."""
    manifest = bundle.manifest
    assert (manifest.profile, manifest.seed, manifest.settings) == ("default", 3, {"epochs": 2})
    assert manifest.source.model_dump() == {
        "tiles": 130,
        "scans": 2,
        "skipped": {"broken.png": "ends early"},
    }
    assert manifest.history == {"loss": [0.5, 0.4]}
    assert [step.name for step in manifest.steps] == [
        "neighbour graph",
        "k-d tree",
        "DBSCAN over eps",
        "clusters",
        "map",
        "plant and calibrate",
        "pictures",
    ]


def test_ids_scans_and_positions_come_back(bundle: Bundle) -> None:
    """Each id leads to its own scan, corner and size as given; unknown scans are None."""
    assert bundle.row("c1004") == 4
    assert bundle.scan(4) == Scan("film-a", "p1")
    assert bundle.scan(3) is None
    assert bundle.position(4) == (1400, 4)
    assert bundle.arrays["tile_sizes.npy"][4].tolist() == [304, 200]


def test_pictures_are_the_encoders_input(bundle: Bundle) -> None:
    """Every stored picture decodes to the very pixels that the encoder saw."""
    tiles = tiny_tiles(130)
    for row in range(130):
        np.testing.assert_array_equal(decode_png(bundle.picture(row)), tiles[row])


def test_white_is_the_brightest_grey_of_the_tiles(bundle: Bundle, study: Bundle) -> None:
    """An encoder without maps has no second look that would ask for it."""
    assert bundle.white == bundle.manifest.white == whitest(tiny_tiles(130)) < 255
    assert (study.manifest.white, study.white) == (None, 255)


def test_points_have_no_scale_left(study: Bundle) -> None:
    """Scaled latents have mean 0 and standard deviation 1, and the scaler gives them again."""
    np.testing.assert_allclose(study.points.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(study.points.std(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(study.scale(study.latents), study.points)


def test_last_latent_of_a_network_with_maps_counts_more(bundle: Bundle, study: Bundle) -> None:
    """How sure the network is of lettering decides over distances; all else is as without."""
    np.testing.assert_array_equal(bundle.points[:, :-1], study.points[:, :-1])
    assert bundle.points[:, -1].std() > 1.2 * study.points[:, -1].std()


def test_neighbors_are_those_of_a_search(bundle: Bundle) -> None:
    """The graph holds 100 neighbours a tile at the distances that a search finds."""
    hits = search(bundle, bundle.points, 101)
    np.testing.assert_array_equal(bundle.neighbor_distances, hits.distances[:, 1:])
    assert not (bundle.neighbors == np.arange(130)[:, None]).any()


def test_tree_finds_what_brute_force_finds(bundle: Bundle) -> None:
    """The stored k-d tree answers with the same distances."""
    points = bundle.points[:20] + np.float32(0.01)
    brute, tree = search(bundle, points, 7), search(bundle, points, 7, index="kdtree")
    np.testing.assert_array_equal(brute.distances, tree.distances)


def test_stored_tiles_asked_again_get_their_own_label(bundle: Bundle) -> None:
    """The cluster of a stored tile and of the same tile as a new one are the same."""
    found = [assignment.label for assignment in assign(bundle, bundle.points)]
    assert found == bundle.labels.tolist()


def test_sizes_and_stray_tiles_add_up(bundle: Bundle) -> None:
    """No tile is lost between the clusters; the largest comes first."""
    sizes = bundle.cluster_sizes
    assert sizes.sum() + len(bundle.members(-1)) == 130
    assert (np.diff(sizes) <= 0).all()
    assert bundle.manifest.clustering.noise_share == pytest.approx(len(bundle.members(-1)) / 130)


def test_probes_come_from_the_whole_set(bundle: Bundle) -> None:
    """Sixteen tiles from first to last, with what the encoder gives for them."""
    probes = np.array(bundle.arrays["probes.npy"])
    np.testing.assert_array_equal(probes[[0, -1]], tiny_tiles(130)[[0, -1]])
    assert len(probes) == 16
    seen = OnnxEncoder(bundle.path, threads=1).examine(probes)
    np.testing.assert_array_equal(seen.latents, bundle.arrays["probe_latents.npy"])
    np.testing.assert_array_equal(seen.maps, bundle.arrays["probe_maps.npy"])


@pytest.mark.parametrize("kind", ["bundle", "study"])
def test_stored_tiles_are_judged_as_new_ones_are(kind: str, request: pytest.FixtureRequest) -> None:
    """The service, asked about a stored tile, comes to its scores but for its surroundings."""
    bundle: Bundle = request.getfixturevalue(kind)
    seen = OnnxEncoder(bundle.path, threads=1).examine(tiny_tiles(130))
    reads = [Input(tile, (300, 200), 0.0) for tile in tiny_tiles(130)]
    found = screen_new(bundle, reads, bundle.scale(seen.latents), seen.maps)
    np.testing.assert_array_equal(found.boxes, bundle.arrays["boxes.npy"])
    if kind == "bundle":  # without maps, a new tile that is stored has itself for a neighbour
        rules, placed = bundle.manifest.screening, found.scores.astype(np.float64)
        more = rules.slope * bundle.arrays["surroundings.npy"]
        placed[:, 0] /= placed[:, 0] + (1 - placed[:, 0]) * np.exp(-more)
        moved = np.abs(bundle.scale(seen.latents) - bundle.points).max(axis=1) > 1e-4
        # Beside one that its scan has moved lies the very tile, as it was.
        placed[moved, 4] = bundle.arrays["scores.npy"][moved, 4]
        np.testing.assert_allclose(placed, bundle.arrays["scores.npy"], atol=1e-4)
        verdicts = rule_verdicts(rules, placed.astype(np.float32))
        np.testing.assert_array_equal(verdicts, bundle.arrays["verdicts.npy"])


def test_surroundings_add_and_take_nothing_away(bundle: Bundle) -> None:
    """Half of what those beside have above the usual, in doubt; the film of no name adds none."""
    more, scans = bundle.arrays["surroundings.npy"], bundle.arrays["scan_numbers.npy"]
    evidence = gather(tiny_maps(tiny_tiles(130)), SIDE).peaks[:, 0]
    beside = {row: [at for at in (row - 3, row + 3) if 0 <= at < 130] for row in range(130)}
    means = {row: np.mean(evidence[near]) for row, near in beside.items() if scans[row] >= 0}
    usual = np.median(list(means.values()))
    expected = [max(0.5 * (means[row] - usual), 0) if row in means else 0 for row in range(130)]
    np.testing.assert_allclose(more, np.where(evidence > DOUBT, expected, 0), atol=1e-5)
    assert more.max() > 0
    mean, scales = bundle.arrays["scaler.npy"]
    back = bundle.points * scales + mean
    np.testing.assert_allclose(back[:, -1], sureness(evidence + more), atol=1e-4)
    alone = np.array(bundle.arrays["latents.npy"])
    np.testing.assert_allclose(back[:, :-1], alone[:, :-1], atol=1e-4)


def test_the_study_knows_no_surroundings(study: Bundle) -> None:
    """Its outlier distance stays as it was."""
    assert "surroundings.npy" not in study.arrays


def test_bundle_with_maps_judges_by_them(bundle: Bundle) -> None:
    """The brighter the map, the higher the score; boxes are where it is bright."""
    alone = bundle.arrays["surroundings.npy"] == 0
    scores, boxes = bundle.arrays["scores.npy"][alone, 0], bundle.arrays["boxes.npy"][alone, 0]
    squares = tiny_latents(tiny_tiles(130))[alone]
    rising = scores[np.argsort(squares.mean(axis=1))]
    assert (np.diff(rising) > -1e-6).all()
    assert bundle.manifest.screening.evidence == "map"
    np.testing.assert_array_equal(boxes.any(axis=1), squares.max(axis=1) > 0.4)


def test_bundle_without_maps_judges_by_distance(study: Bundle) -> None:
    """The study's own way: far from all others is lettering, nowhere in particular."""
    away = outlier_evidence(np.array(study.neighbor_distances))
    scores = study.arrays["scores.npy"][:, 0]
    assert study.manifest.screening.evidence == "distance"
    assert (np.diff(scores[np.argsort(away)]) >= 0).all()
    assert not np.array(study.arrays["boxes.npy"]).any()
    assert study.arrays["probe_maps.npy"].shape == (16, 0, 0, 0)


def test_nothing_handed_over_is_changed(without_maps: Fitted, study: Bundle) -> None:
    """Assembling without maps leaves the evidence that training handed over alone."""
    assert len(study) == len(without_maps.tiles)
    assert (without_maps.evidence.peaks == -np.inf).all()


def test_self_test_allows_rounding_and_nothing_else(bundle: Bundle) -> None:
    """What may differ is far below the latents' spread."""
    allowed = bundle.manifest.thresholds["self_test"].value
    assert 0 < allowed < 0.01 * bundle.latents.std()


def test_metrics_judge_the_neighbors_without_labels(bundle: Bundle) -> None:
    """The manifest tells how near neighbours are beside random pairs, and training's figures."""
    metrics = bundle.manifest.metrics
    assert metrics["val_loss"] == 0.4
    assert metrics["median_nearest_distance"] < metrics["median_random_distance"]
    assert 0 <= metrics["close_neighbors"] <= 1
    assert metrics["same_scan_neighbors"] == pytest.approx(1 / 3, abs=0.15)


@pytest.mark.parametrize("count", [2, 5])
def test_few_tiles_are_enough(make: Make, tmp_path: Path, count: int) -> None:
    """A handful of tiles gives a bundle whose neighbours are all the others."""
    assemble(tmp_path / "bundle", make(tiny_tiles(count)))
    assert open_bundle(tmp_path / "bundle").neighbors.shape == (count, count - 1)


def test_equal_tiles_make_one_cluster(make: Make, tmp_path: Path) -> None:
    """All tiles identical: a sound bundle, one cluster, every distance 0."""
    assemble(tmp_path / "bundle", make(np.repeat(tiny_tiles(2)[:1], 30, axis=0)))
    bundle = open_bundle(tmp_path / "bundle")
    assert bundle.labels.tolist() == [0] * 30
    assert (bundle.neighbor_distances == 0).all()


def test_a_single_tile_is_refused(make: Make, tmp_path: Path) -> None:
    """One tile has no neighbour: a sentence, and nothing written."""
    with pytest.raises(InputError, match="Give at least 2 tiles"):
        assemble(tmp_path / "bundle", make(tiny_tiles(2)[:1]))
    assert not list(tmp_path.iterdir())


def test_latents_of_another_encoder_are_refused(make: Make, tmp_path: Path) -> None:
    """The study's first flaw: latents that the shipped encoder does not give."""
    fitted = make(tiny_tiles(20))
    other = dataclasses.replace(fitted, latents=fitted.latents[:, ::-1] * np.float32(0.5))
    with pytest.raises(BundleError, match=r"The latents are not what encoder.onnx gives"):
        assemble(tmp_path / "bundle", other)
    assert not list(tmp_path.iterdir())


def test_same_tiles_make_the_same_arrays(bundle: Bundle, make: Make, tmp_path: Path) -> None:
    """Assembling again gives files with equal hashes."""
    again = assemble(tmp_path / "again", make(tiny_tiles(130)))
    assert again.files == bundle.manifest.files


def test_an_int8_encoder_is_measured_and_proved(make: Make, tmp_path: Path) -> None:
    """Where training made one, the bundle has it with its figures; else it has neither."""
    fitted = make(tiny_tiles(40))
    assert not (fitted.models / "encoder-int8.onnx").exists()
    write_encoder(tmp_path / "encoder.onnx")
    write_encoder(tmp_path / "encoder-int8.onnx", drift=1e-3)
    write_decoder(tmp_path / "decoder.onnx")
    made = dataclasses.replace(fitted, models=tmp_path, rounded={"int8": np.arange(8)})
    found = assemble(tmp_path / "bundle", made).quantization
    assert found is not None
    assert (found.calibration_tiles, found.tiles) == (8, 32)
    assert 0 < found.largest_difference < 0.02
    assert "encoder-int8.onnx" in open_bundle(tmp_path / "bundle").manifest.files

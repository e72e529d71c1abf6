"""What int8 changes is measured as the service would answer."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, open_bundle
from tests.tiny import tiny_tiles, write_encoder, write_tiny_bundle
from training.indexing.quantized import Trial, measure
from training.tiles import TileSet

COUNT = 24


def trial(folder: Path, *, drift: float, calibrated_on: list[int], **form: bool) -> Trial:
    """Return a trial of an int8 encoder whose latents are too large by a share."""
    write_tiny_bundle(folder / "bundle", count=COUNT, **form)
    bundle = open_bundle(folder / "bundle")
    write_encoder(bundle.path / "encoder-int8.onnx", drift=drift, maps=form.get("maps", True))
    tiles = TileSet(
        ids=[bundle.id(row) for row in range(COUNT)],
        inputs=tiny_tiles(COUNT),
        scans=(),
        scan_numbers=np.full(COUNT, -1, np.int32),
        sizes=np.full((COUNT, 2), 32, np.int32),
        colours=np.zeros(COUNT, np.float32),
        contents=np.zeros((COUNT, 16), np.uint8),
        positions=np.full((COUNT, 2), -1, np.int32),
        skipped={},
    )
    arrays = {name: bundle.arrays[name] for name in ("points.npy", "scaler.npy", "tile_sizes.npy")}
    bare = Bundle(bundle.path, bundle.manifest, arrays, (), np.empty(0, np.uint8))
    return Trial(bundle.path, tiles, np.array(calibrated_on), np.arange(4), bare)


def test_an_equal_encoder_changes_nothing(tmp_path: Path) -> None:
    """No verdict, no neighbour, no difference; the calibration's own tiles are not asked."""
    found = measure(trial(tmp_path, drift=0.0, calibrated_on=[0, 5, 7]), "int8")
    assert found.tiles == COUNT - 3
    assert (found.verdict_flips, found.neighbor_overlap) == (0.0, 1.0)
    assert found.largest_difference < 1e-4  # runtimes add up in other orders
    assert not found.harmless  # too few to tell


def test_a_drifting_encoder_is_told(tmp_path: Path) -> None:
    """Latents twice as large flip grey to bright and find other neighbours."""
    found = measure(trial(tmp_path, drift=1.0, calibrated_on=[0]), "int8")
    assert found.verdict_flips > 0
    assert found.neighbor_overlap < 0.98
    assert found.allowed_difference == pytest.approx(2 * found.largest_difference)
    assert not found.harmless


def test_calibrated_on_everything(tmp_path: Path) -> None:
    """A set so small that no tile is left is measured on all of it."""
    assert measure(trial(tmp_path, drift=0.0, calibrated_on=[*range(COUNT)]), "int8").tiles == COUNT


def test_the_probes_count_in_what_is_allowed(tmp_path: Path) -> None:
    """The self-test would else refuse an encoder whose largest error is on one of its tiles."""
    one = trial(tmp_path, drift=0.5, calibrated_on=[*range(COUNT - 1)])
    few = measure(dataclasses.replace(one, probes=np.array([COUNT - 1])), "int8")
    more = measure(dataclasses.replace(one, probes=np.arange(COUNT)), "int8")
    assert few.tiles == more.tiles == 1
    assert more.largest_difference > few.largest_difference


def test_a_large_set_without_maps_is_measured_before_its_index_is_written(tmp_path: Path) -> None:
    """Evidence by distance, as the study's, is searched for; the unfinished bundle has no index."""
    one = trial(tmp_path, drift=0.0, calibrated_on=[0], index=True, maps=False)
    assert one.bundle.manifest.index is not None
    assert measure(one, "int8") == measure(
        trial(tmp_path / "small", drift=0.0, calibrated_on=[0], maps=False), "int8"
    )

"""Look-ups on an open bundle: ids outside, rows inside."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, UnknownCluster, UnknownTile, load_tile, open_bundle
from bundle.bundle import Scan


def test_ids_and_rows_are_inverse(tiny_bundle: Bundle) -> None:
    """Every row has an id, and that id finds the row."""
    assert [tiny_bundle.row(tiny_bundle.id(row)) for row in range(len(tiny_bundle))] == [*range(12)]


@pytest.mark.parametrize("tile_id", ["c301", "", "z", "c300\0", "C300", "c3000", "\ud800", "é"])
def test_an_unknown_id(tiny_bundle: Bundle, tile_id: str) -> None:
    """Whatever text is asked for, an id is there exactly or not at all."""
    with pytest.raises(UnknownTile):
        tiny_bundle.row(tile_id)


def test_an_unknown_id_names_near_matches(tiny_bundle: Bundle) -> None:
    """A slip of one digit is met with the ids around it."""
    with pytest.raises(UnknownTile, match=r"id 'c301'\. Near matches: c303, c300, ") as caught:
        tiny_bundle.row("c301")
    assert caught.value.near[:2] == ["c303", "c300"]


def test_an_id_in_the_other_case_is_found_near(tiny_bundle: Bundle) -> None:
    """C303 finds c303."""
    with pytest.raises(UnknownTile) as caught:
        tiny_bundle.row("C303")
    assert caught.value.near[0] == "c303"


def test_a_very_long_id_is_cut(tiny_bundle: Bundle) -> None:
    """The error does not repeat a megabyte."""
    with pytest.raises(UnknownTile) as caught:
        tiny_bundle.row("c" * 1_000_000)
    assert len(str(caught.value)) < 500


def test_scaling_latents_gives_the_stored_points(tiny_bundle: Bundle) -> None:
    """New latents are scaled as the stored ones were."""
    points = tiny_bundle.scale(tiny_bundle.latents)
    assert np.allclose(points, tiny_bundle.points, atol=1e-6)
    assert points.dtype == np.float32


def test_points_afar_leave_none_in_memory(tiny_path: Path, tmp_path: Path) -> None:
    """Rows are copied and their file's pages given back: a few would map the whole of it."""
    bundle = open_bundle(shutil.copytree(tiny_path, tmp_path / "alone"))
    found = bundle.points_afar(np.array([0, 5, 11]))
    assert resident_kib(bundle.path / "points.npy") == 0
    assert (found == bundle.points[[0, 5, 11]]).all()
    assert resident_kib(bundle.path / "points.npy") > 0


def resident_kib(file: Path) -> int:
    """Return how much of a mapped file is in this process's memory."""
    found, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            ours = line.endswith(str(file.resolve()))
        elif ours and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


def test_a_picture_is_the_encoders_input(tiny_bundle: Bundle) -> None:
    """The stored picture is a PNG that encodes to the stored latent."""
    tile = load_tile(tiny_bundle.picture(3), 16)
    assert np.allclose(tile.reshape(2, 8, 2, 8).mean((1, 3)).ravel() / 255, tiny_bundle.latents[3])


def test_a_tile_knows_its_scan_and_place(tiny_bundle: Bundle) -> None:
    """Scan, patient and corner come back as they were given."""
    assert tiny_bundle.scan(2) == Scan("film-c", None)
    assert tiny_bundle.scan(3) == Scan("film-a", "p1")
    assert tiny_bundle.position(3) == (1050, 0)


def test_a_tile_of_no_known_scan(tiny_bundle: Bundle) -> None:
    """-1 in the arrays is None outside."""
    unknown = {"scan_numbers.npy": np.full(12, -1), "positions.npy": np.full((12, 2), -1)}
    bundle = replace(tiny_bundle, arrays={**tiny_bundle.arrays, **unknown})
    assert bundle.scan(3) is None
    assert bundle.position(3) is None


def test_every_tile_is_in_one_cluster(tiny_bundle: Bundle) -> None:
    """Members of all labels, stray tiles included, are all rows once, ascending in each."""
    members = [tiny_bundle.members(label).tolist() for label in (-1, 0, 1)]
    assert members == [[11], [0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    assert tiny_bundle.cluster_sizes.tolist() == [6, 5]


def test_a_cluster_may_be_empty(tiny_bundle: Bundle) -> None:
    """A label that no tile has gives no members and no medoid."""
    labels = np.where(tiny_bundle.labels == 0, 1, tiny_bundle.labels)
    bundle = replace(tiny_bundle, arrays={**tiny_bundle.arrays, "labels.npy": labels})
    assert bundle.members(0).tolist() == []
    assert bundle.medoid(0) is None
    assert bundle.members(1).tolist() == [*range(11)]


@pytest.mark.parametrize("label", [-2, 2, 10**12])
def test_an_unknown_cluster(tiny_bundle: Bundle, label: int) -> None:
    """A label that is not there is refused with the range that is."""
    with pytest.raises(UnknownCluster, match="labels go from 0 to 1"):
        tiny_bundle.members(label)


def test_the_medoid_lies_in_the_middle(tiny_bundle: Bundle) -> None:
    """No member is nearer to its cluster's mean than the medoid."""
    rows = tiny_bundle.members(0)
    away = np.linalg.norm(tiny_bundle.points[rows] - tiny_bundle.points[rows].mean(0), axis=1)
    assert tiny_bundle.medoid(0) == rows[away.argmin()] == tiny_bundle.medoid(0)

"""Windows of films without lettering."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import InputError
from training.planting.grounds import read_regions, windows

CORNER = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]


def film(height: int = 1200, width: int = 900) -> NDArray[np.uint8]:
    """A dark slope with grain; its upper left quarter is white, as lettering would be."""
    rng = np.random.default_rng(4)
    made = np.linspace(40, 120, width) + rng.normal(0, 6, (height, width))
    made[: height // 2, : width // 2] = 255
    return made.astype(np.uint8)


def some(regions: list[list[list[float]]], *, seed: int = 0) -> list[tuple[NDArray, bool]]:
    return list(windows(film(), regions, 40, 64, np.random.default_rng(seed)))


def test_windows_keep_off_the_regions():
    """No window shows what a region encloses; without regions some do."""
    assert not any((tile == 255).any() for tile, _ in some([CORNER]))
    assert any((tile == 255).any() for tile, _ in some([]))


def test_windows_are_tiles_of_the_side_asked_for():
    """Each is uint8 of side x side, at most as many as asked for."""
    found = some([CORNER])
    assert 0 < len(found) <= 40
    assert all(tile.shape == (64, 64) and tile.dtype == np.uint8 for tile, _ in found)


def test_windows_come_at_many_scales():
    """Some windows span much of the slope across the film, others little of it."""
    spans = [float(np.ptp(tile.mean(axis=0))) for tile, _ in some([CORNER])]
    assert max(spans) > 2 * min(spans)


def test_the_rim_is_told():
    """Some windows may hold the film's own edge, others lie well inside."""
    assert {rim for _, rim in some([])} == {True, False}


def test_a_film_full_of_lettering_gives_no_window():
    """Where everything is written on there is no clean ground."""
    assert some([[[0, 0], [1, 0], [1, 1], [0, 1]]]) == []


def test_the_seed_alone_decides():
    """The same seed cuts the same windows, another seed others."""
    first, again, other = (
        np.stack([tile for tile, _ in some([], seed=seed)]) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_regions_are_read_by_scan(tmp_path: Path):
    """A table gives each scan its polygons; a scan may have none."""
    file = tmp_path / "regions.json"
    file.write_text(json.dumps({"a": {"lettering": [CORNER]}, "b": {"lettering": []}}))
    assert read_regions(file) == {"a": [CORNER], "b": []}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {}}'])
def test_other_files_are_refused_as_regions(tmp_path: Path, text: str):
    """The sentence says how such a table looks."""
    (tmp_path / "regions.json").write_text(text)
    with pytest.raises(InputError, match="is no table of lettering regions"):
        read_regions(tmp_path / "regions.json")
    with pytest.raises(InputError, match="is no table of lettering regions"):
        read_regions(tmp_path / "none.json")

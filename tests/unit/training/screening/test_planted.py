"""The planted benchmark: every kind, size and contrast, on tiles as they are."""

import numpy as np
import pytest

from training.planting.annotations import KINDS
from training.planting.plant import Planted, Wanted
from training.screening import planted as planted_module
from training.screening.planted import CELLS, CONTRASTS, Grounds, plant_all, summarise


@pytest.fixture(scope="module")
def grounds() -> Grounds:
    """Two flat tiles of 64 px, as if cut with 128."""
    return Grounds(np.full((2, 64, 64), 60, dtype=np.uint8), tile_side=128.0)


def brightness(tiles: np.ndarray) -> np.ndarray:
    """A look that takes the largest change from the flat ground."""
    return np.abs(tiles.astype(float) - 60).max(axis=(1, 2))


@pytest.fixture(scope="module")
def planted(grounds: Grounds) -> tuple[list, np.ndarray, np.ndarray, list[int]]:
    """Two of each: the tries, the evidence, what can be seen, and the progress told."""
    done: list[int] = []
    return *plant_all(grounds, brightness, each=2, seed=1, advance=done.append), done


def test_every_kind_size_and_contrast_is_planted_as_often(planted: tuple) -> None:
    """The benchmark is a full table."""
    tries, evidence, clear, done = planted
    assert len(tries) == len(evidence) == len(clear) == CELLS * 2 == sum(done)
    assert {one.kind for one in tries} == set(KINDS)


def test_what_changes_little_is_not_clear(planted: tuple) -> None:
    """On a flat ground strong plantings can be seen, and what is not clear changed less."""
    tries, evidence, clear, _ = planted
    strong = np.array([one.contrast[0] >= 0.4 for one in tries])
    assert clear[strong].mean() > 0.7
    assert evidence[clear].mean() > evidence[~clear].mean()


def test_recall_rises_with_contrast_for_a_look_that_sees_contrast(planted: tuple) -> None:
    """The table tells strong from faint."""
    made = summarise(*planted[:2], np.linspace(0, 60, 100), scans=1, tiles=2)
    by_contrast = [
        np.mean([one.recall for one in made.recalls if one.contrast == bounds])
        for bounds in CONTRASTS
    ]
    assert by_contrast == sorted(by_contrast)
    assert len(made.recalls) == CELLS
    assert all(one.tiles == 2 for one in made.recalls)


def test_one_clean_tile_in_a_hundred_is_above_the_bound(planted: tuple) -> None:
    """Recall is told at 1 % false positives."""
    clean = np.arange(1000.0)
    bound = summarise(*planted[:2], clean, scans=0, tiles=1000).evidence
    assert (clean > bound).mean() == pytest.approx(0.01)


def test_the_same_seed_plants_the_same(grounds: Grounds) -> None:
    """A bundle's benchmark can be taken again."""
    first, second = (
        plant_all(grounds, brightness, each=1, seed=4, advance=lambda _: None)[1] for _ in range(2)
    )
    assert (first == second).all()


def test_tissue_does_not_swallow_what_is_called_strong() -> None:
    """On tiles half nearly white every strong letter still has half of its contrast."""
    tile = np.full((1, 64, 64), 60, dtype=np.uint8)
    tile[:, :, 20:] = 245

    def change(tiles: np.ndarray) -> np.ndarray:
        return np.abs(tiles.astype(float) - tile).max(axis=(1, 2))

    tries, evidence, _ = plant_all(
        Grounds(tile, tile_side=64.0), change, each=3, seed=2, advance=lambda _: None
    )
    bare = [
        found
        for one, found in zip(tries, evidence, strict=True)
        if one.plain and one.kind in ("letters", "digits", "text", "handwriting")
    ]
    assert min(bare) >= 0.5 * 0.15 * 255


def test_letters_are_no_taller_than_the_tile() -> None:
    """Tiles given with 16 px and enlarged to 192 do not get letters of 2,000."""
    tiny = Grounds(np.full((1, 192, 192), 60, dtype=np.uint8), tile_side=16.0)
    wanted: list[float] = []

    def noting(_rng: np.random.Generator, tile: np.ndarray, asked: Wanted) -> Planted:
        wanted.append(asked.size or 0.0)
        return Planted(tile, tile > 2, "letters", 1.0, 1.0, None, clear=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planted_module, "plant", noting)
        plant_all(tiny, brightness, each=1, seed=1, advance=lambda _: None)
    assert max(wanted) == 192

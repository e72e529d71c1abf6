"""The second look at tiles in doubt."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle.runtime import no_maps
from bundle.views import _further, _nearer, darker, look_again, whitest

SIDE, CELLS = 12, 3


def cells(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Examine tiles: every layer is the mean grey of each cell, less 100, by ten."""
    size = SIDE // CELLS
    grey = tiles.reshape(len(tiles), 1, CELLS, size, CELLS, size).mean((3, 5))
    return ((grey - 100) / 10).astype(np.float32).repeat(3, axis=1)


def upper_row(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Examine tiles, blind to all but the upper row of cells."""
    found = cells(tiles)
    found[:, :, 1:] = -1
    return found


def random_tiles(count: int, low: int, high: int) -> NDArray[np.uint8]:
    """Return tiles of greys from `low` to below `high`."""
    return np.random.default_rng(3).integers(low, high, (count, SIDE, SIDE), dtype=np.uint8)


@pytest.fixture
def as_bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the darker picture be the tile itself."""
    monkeypatch.setattr("bundle.views.darker", lambda tiles, _: tiles)


@pytest.mark.usefixtures("as_bright")
def test_what_does_not_depend_on_how_a_tile_lies_stays() -> None:
    """The map of the half turn is turned back before it is averaged."""
    tiles = random_tiles(5, 60, 160)
    maps = cells(tiles)
    np.testing.assert_allclose(look_again(tiles, maps, cells, 255), maps, atol=1e-5)


@pytest.mark.usefixtures("as_bright")
def test_a_tile_in_doubt_is_seen_in_the_way_that_shows_it() -> None:
    """An encoder blind to the lower side finds what lies there when the tile is turned."""
    tile = np.full((1, SIDE, SIDE), 100, dtype=np.uint8)
    tile[0, 8:, :4] = 180  # lower left corner
    found = look_again(tile, np.zeros((1, 3, CELLS, CELLS), np.float32), upper_row, 255)
    # A corner of the upper row once, hidden twice, and once by the maps given.
    assert found[0, 0, 2].argmax() == 0
    np.testing.assert_allclose(found[0, :, 2, 0], (8 - 1 - 1 + 0) / 4)


def test_a_darker_picture_counts_as_one_look_of_four() -> None:
    """Grey squared: what is faint falls, black and white stay."""
    np.testing.assert_array_equal(darker(np.uint8([[[0, 12, 128, 255]]]), 255), [[[0, 1, 64, 255]]])
    tile = np.full((1, SIDE, SIDE), 110, dtype=np.uint8)
    found = look_again(tile, cells(tile), cells, 255)
    np.testing.assert_allclose(found[0], (3 * 1.0 + (47 - 100) / 10) / 4, atol=1e-5)


def test_a_collection_without_white_is_darker_for_its_brightest() -> None:
    """Squares in shares of what is brightest there; what is brighter still stays."""
    np.testing.assert_array_equal(
        darker(np.uint8([[[0, 5, 20, 25, 26]]]), 25), [[[0, 1, 16, 25, 26]]]
    )
    tile = np.full((1, SIDE, SIDE), 110, dtype=np.uint8)
    found = look_again(tile, cells(tile), cells, 110)
    np.testing.assert_allclose(found, cells(tile), atol=1e-5)


def test_white_is_what_hardly_any_tile_goes_beyond() -> None:
    """One in a hundred may; black tiles have a white of 1."""
    tiles = random_tiles(300, 0, 60)
    tiles[0, 0, 0] = 255
    assert whitest(tiles) == 59
    assert whitest(np.zeros((3, SIDE, SIDE), np.uint8)) == 1


def test_what_is_seen_from_further_away_has_its_place() -> None:
    """A picture of three quarters, mirrored around, is stretched back to where things were."""
    side, count = 192, 24
    tile = np.full((1, side, side), 40, dtype=np.uint8)
    tile[0, 32:64, 128:176] = 200

    def grey(some: NDArray[np.uint8]) -> NDArray[np.float32]:
        size = side // count
        means = some.reshape(len(some), 1, count, size, count, size).mean((3, 5))
        return means.astype(np.float32).repeat(3, axis=1)

    far = _further(tile, count)
    assert far.shape == tile.shape
    back = _nearer(grey(far))[0, 0]
    high = np.argwhere(back > 120)
    np.testing.assert_array_equal([high.min(0), high.max(0)], [[4, 16], [7, 21]])
    assert abs(back - grey(tile)[0, 0]).mean() < 5


@pytest.mark.usefixtures("as_bright")
def test_tiles_that_are_clear_or_sure_are_not_asked_about_again() -> None:
    """Only the one in doubt is looked at, three times more; the others keep their maps."""
    tiles = np.concatenate([random_tiles(2, 10, 30), random_tiles(1, 90, 120)])
    tiles = np.concatenate([tiles, random_tiles(1, 190, 220)])
    maps, asked = cells(tiles), []

    def examine(some: NDArray[np.uint8]) -> NDArray[np.float32]:
        asked.append(len(some))
        return cells(some) + 1

    found = look_again(tiles, maps, examine, 255)
    assert asked == [1, 2]
    np.testing.assert_array_equal(found[[0, 1, 3]], maps[[0, 1, 3]])
    np.testing.assert_allclose(found[2], maps[2] + 0.75, atol=1e-5)


def test_what_the_half_turn_clears_is_looked_at_no_further() -> None:
    """The mean of the two stays; every further look would find it 9 lower."""
    tiles = random_tiles(2, 90, 120)
    maps = cells(tiles)
    found = look_again(tiles, maps, lambda some: cells(some) - 9, 255)
    np.testing.assert_allclose(found, maps - 4.5, atol=1e-5)


def test_of_what_is_nearly_sure_a_darker_picture_alone_is_asked() -> None:
    """Evidence of 4; darker, 140 is 77."""
    tile = np.full((1, SIDE, SIDE), 140, dtype=np.uint8)
    asked = []

    def examine(some: NDArray[np.uint8]) -> NDArray[np.float32]:
        asked.append(some.tolist())
        return cells(some)

    found = look_again(tile, cells(tile), examine, 255)
    assert asked == [np.full((1, SIDE, SIDE), 77).tolist()]
    np.testing.assert_allclose(found[0], (4.0 - 2.3) / 2, atol=1e-5)


def test_without_doubt_or_without_maps_nothing_is_asked() -> None:
    """The maps given come back."""

    def never(_: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise AssertionError

    tiles = random_tiles(3, 0, 20)
    for maps in (cells(tiles), no_maps(3), np.full((3, 3, CELLS, CELLS), np.nan, np.float32)):
        assert look_again(tiles, maps, never, 255) is maps

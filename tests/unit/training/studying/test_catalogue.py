"""A tile set looked up as a bundle is."""

import numpy as np
import pytest

from bundle import UnknownTile
from bundle.bundle import Scan
from training.studying.catalogue import Catalogue
from training.tiles import TileSet


@pytest.fixture
def catalogue() -> Catalogue:
    """Two tiles, the second of no known scan."""
    tiles = TileSet(
        ids=["c311", "c578"],
        inputs=np.zeros((2, 16, 16), dtype=np.uint8),
        scans=(Scan("film", "p1"),),
        scan_numbers=np.array([0, -1], dtype=np.int32),
        sizes=np.full((2, 2), 16, dtype=np.int32),
        colours=np.zeros(2, np.float32),
        contents=np.zeros((2, 16), np.uint8),
        positions=np.array([[350, 0], [-1, -1]], dtype=np.int32),
        skipped={},
    )
    return Catalogue(tiles)


def test_ids_and_rows(catalogue: Catalogue):
    """Ids and rows lead to each other."""
    assert len(catalogue) == 2
    assert catalogue.id(catalogue.row("c578")) == "c578"


def test_scan_and_position(catalogue: Catalogue):
    """What is known of a tile's place is told, what is not is None."""
    assert catalogue.scan(0) == Scan("film", "p1")
    assert catalogue.position(0) == (350, 0)
    assert catalogue.scan(1) is None
    assert catalogue.position(1) is None


def test_unknown_id(catalogue: Catalogue):
    """An unknown id names near matches."""
    with pytest.raises(UnknownTile, match=r"'c579'\. Near matches: c578"):
        catalogue.row("c579")

"""Labelled collections: tiles of known scans, each with lettering or without."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.bundle import Scan
from bundle.errors import InputError, UnknownTile
from bundle.preprocess import decode_png
from training.cutting.windows import Recipe
from training.learning.listing import Listed, list_tiles
from training.measuring.labels import LabelCsv, read_labels


@dataclass(frozen=True)
class Collection:
    """Labelled tiles that are not blank, all arrays of one length n.

    ids: as the tile command wrote them.
    tiles: (n, side, side) uint8, as cut.
    positive: (n,) bool, tiles with lettering.
    scans, patients: (n,) numbers; patients are scans where not all are known.
    """

    name: str
    ids: tuple[str, ...] = field(repr=False)
    tiles: Tiles = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)
    scans: NDArray[np.intp] = field(repr=False)
    patients: NDArray[np.intp] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.ids)

    def every(self, step: int) -> "Collection":
        """Return the tiles of every `step`-th scan; `step` 1 returns all."""
        if step == 1:
            return self
        kept = np.flatnonzero(self.scans % step == 0)
        return replace(
            self,
            name=f"{self.name}-every-{step}",
            ids=tuple(self.ids[row] for row in kept.tolist()),
            tiles=self.tiles[kept],
            positive=self.positive[kept],
            scans=_numbered(self.scans[kept].tolist()),
            patients=_numbered(self.patients[kept].tolist()),
        )

    def at_most(self, tiles: int | None) -> "Collection":
        """Return the tiles of each k-th scan, k such that about so many tiles are left."""
        return self if tiles is None else self.every(-(-len(self) // tiles))

    def digest(self) -> str:
        """Return a name for exactly these tiles in this order."""
        return sha256(self.tiles.tobytes()).hexdigest()[:12]

    def about(self) -> dict[str, int]:
        """Return how many tiles, positives, scans and patients there are."""
        return {
            "tiles": len(self),
            "positives": int(self.positive.sum()),
            "scans": len(np.unique(self.scans)),
            "patients": len(np.unique(self.patients)),
        }


class _Folder:
    """Tiles of some folders, as `read_labels` asks about them."""

    def __init__(self, listed: list[Listed]) -> None:
        self.listed = listed
        self._rows = {tile.id: row for row, tile in enumerate(listed)}

    def __len__(self) -> int:
        return len(self.listed)

    def id(self, row: int) -> str:
        return self.listed[row].id

    def row(self, tile_id: str) -> int:
        if tile_id not in self._rows:
            raise UnknownTile(tile_id, [])
        return self._rows[tile_id]

    def scan(self, row: int) -> Scan | None:
        tile = self.listed[row]
        return None if tile.scan is None else Scan(tile.scan, tile.patient)

    def position(self, row: int) -> tuple[int, int] | None:
        return self.listed[row].position


def read_collection(name: str, folders: list[Path], labels: Path) -> Collection:
    """Read tiles and labels; ambiguous and blank tiles are left out.

    Args:
        name: of the collection.
        folders: written by `python -m training tile`, all with one `--size`.
        labels: a CSV as `python -m training evaluate` takes it.

    Raises:
        InputError: folders or labels cannot be used, scans are not known, or sizes differ.
    """
    folder = _Folder([tile for path in folders for tile in list_tiles(path)])
    labelled = read_labels(LabelCsv(labels), folder)
    kept = [folder.listed[row] for row in labelled.rows.tolist()]
    if any(tile.scan is None for tile in kept):
        raise InputError(f"{name}: the tiles.csv beside the tiles must say whose scan each is.")
    pictures = [decode_png(tile.file.read_bytes()) for tile in kept]
    sizes = {picture.shape for picture in pictures}
    if len(sizes) > 1:
        raise InputError(f"{name}: tiles of {len(sizes)} sizes; cut all with one --size.")
    tiles = np.stack(pictures)
    shown = ~_blank(tiles)
    listed = [tile for tile, is_shown in zip(kept, shown.tolist(), strict=True) if is_shown]
    patients = [tile.patient for tile in listed]
    whose = [tile.scan for tile in listed] if None in patients else patients
    return Collection(
        name,
        tuple(tile.id for tile in listed),
        tiles[shown],
        labelled.positive[shown],
        _numbered([tile.scan for tile in listed]),
        _numbered(whose),
    )


def _blank(tiles: Tiles) -> NDArray[np.bool_]:
    flat = tiles.reshape(len(tiles), -1)
    means, deviations = flat.mean(axis=1), flat.std(axis=1)
    return np.asarray((deviations <= Recipe.blank_std) & (means <= Recipe.blank_mean))


def _numbered(names: list[str] | list[int] | list[str | None]) -> NDArray[np.intp]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)

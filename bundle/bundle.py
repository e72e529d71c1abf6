"""An open bundle: arrays mapped from disk, and the look-ups on them."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from bundle.arrays import Distances, Grey, Latents, Points, Rows, give_back
from bundle.errors import BundleDamaged, TileError, UnknownCluster, UnknownTile
from bundle.index import Index
from bundle.layout import MAP, PICTURE_HASH_BYTES, PICTURE_HASHES
from bundle.manifest import WHITE, Manifest
from bundle.plane import Plane, principal_plane
from bundle.preprocess import decode_png
from bundle.sketches import Sketches
from bundle.spread import spread

_REFERENCES = 512
_ALIKE = 0.5  # share of equal letters from which an id is worth showing


def reference_rows(count: int) -> NDArray[np.intp]:
    """Return the rows that stand for all stored tiles: at most 512, evenly spread."""
    return spread(count, _REFERENCES)


def reference_places(count: int, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where rows are among `reference_rows`, -1 for those that are not."""
    known = reference_rows(count)
    places = np.searchsorted(known, rows).clip(max=len(known) - 1)
    return np.where(known[places] == rows, places, -1)


def picture_hash(picture: bytes) -> bytes:
    """Return what `picture_hashes.npy` holds of a picture: the beginning of its SHA-256."""
    return sha256(picture).digest()[:PICTURE_HASH_BYTES]


@dataclass(frozen=True)
class Scan:
    """The film that tiles were cut from; `patient` is None when not known."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # when it is read

    name: str
    patient: str | None


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. Arrays are memory-mapped and read-only; rows stay inside."""

    path: Path
    manifest: Manifest = field(repr=False)
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    scans: tuple[Scan, ...] = field(repr=False)
    pictures: NDArray[np.uint8] = field(repr=False)
    state: bytes = field(default=b"", repr=False)
    """Which files it was read from, of which size and time: `bundle.reader.check_unchanged`."""

    def __len__(self) -> int:
        """Return the number of stored tiles."""
        return self.manifest.source.tiles

    @property
    def latents(self) -> Latents:
        """(n, d) float32: latents as they left the encoder."""
        return self.arrays["latents.npy"]

    @property
    def points(self) -> Points:
        """(n, d) float32: scaled latents, the last with what the scan says."""
        return self.arrays["points.npy"]

    @property
    def neighbors(self) -> Rows:
        """(n, k) int32: rows of the nearest other tiles, nearest first."""
        return self.arrays["neighbors.npy"]

    @property
    def neighbor_distances(self) -> Distances:
        """(n, k) float32: their distances."""
        return self.arrays["neighbor_distances.npy"]

    @property
    def labels(self) -> NDArray[np.int32]:
        """(n,) int32: cluster label of each tile, -1 for stray tiles."""
        return self.arrays["labels.npy"]

    @property
    def dbscan_labels(self) -> NDArray[np.int32]:
        """(n,) int32: the study's DBSCAN label, -1 for noise."""
        return self.arrays["dbscan_labels.npy"]

    @property
    def scores(self) -> NDArray[np.float32]:
        """(n, 5) float32: score of each reason, columns as bundle.screening.REASONS."""
        return self.arrays["scores.npy"]

    @property
    def concept_scores(self) -> NDArray[np.float32]:
        """(n, c) float32: score of each of the manifest's concepts; c is 0 without any."""
        none = np.zeros((len(self), 0), dtype=np.float32)
        return self.arrays.get("concept_scores.npy", none)

    @property
    def verdicts(self) -> NDArray[np.uint8]:
        """(n,) uint8: 0 keep, 1 review, 2 drop."""
        return self.arrays["verdicts.npy"]

    @property
    def white(self) -> int:
        """The grey that counts as white where tiles are seen darker, 1 to 255."""
        return self.manifest.white or WHITE

    @cached_property
    def plane(self) -> Plane:
        """(n, 2) float32: places of the tiles on a map, made here of a bundle that has none."""
        stored = self.arrays.get(MAP)
        return principal_plane(self.points) if stored is None else np.asarray(stored)

    @cached_property
    def references(self) -> Points:
        """(r, d) float32: points of the tiles that stand for all, in memory."""
        return self.points_afar(reference_rows(len(self)))

    def points_afar(self, rows: NDArray[np.intp]) -> Points:
        """Return (m, d) float32 points of rows spread over all, and keep no others in memory."""
        found = np.array(self.points[rows])
        give_back(self.points)
        return found

    @cached_property
    def index(self) -> Index | None:
        """The index, or None in a bundle that is small enough to do without."""
        if self.manifest.index is None:
            return None
        names = ("axes", "rows", "sketches", "ends", "centers")
        return Index.of(*(np.asarray(self.arrays[f"index_{name}.npy"]) for name in names))

    @cached_property
    def _with_reason(self) -> dict[tuple[int, float], Sketches]:
        return {}

    def with_reason(self, column: int, least: float) -> Sketches:
        """Return the tiles whose score of a reason is at least so high, to search among them.

        Their sketches are those of the index, or else the points themselves.
        """
        if (column, least) not in self._with_reason:
            told = self.scores[:, column] >= least
            if self.index is None:
                rows = np.flatnonzero(told).astype(np.int32)
                found = Sketches.of(rows, self.points[rows])
            else:
                found = self.index.all.where(told[self.index.all.rows])
            self._with_reason[column, least] = found
        return self._with_reason[column, least]

    def size(self, row: int) -> tuple[int, int]:
        """Return (height, width) of a tile as it was given, in pixels."""
        height, width = self.arrays["tile_sizes.npy"][row].tolist()
        return height, width

    def id(self, row: int) -> str:
        """Return the id of a row, as the user gave it."""
        return str(bytes(self.arrays["ids.npy"][row]), "utf-8")

    def row(self, tile_id: str) -> int:
        """Return the row of an id.

        Raises:
            UnknownTile: no stored tile has it; the error names near matches.
        """
        row = self.find(tile_id)
        if row is None:
            raise UnknownTile(tile_id[:200], self._near(tile_id[:200]))
        return row

    def find(self, tile_id: str) -> int | None:
        """Return the row of an id, one of many: near matches take milliseconds each to find."""
        ids = self.arrays["ids.npy"]
        wanted = tile_id.encode("utf-8", "surrogatepass")
        at = bisect_left(ids, wanted)
        return at if at < len(ids) and ids[at] == wanted else None

    def _near(self, tile_id: str) -> list[str]:
        """Return up to three ids that look like it, the most alike first, whatever their case."""
        alike: dict[str, float] = {}
        for spelling in (tile_id, tile_id.lower(), tile_id.upper()):
            for row in self._around(spelling):
                found = self.id(row)
                likeness = SequenceMatcher(a=found.lower(), b=tile_id.lower()).ratio()
                alike.setdefault(found, likeness)
        ranked = sorted(alike, key=lambda found: -alike[found])  # stable: nearest first
        return [found for found in ranked if alike[found] >= _ALIKE][:3]

    def _around(self, tile_id: str) -> list[int]:
        """Return the rows of ids that stand near it in the order of ids, nearest first."""
        at = bisect_left(self.arrays["ids.npy"], tile_id.encode("utf-8", "surrogatepass"))
        return sorted(
            range(max(0, at - 50), min(len(self), at + 50)), key=lambda row: abs(row - at)
        )

    def scale(self, latents: Latents) -> Points:
        """Apply the fitted scaler: (n, d) float32 latents -> (n, d) float32 points."""
        mean, scale = self.arrays["scaler.npy"]
        points: Points = ((latents - mean) / scale).astype(np.float32)
        return points

    def picture(self, row: int) -> bytes:
        """Return a tile's stored picture, the encoder's input, as PNG bytes.

        Raises:
            BundleDamaged: its bytes are not those that were written.
        """
        start, end = self.arrays["picture_offsets.npy"][row : row + 2]
        picture = self.pictures[start:end].tobytes()
        hashes = self.arrays.get(PICTURE_HASHES)
        if hashes is not None and picture_hash(picture) != hashes[row].tobytes():
            raise BundleDamaged(f"pictures.bin was altered at the tile {self.id(row)!r}.")
        return picture

    def tile(self, row: int) -> Grey:
        """Return a tile's stored picture, the encoder's input: (side, side) uint8.

        Raises:
            BundleDamaged: it is not the one that was written, or none.
        """
        try:
            return decode_png(self.picture(row))
        except TileError as error:
            sentence = f"pictures.bin holds no whole picture of the tile {self.id(row)!r}."
            raise BundleDamaged(sentence) from error

    def scan(self, row: int) -> Scan | None:
        """Return the scan that a tile was cut from, or None when not known."""
        number = int(self.arrays["scan_numbers.npy"][row])
        return None if number < 0 else self.scans[number]

    def position(self, row: int) -> tuple[int, int] | None:
        """Return (y, x) of the tile's corner in its scan in pixels, or None."""
        y, x = self.arrays["positions.npy"][row].tolist()
        return None if y < 0 or x < 0 else (y, x)

    @cached_property
    def sides(self) -> tuple[int, int]:
        """Shorter side of the smallest and of the largest tile as it was given, in pixels."""
        shorter = self.arrays["tile_sizes.npy"].min(axis=1)
        return int(shorter.min()), int(shorter.max())

    @cached_property
    def cluster_sizes(self) -> NDArray[np.int64]:
        """(clusters,) int64: number of tiles with each label from 0 up."""
        labels = self.labels
        return np.bincount(labels[labels >= 0], minlength=self.manifest.clustering.clusters)

    @cached_property
    def core_labels(self) -> NDArray[np.int32]:
        """(n,) int32: labels of core tiles, the number of clusters for all others.

        In the order of the index's sketches, or of the rows where there is none.
        """
        others = np.int32(self.manifest.clustering.clusters)
        labels = np.where(self.arrays["core.npy"], self.labels, others)
        found: NDArray[np.int32] = labels if self.index is None else labels[self.index.all.rows]
        return found

    @cached_property
    def _by_label(self) -> list[NDArray[np.intp]]:
        """Rows of each label: stray tiles first, then cluster 0, 1, ..."""
        ends = np.cumsum([len(self) - self.cluster_sizes.sum(), *self.cluster_sizes])
        return np.split(np.argsort(self.labels, kind="stable"), ends[:-1])

    def members(self, label: int) -> NDArray[np.intp]:
        """Return the rows of a cluster, ascending; label -1 gives the stray tiles.

        Raises:
            UnknownCluster: there is no such label.
        """
        highest = self.manifest.clustering.clusters - 1
        if not -1 <= label <= highest:
            raise UnknownCluster(label, highest)
        return self._by_label[label + 1]

    @cached_property
    def _medoids(self) -> dict[int, int | None]:
        return {}

    def medoid(self, label: int) -> int | None:
        """Return the row of the tile nearest to its cluster's mean; None if it is empty.

        Raises:
            UnknownCluster: there is no such label.
        """
        if label not in self._medoids:
            rows = self.members(label)
            points = self.points[rows]
            away = np.linalg.norm(points - points.mean(axis=0), axis=1) if len(rows) else None
            self._medoids[label] = None if away is None else int(rows[int(away.argmin())])
        return self._medoids[label]

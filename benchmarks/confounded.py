"""Real film of two classes, where drawn lettering was made to predict the class.

A class is what the study has: abnormal tiles show a drawn lesion, normal ones do not. Letters
are planted ten times as often where there is no lesion, so that the odds ratio is known. Both are
drawn on the scans, which are cut afterwards: tiles that overlap show the same. Beside it stands
a class that is drawn by patient and has nothing to do with anything.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import minimum_filter

from bundle.arrays import Grey
from training.auditing.proof import lettered
from training.cutting.scan_files import find_scans, patient_of, scan_name
from training.cutting.scans import read_scan
from training.cutting.windows import tile_id
from training.tables import read_table

NORMAL, ABNORMAL = "normal", "abnormal"
LETTERED = {NORMAL: 0.3, ABNORMAL: 0.03}
"""Share of the places of a class on which letters are planted."""
WINDOW = 64
"""Side of a tile, in pixels of the thumbnails."""
_PITCH = 96
"""From a place to the next: no tile reaches two of them."""
_ILL = 0.7
"""Share of the places with tissue that have a lesion; three of five places have some."""
_TISSUE = 40
"""Grey level above which film shows tissue."""
_BLANK_STD = 4.0
_TRACE, _SHOWN = 0.02, 0.3
"""Share of a lesion, or of letters, up to which a tile is free of it, and from which it has it."""

Share = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """What was made: marked and not among normal tiles, then among abnormal ones."""

    tiles: int
    scans: int
    doubtful: int
    """Tiles with a piece of a lesion or of letters: cut, but in no list."""
    table: tuple[int, int, int, int]

    @property
    def odds_ratio(self) -> float:
        """Return the odds ratio that was planted, normal against abnormal."""
        a, b, c, d = self.table
        return a * d / (b * c)


@dataclass(frozen=True)
class _Drawn:
    """A scan with what was drawn.

    grey: (h, w) uint8. lesion, letters: (h, w), how much of the lesion or the letters of its
    place a pixel has; each place's sum to 1.
    """

    grey: Grey = field(repr=False)
    lesion: Share = field(repr=False)
    letters: Share = field(repr=False)


def make(scans: Path, labels: Path, target: Path, seed: int) -> Made:
    """Write `tiles/` with its tiles.csv, and beside it the lists that an audit takes.

    classes.csv: id, class, patient. drawn.csv: the same with classes that mean nothing.
    clean.csv: ids of the tiles without planted letters.

    Args:
        scans: folder of scans.
        labels: scan, y, x, label of their tiles of WINDOW pixels; only tiles
            labelled other are drawn on and cut, and none that is blank.
        target: folder to write.
        seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    clean = _clean(labels)
    found = [scan for scan in find_scans(scans).scans if scan.file in clean]
    patients = {scan.file: patient_of(scan, None, "auto") or scan.file for scan in found}
    other = {name: rng.random() < 0.5 for name in sorted(set(patients.values()))}
    tiles = target / "tiles"
    tiles.mkdir(parents=True, exist_ok=True)
    doubtful, kept, rows = 0, [], []
    counts = {NORMAL: [0, 0], ABNORMAL: [0, 0]}
    for scan in found:
        name, patient = scan_name(scan.file), patients[scan.file]
        drawn = _draw(read_scan(scan.path).grey, clean[scan.file], rng)
        for y, x in clean[scan.file]:
            tile = _window(drawn.grey, y, x)
            if tile.std() < _BLANK_STD:
                continue
            identity = tile_id(name, y, x)
            Image.fromarray(tile).save(tiles / f"{identity}.png")
            kept.append((identity, name, patient, y, x))
            lesion, letters = (
                float(_window(of, y, x).sum()) for of in (drawn.lesion, drawn.letters)
            )
            if any(_TRACE < share < _SHOWN for share in (lesion, letters)):
                doubtful += 1
                continue
            kind = ABNORMAL if lesion >= _SHOWN else NORMAL
            free = letters < _SHOWN
            counts[kind][free] += 1
            rows.append((identity, kind, patient, other[patient], free))
    _write(tiles / "tiles.csv", ["id", "scan", "patient", "y", "x"], kept)
    columns = ["id", "class", "patient"]
    _write(target / "classes.csv", columns, [row[:3] for row in rows])
    means_nothing = [(row[0], "first" if row[3] else "second", row[2]) for row in rows]
    _write(target / "drawn.csv", columns, means_nothing)
    _write(target / "clean.csv", ["id"], [row[:1] for row in rows if row[4]])
    normal, abnormal = counts[NORMAL], counts[ABNORMAL]
    table = (normal[0], normal[1], abnormal[0], abnormal[1])
    return Made(len(kept), len(found), doubtful, table)


def _clean(labels: Path) -> dict[str, list[tuple[int, int]]]:
    """Return the corners (y, x) of every scan's tiles without lettering."""
    _, lines = read_table(labels)
    clean: dict[str, list[tuple[int, int]]] = {}
    for line in lines:
        if line["label"] == "other":
            clean.setdefault(line["scan"], []).append((int(line["y"]), int(line["x"])))
    return clean


def _draw(film: Grey, clean: list[tuple[int, int]], rng: np.random.Generator) -> _Drawn:
    """Draw lesions on most places of a scan that have tissue, then letters by what is there."""
    drawn = _Drawn(film.copy(), np.zeros(film.shape), np.zeros(film.shape))
    for y, x in clean:
        if y % _PITCH or x % _PITCH or _window(film, y, x).std() < _BLANK_STD:
            continue
        place = _window(drawn.grey, y, x)
        lesion = with_lesion(place, rng) if rng.random() < _ILL else None
        if lesion is not None:
            _put(place, lesion, _window(drawn.lesion, y, x))
        share = LETTERED[NORMAL if lesion is None else ABNORMAL]
        letters = lettered(place, rng) if rng.random() < share else None
        if letters is not None:
            _put(place, letters, _window(drawn.letters, y, x))
    return drawn


def _put(place: Grey, made: Grey, share: Share) -> None:
    """Lay a changed place into its scan, and into `share` how much of the change lies where."""
    change = np.abs(made.astype(np.float64) - place)
    share += change / max(change.sum(), 1)
    place[:] = made


def _window(pixels: NDArray[Any], y: int, x: int) -> NDArray[Any]:
    return pixels[y : y + WINDOW, x : x + WINDOW]


def with_lesion(tile: Grey, rng: np.random.Generator) -> Grey | None:
    """Return a tile with a soft lump of a few bright blobs in its tissue; None if it has none.

    A lump on bare film would be no lesion, and is what a marker looks like.
    """
    side = len(tile)
    rim = round(0.3 * side)  # so that it is whole
    around = minimum_filter(tile, round(0.3 * side))
    tissue = np.argwhere(around[rim:-rim, rim:-rim] > _TISSUE) + rim
    if not len(tissue):
        return None
    middle = tissue[rng.integers(len(tissue))]
    y, x = np.mgrid[0:side, 0:side]
    size, strength = side * rng.uniform(0.05, 0.1), rng.uniform(25, 70)
    lump = np.zeros(tile.shape)
    for _ in range(4):
        at = middle + rng.normal(0, size * 0.7, 2)
        wide = size * rng.uniform(0.5, 1, 2)
        lump += np.exp(-(((y - at[0]) / wide[0]) ** 2 + ((x - at[1]) / wide[1]) ** 2) / 2)
    lit: NDArray[np.float64] = tile + strength * np.minimum(lump, 1.3)
    return lit.clip(0, 255).astype(np.uint8)


def _write(file: Path, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)

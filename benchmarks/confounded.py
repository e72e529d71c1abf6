"""Real film tiles of two classes, where drawn lettering was made to predict the class.

A class is what the study has: abnormal tiles show a drawn lesion, normal ones do not. Letters
are planted on normal tiles ten times as often as on abnormal ones, so that the odds ratio is
known. Beside it stands a class that is drawn by scan and has nothing to do with anything.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle.arrays import Grey
from bundle.preprocess import decode_png
from training.auditing.proof import lettered
from training.tables import read_table

NORMAL, ABNORMAL = "normal", "abnormal"
SHARES = {NORMAL: 0.3, ABNORMAL: 0.03}
"""Share of the tiles of a class on which letters are planted."""
_BLANK_STD = 4.0
_TABLES = ("classes.csv", "drawn.csv", "clean.csv")


@dataclass(frozen=True)
class Made:
    """What was made: marked and not among normal tiles, then among abnormal ones."""

    tiles: int
    scans: int
    table: tuple[int, int, int, int]

    @property
    def odds_ratio(self) -> float:
        """Return the odds ratio that was planted, normal against abnormal."""
        a, b, c, d = self.table
        return a * d / (b * c)


def make(source: Path, labels: Path, target: Path, seed: int) -> Made:
    """Write `tiles/` with its tiles.csv, and beside it the lists that an audit takes.

    classes.csv: id, class, patient. drawn.csv: the same with classes that mean nothing.
    clean.csv: ids of the tiles without planted letters.

    Args:
        source: folder of tiles, as the `tile` command writes it.
        labels: scan, y, x, label; only tiles labelled other, and not blank, are taken.
        target: folder to write.
        seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    clean = _clean(labels)
    _, lines = read_table(source / "tiles.csv")
    tiles = target / "tiles"
    tiles.mkdir(parents=True, exist_ok=True)
    drawn = {name: rng.random() < 0.5 for name in sorted({line["patient"] for line in lines})}
    kept, rows, counts = [], [], {NORMAL: [0, 0], ABNORMAL: [0, 0]}
    for line in lines:
        tile = decode_png((source / f"{line['id']}.png").read_bytes())
        if (line["scan"], line["y"], line["x"]) not in clean or tile.std() < _BLANK_STD:
            continue
        name = NORMAL if rng.random() < 0.5 else ABNORMAL
        tile = tile if name == NORMAL else with_lesion(tile, rng)
        marked = lettered(tile, rng) if rng.random() < SHARES[name] else None
        counts[name][marked is None] += 1
        Image.fromarray(tile if marked is None else marked).save(tiles / f"{line['id']}.png")
        kept.append([line[key] for key in ("id", "scan", "patient", "y", "x")])
        rows.append((line["id"], name, line["patient"], drawn[line["patient"]], marked is None))
    _write(tiles / "tiles.csv", ["id", "scan", "patient", "y", "x"], kept)
    _write(target / _TABLES[0], ["id", "class", "patient"], [row[:3] for row in rows])
    other = [(row[0], "first" if row[3] else "second", row[2]) for row in rows]
    _write(target / _TABLES[1], ["id", "class", "patient"], other)
    _write(target / _TABLES[2], ["id"], [row[:1] for row in rows if row[4]])
    scans = len({row[1] for row in kept})
    return Made(len(rows), scans, (*counts[NORMAL], *counts[ABNORMAL]))  # type: ignore[arg-type]


def _clean(labels: Path) -> set[tuple[str, str, str]]:
    _, lines = read_table(labels)
    return {
        (Path(line["scan"]).stem if line["scan"].endswith(".jpg") else line["scan"], *_at(line))
        for line in lines
        if line["label"] == "other"
    }


def _at(line: dict[str, str]) -> tuple[str, str]:
    return line["y"], line["x"]


def with_lesion(tile: Grey, rng: np.random.Generator) -> Grey:
    """Return a tile with a soft lump of a few bright blobs on its tissue."""
    side = len(tile)
    tissue = np.argwhere(tile > 40)
    middle = tissue[rng.integers(len(tissue))] if len(tissue) else np.array([side / 2, side / 2])
    y, x = np.mgrid[0:side, 0:side]
    size, strength = side * rng.uniform(0.05, 0.1), rng.uniform(25, 70)
    lump = np.zeros(tile.shape)
    for _ in range(4):
        at = middle + rng.normal(0, size * 0.7, 2)
        wide = size * rng.uniform(0.5, 1, 2)
        lump += np.exp(-(((y - at[0]) / wide[0]) ** 2 + ((x - at[1]) / wide[1]) ** 2) / 2)
    lit: NDArray[np.float64] = tile + strength * np.minimum(lump, 1.3)
    return lit.clip(0, 255).astype(np.uint8)


def _write(
    file: Path, columns: list[str], rows: list[tuple[object, ...]] | list[list[str]]
) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)

"""Folders of small PNG tiles for fitting: smooth grey, a third of them with strokes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.preprocess import content_hash
from tests.pictures import png
from training.tiles import TileSet

SIDE = 32


def stroke_tiles(count: int, *, side: int = SIDE, seed: int = 5) -> Tiles:
    """Return (count, side, side) uint8: a slope of grey each, strokes on every third."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, 1, side)
    ends = rng.integers(10, 160, (count, 2, 1, 1))
    tiles: NDArray[np.float64] = ends[:, 0] * slope[None, :, None] + ends[:, 1] * slope[None, None]
    tiles[::3, side // 4 : side // 2 : 4, side // 4 : side // 2] = 250
    return tiles.clip(0, 255).astype(np.uint8)


def write_tiles(folder: Path, count: int = 12, *, side: int = SIDE, scans: int = 0) -> Path:
    """Write tiles t00.png, t01.png, ... and, if there are scans, a tiles.csv; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"t{number:02d}" for number in range(count)]
    for name, tile in zip(names, stroke_tiles(count, side=side), strict=True):
        (folder / f"{name}.png").write_bytes(png(tile))
    if scans:
        rows = [f"{name},film{i % scans},p{i % 2},{i * 350},0" for i, name in enumerate(names)]
        (folder / "tiles.csv").write_text("\n".join(["id,scan,patient,y,x", *rows, ""]))
    return folder


def tile_set(inputs: Tiles) -> TileSet:
    """Return a set of these tiles, named t0, t1, ..., of no known scan."""
    count = len(inputs)
    return TileSet(
        ids=[f"t{number}" for number in range(count)],
        inputs=inputs,
        scans=(),
        scan_numbers=np.full(count, -1, np.int32),
        sizes=np.full((count, 2), inputs.shape[1], np.int32),
        colours=np.zeros(count, np.float32),
        contents=np.stack([np.frombuffer(content_hash(one), np.uint8) for one in inputs]),
        positions=np.full((count, 2), -1, np.int32),
        skipped={},
    )

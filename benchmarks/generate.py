"""Film-like tiles made from random numbers, as many as wanted, for measuring at scale."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from tqdm import tqdm

_BASES = 64


def film(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Return (side, side) uint8: smooth tissue, a film edge now and then, and grain."""
    coarse = rng.integers(20, 200, (6, 6), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    tissue = np.asarray(smooth.filter(ImageFilter.GaussianBlur(3)), dtype=np.float32)
    if rng.random() < 0.3:
        tissue[:, : rng.integers(1, side)] *= 0.1
    return (tissue + rng.normal(0, 4, (side, side))).clip(0, 254).astype(np.uint8)


def varied(rng: np.random.Generator, base: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a new tile from a base: shifted, flipped, with another brightness."""
    tile = np.roll(base, tuple(rng.integers(0, base.shape[0], 2)), (0, 1))
    tile = tile[:: rng.choice((-1, 1)), :: rng.choice((-1, 1))]
    return (tile * rng.uniform(0.5, 1.2)).clip(0, 254).astype(np.uint8)


def write_tiles(folder: Path, count: int, *, side: int = 299, scan_of: int = 60) -> None:
    """Write `count` PNG tiles and their `tiles.csv`, `scan_of` tiles a made-up scan."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, count, 1000)
    jobs = [(folder, start, min(start + 1000, count), side) for start in starts]
    with ProcessPoolExecutor() as pool, tqdm(total=count, desc="generate", unit=" tiles") as bar:
        for done in pool.map(_write_some, jobs):
            bar.update(done)
    rows = (f"g{n:06d},film{n // scan_of:05d},,{n % scan_of * 350},0\n" for n in range(count))
    (folder / "tiles.csv").write_text("id,scan,patient,y,x\n" + "".join(rows))


def _write_some(job: tuple[Path, int, int, int]) -> int:
    folder, start, end, side = job
    rng = np.random.default_rng(start)
    bases = [film(rng, side) for _ in range(_BASES)]
    for number in range(start, end):
        tile = varied(rng, bases[number % _BASES])
        Image.fromarray(tile).save(folder / f"g{number:06d}.png", compress_level=1)
    return end - start


def pngs(count: int, *, side: int = 299, seed: int = 0) -> Iterator[bytes]:
    """Yield `count` tiles as PNG bytes."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        stream = BytesIO()
        Image.fromarray(film(rng, side)).save(stream, "PNG")
        yield stream.getvalue()

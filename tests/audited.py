"""A bundle for audits: film of two classes, letters on one of them, all known."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from bundle.arrays import Grey
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle


def film(rng: np.random.Generator, side: int = 96) -> Grey:
    """Return soft tissue with grain."""
    coarse = Image.fromarray(rng.integers(40, 130, (4, 4), dtype=np.uint8))
    soft = coarse.resize((side, side), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 4, (side, side))
    return (np.asarray(soft.filter(ImageFilter.GaussianBlur(2))) + grain).clip(0, 255).astype("u1")


def write_bundle(path: Path, marked: NDArray[np.bool_]) -> list[str]:
    """Write a bundle whose marked tiles score 0.97 for lettering and are dropped; return its ids.

    Tile n is of film n modulo three. Nothing on a tile has a place.
    """
    count = len(marked)
    ids = [f"t{number:04d}" for number in range(count)]
    write_tiny_bundle(path, count=count, ids=ids)
    scores = np.zeros((count, 5), dtype=np.float32)
    scores[:, 0] = np.where(marked, 0.97, 0.01)
    forge_array(path, "scores.npy", scores)
    forge_array(path, "boxes.npy", np.zeros((count, 3, 4), dtype=np.int16))
    forge_array(path, "verdicts.npy", np.where(marked, 2, 0).astype(np.uint8))
    return ids


def write_classes(file: Path, rows: list[tuple[str, ...]], columns: str = "id,class") -> Path:
    """Write a list of classes."""
    file.write_text("\n".join([columns, *(",".join(row) for row in rows)]) + "\n")
    return file

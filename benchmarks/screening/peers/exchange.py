"""What a peer's script reads and writes: tiles in, scores and features out, as .npz files.

`python -m benchmarks.screening.peers.NAME TILES.npz OUT.npz [OPTION]` runs in the peer's own
environment, so this module and the scripts beside it import nothing of the project.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tiles = NDArray[np.uint8]
"""(n, side, side) uint8, grey, 0 black."""

SCORE, FEATURE = "score: ", "feature: "


@dataclass(frozen=True)
class Answer:
    """What a peer says about n tiles, in their order.

    scores: name -> (n,) numbers, high for what may be lettering; made without a label.
    features: name -> (n, d) numbers in which tiles can be compared.
    """

    scores: dict[str, NDArray[Any]] = field(default_factory=dict)
    features: dict[str, NDArray[Any]] = field(default_factory=dict)


def answer(load: Callable[[str], Callable[[Tiles], Answer]]) -> None:
    """Run a peer on the files of the command line.

    Its clock starts when it is loaded and counts processor time: the machine may be shared.

    Args:
        load: from the OPTION of the command line ("" without one) to the peer.
    """
    source, target, option = (*sys.argv[1:], "")[:3]
    with np.load(source) as content:
        tiles: Tiles = content["tiles"]
    peer = load(option)
    start = time.process_time()
    found = peer(tiles)
    seconds = time.process_time() - start
    named = {SCORE + name: values for name, values in found.scores.items()}
    named |= {FEATURE + name: values for name, values in found.features.items()}
    for name, values in named.items():
        if len(values) != len(tiles):
            raise ValueError(f"{name} is of {len(values)} tiles, not of {len(tiles)}.")
    with Path(target).open("wb") as stream:
        np.savez(stream, seconds=seconds, **named)  # type: ignore[arg-type]


@contextmanager
def as_files(tiles: Tiles) -> Iterator[list[Path]]:
    """Write the tiles as PNG files 000000.png, 000001.png, ... of a folder that goes after."""
    from PIL import Image  # noqa: PLC0415  (not every peer has it)

    with TemporaryDirectory(prefix="tiles-") as folder:
        files = [Path(folder, f"{row:06d}.png") for row in range(len(tiles))]
        for file, tile in zip(files, tiles, strict=True):
            Image.fromarray(tile).save(file)
        yield files


def rows_of(names: list[str]) -> list[int]:
    """Return the row of each file that `as_files` wrote."""
    return [int(Path(name).stem) for name in names]

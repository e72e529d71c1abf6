"""fastdup: its own features, and its outliers (least like their nearest picture)."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import fastdup
import numpy as np

from benchmarks.screening.peers import exchange
from benchmarks.screening.peers.exchange import Answer, Tiles


def load(_option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; there is nothing to load."""
    return find


def find(tiles: Tiles) -> Answer:
    """Return its features, (n, 576)."""
    with exchange.as_files(tiles) as files, TemporaryDirectory(prefix="fastdup-") as work:
        engine = fastdup.create(work_dir=work, input_dir=str(files[0].parent))
        engine.run(overwrite=True, num_threads=1, print_summary=False)
        names, found = engine.embeddings()
        if sorted(Path(name).name for name in names) != [file.name for file in files]:
            raise ValueError(f"fastdup described {len(names)} of {len(files)} tiles.")
    features = np.empty_like(found)
    features[exchange.rows_of(list(names))] = found
    return Answer(features={"its features": features})


if __name__ == "__main__":
    exchange.answer(load)

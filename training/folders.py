"""Going through folders of scans and of tiles."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def files_in(root: Path, note: Callable[[OSError], object] | None = None) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names, hidden ones left out.

    Linked folders are gone through as well, each folder once: a link may lead back.

    Args:
        root: the folder.
        note: hears of folders that cannot be read.
    """
    seen = set[tuple[int, int]]()
    for folder, folders, names in os.walk(root, onerror=note, followlinks=True):
        found = Path(folder).stat()
        if (found.st_dev, found.st_ino) in seen:
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))

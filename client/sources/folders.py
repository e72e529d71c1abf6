"""Tiles in folders, and files that match a pattern."""

import os
from collections.abc import Iterator
from glob import has_magic
from itertools import takewhile
from pathlib import Path

from ..errors import InputUnusable


def paths_like(pattern: Path, name: str) -> tuple[Path, list[Path]]:
    """Return the folder before a pattern's first star, and the files below it that match.

    Raises:
        InputUnusable: none does.
    """
    fixed = list(takewhile(lambda part: not has_magic(part), pattern.parts))
    folder = Path(*fixed).resolve()
    rest = str(Path(*pattern.parts[len(fixed) :]))
    matches = [path for path in folder.glob(rest) if path.is_file() and not _hidden(path, folder)]
    if not matches:
        raise InputUnusable(f"No file matches {name}. ** stands for any sub-folders.")
    return folder, matches


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def paths_in(folder: Path, name: str) -> list[Path]:
    """Return the PNG files in a folder and its sub-folders; `name` is what the user called it.

    Raises:
        InputUnusable: there is none, or a folder cannot be read.
    """
    others = 0
    paths = []
    for path in _walk(folder):
        if path.suffix.lower() == ".png" and not path.name.startswith("."):
            paths.append(path)
        else:
            others += 1
    if not paths:
        what = f"holds {others:,} files and none of them is a PNG" if others else "is empty"
        raise InputUnusable(f"{name} {what}. Cut scans into tiles with `python -m training tile`.")
    return paths


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        # Silence would leave tiles out of the results without a word.
        raise InputUnusable(f"The folder {error.filename} cannot be read: {error.strerror}.")

    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = Path(place).resolve()
        if real in seen:  # links may lead in a circle
            folders.clear()
            continue
        seen.add(real)
        # Sorted, so that of two ways to one folder every run takes the same.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in names)

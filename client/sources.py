"""From what was named on the command line to a sorted list of tile files."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from itertools import takewhile
from pathlib import Path

from client.errors import InputUnusable
from client.payload import stem


@dataclass(frozen=True)
class TileFile:
    """One file to ask about.

    file: its path below the folder that was named, with forward slashes.
    size, changed_ns: bytes and time of change when it was found; with `file` they tell
        whether a result of an earlier run is still about the same picture.
    """

    file: str
    path: Path = field(compare=False)
    size: int
    changed_ns: int

    @property
    def id(self) -> str:
        """The file name without its ending."""
        return stem(self.file.rpartition("/")[2])

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes this file the same one in a later run."""
        return self.file, self.size, self.changed_ns


def find_tiles(named: Sequence[str]) -> list[TileFile]:
    """Find the tiles in folders (with their sub-folders), files and glob patterns.

    From a folder only `*.png` is taken, in either case and nothing hidden; a file named on its own
    or matched by a pattern is taken whatever its ending. Sorted by `file`, each file once.

    Raises:
        InputUnusable: something named is not there, cannot be read, or holds no PNG.
    """
    found = [_expand(name) for name in named]
    base = Path(os.path.commonpath([folder for folder, _ in found]))
    paths = {path for _, paths in found for path in paths}
    return sorted((_tile(path, base) for path in paths), key=lambda tile: tile.file)


def _expand(name: str) -> tuple[Path, list[Path]]:
    """Return the folder that names are relative to, and the paths in it."""
    path = Path(name)
    if path.is_dir():
        return path.resolve(), _in_folder(path.resolve(), name)
    if path.exists():
        folder = path.parent.resolve()
        return folder, [folder / path.name]
    if not has_magic(name):
        raise InputUnusable(
            f"{name} does not exist. Name a folder of PNG tiles, a file or a pattern."
        )
    return _matching(path, name)


def _matching(pattern: Path, name: str) -> tuple[Path, list[Path]]:
    fixed = list(takewhile(lambda part: not has_magic(part), pattern.parts))
    folder = Path(*fixed).resolve()
    rest = str(Path(*pattern.parts[len(fixed) :]))
    matches = [path for path in folder.glob(rest) if path.is_file() and not _hidden(path, folder)]
    if not matches:
        raise InputUnusable(f"No file matches {name}. ** stands for any sub-folders.")
    return folder, matches


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _in_folder(folder: Path, name: str) -> list[Path]:
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


def _tile(path: Path, base: Path) -> TileFile:
    # Names that are not UTF-8 would break every table; the escapes keep them apart.
    file = os.fsencode(path.relative_to(base).as_posix()).decode("utf-8", "backslashreplace")
    try:
        facts = path.stat()
    except OSError:  # gone already, or a link to nowhere: reported when its turn comes
        return TileFile(file, path, 0, 0)
    return TileFile(file, path, facts.st_size, facts.st_mtime_ns)

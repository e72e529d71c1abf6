"""From what was named on the command line to a sorted list of tiles."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from ..errors import InputUnusable
from .archives import is_archive, tiles_in_archive
from .folders import paths_in, paths_like
from .lists import Columns, is_manifest, listed, tiles_in_manifest
from .tile import Tile, of_path

STDIN = "-"


@dataclass(frozen=True)
class _Lot:
    """What one name on the command line stands for.

    base: the folder that its files are told relative to.
    tiles: makes the tiles, told relative to a folder above `base` or to that itself.
    """

    base: Path
    tiles: Callable[[Path], Iterable[Tile]]


def find_tiles(
    named: Sequence[str], *, lines: Iterable[str] = (), columns: Columns | None = None
) -> list[Tile]:
    """Find the tiles in folders (with their sub-folders), files, patterns, archives and lists.

    From a folder only `*.png` is taken, in either case and nothing hidden; a file named on its own
    or matched by a pattern is taken whatever its ending. Sorted by `file`, each tile once.

    Args:
        named: folders, files, patterns, `*.zip`, manifests `*.csv` and `*.tsv`, and `-`.
        lines: what `-` stands for: a path each.
        columns: which columns of a manifest hold path and id.

    Raises:
        InputUnusable: something named is not there, cannot be read, or holds no PNG.
    """
    lots: list[_Lot] = []
    found: list[Tile] = []
    for name in named:
        if name == STDIN:
            found += listed(lines)
        elif is_manifest(name):
            found += tiles_in_manifest(Path(name), columns or Columns())
        else:
            lots += _lots(name)
    if lots:
        base = Path(os.path.commonpath([lot.base for lot in lots]))
        found += (tile for lot in lots for tile in lot.tiles(base))
    return sorted(dict.fromkeys(found), key=lambda tile: (tile.file, tile.id))


def _lots(name: str) -> Iterator[_Lot]:
    path = Path(name)
    if path.is_dir():
        yield _files(path.resolve(), paths_in(path.resolve(), name))
    elif path.exists():
        yield _file(path.parent.resolve() / path.name, path.parent.resolve())
    elif has_magic(name):
        folder, paths = paths_like(path, name)
        yield from (_file(path, folder) for path in paths)
    else:
        raise InputUnusable(
            f"{name} does not exist. Name a folder of PNG tiles, a file, a pattern, a zip archive "
            "or a CSV manifest."
        )


def _files(base: Path, paths: Sequence[Path]) -> _Lot:
    return _Lot(base, lambda above: (of_path(path, _below(path, above)) for path in paths))


def _file(path: Path, base: Path) -> _Lot:
    if is_archive(path):
        return _Lot(base, lambda above: tiles_in_archive(path, _below(path, above)))
    return _files(base, [path])


def _below(path: Path, above: Path) -> str:
    return path.relative_to(above).as_posix()

"""Tiles in a zip archive, read where they are: nothing is unpacked to disk.

What an archive says of itself is not believed. A member is read no further than the longest tile
may be, and an archive that claims to unpack to far more than PNG files ever do is not read at all.
"""

import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ..errors import InputUnusable
from .tile import Tile, name_of

MOST_MEMBERS = 1_000_000
_EXPANSION = 100
_SMALL = 256 * 2**20
"""PNG files are compressed already: an archive of them unpacks to little more than its own size.
Blank ones may shrink a hundredfold, and what unpacks to little is not worth a thought."""


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is a zip archive."""
    return path.suffix.lower() == ".zip"


def tiles_in_archive(path: Path, file: str) -> Iterator[Tile]:
    """Yield the PNG files of an archive; `file` is what tables call the archive.

    Raises:
        InputUnusable: it is no zip archive, is damaged, holds no PNG or two of one name, or is a
            zip bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputUnusable(
            f"{path} cannot be read as a zip archive: {reason}. Copy it anew, or pack it again."
        ) from error
    members = archive.infolist()
    _refuse_bombs(path, members)
    tiles = [one for one in members if _is_tile(one)]
    if not tiles:
        raise InputUnusable(f"{path} holds {len(members):,} members and none of them is a PNG.")
    _refuse_doubles(path, tiles)
    for member in tiles:
        name, where = f"{file}/{member.filename}", f"{path}/{member.filename}"
        yield Tile(name, name_of(name), where, member.file_size, partial(_read, archive, member))


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(member) as stream:
        return stream.read(most)


def _refuse_bombs(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise InputUnusable(
            f"{path} holds {len(members):,} members, more than {MOST_MEMBERS:,}. Divide it."
        )
    unpacked, packed = sum(one.file_size for one in members), path.stat().st_size
    if unpacked > max(_SMALL, _EXPANSION * packed):
        raise InputUnusable(
            f"{path} has {packed:,} bytes and says that it unpacks to {unpacked:,}. PNG files do "
            "not shrink so much: it looks like a zip bomb and is not read."
        )


def _refuse_doubles(path: Path, tiles: list[zipfile.ZipInfo]) -> None:
    name, times = Counter(one.filename for one in tiles).most_common(1)[0]
    if times > 1:
        raise InputUnusable(
            f"{path} holds {times:,} members of the name {name}: one would hide the others. Pack "
            "it again with names that differ."
        )


def _is_tile(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
    return path.suffix.lower() == ".png" and not member.is_dir() and not hidden

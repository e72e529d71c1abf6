"""Tiles on disk, ready for the encoder: each PNG is decoded once, then mapped."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bundle.arrays import Tiles
from bundle.bundle import Scan
from bundle.errors import AnimatedTile, DamagedTile, EmptyTile, InputError, TileError
from bundle.preprocess import Input, read_tile
from bundle.screening import LEAST_COLOUR_LIMIT
from training.learning.listing import Listed, printable
from training.plain import read_plain
from training.progress import StepLog
from training.tiles import TileSet

MIN_TILES = 10
"""Fewest tiles of a fit: one or two to validate on, and neighbours worth the name."""
_INPUTS, _READ = "inputs.bin", "read.json"
_AT_ONCE = 256
_TWELVE_BITS = 16
"""Grey levels of 255 below which all values of 12 bits lie that are stored as 16."""


@dataclass(frozen=True)
class _Reading:
    """Which tiles became rows, by their place in the list, and which did not and why.

    sizes, colours, contents: of each that did, as the file has it; see `bundle.preprocess.Input`.
        Contents are in hex.
    """

    kept: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    colours: list[float] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def read_tiles(listed: Sequence[Listed], work: Path, *, side: int, log: StepLog) -> TileSet:
    """Decode all tiles into `work/inputs.bin`, or take what an earlier run left there.

    A file that is no tile is skipped and listed. Tiles pass through memory a few at a time.

    Args:
        listed: from `list_tiles`.
        work: folder for the array.
        side: pixels of the encoder's square input.
        log: shows the progress and keeps the clock.

    Raises:
        InputError: too few tiles are left, or all of them are the same picture.
    """
    mark = fingerprint(listed, side)
    reading = _earlier(work, mark)
    if reading is None:
        with log.step("read tiles", len(listed)) as bar:
            reading = _read(listed, work, side, bar)
        (work / _READ).write_text(json.dumps({"fingerprint": mark, **asdict(reading)}))
    _refuse_few(reading, len(listed))
    shape = (len(reading.kept), side, side)
    inputs: Tiles = np.memmap(work / _INPUTS, dtype=np.uint8, mode="r", shape=shape)
    _refuse_equal(inputs)
    _warn_of_colour(reading.colours)
    _warn_of_darkness(inputs)
    return _tile_set([listed[place] for place in reading.kept], inputs, reading)


def fingerprint(listed: Sequence[Listed], side: int) -> str:
    """Return a hash that changes when a tile is added, removed, renamed or rewritten."""
    digest = hashlib.sha256(str(side).encode())
    for tile in listed:
        try:
            about = tile.file.stat()
            stamp = (about.st_size, about.st_mtime_ns)
        except OSError:  # a dangling link: reading it will say so
            stamp = (-1, -1)
        parts = (tile.id, tile.scan, tile.patient, tile.position, stamp)
        digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


def _earlier(work: Path, mark: str) -> _Reading | None:
    try:
        stored = json.loads((work / _READ).read_bytes())
    except (OSError, ValueError):
        return None
    if stored.pop("fingerprint", None) != mark or stored.keys() != asdict(_Reading()).keys():
        return None
    return _Reading(**stored)


def _read(listed: Sequence[Listed], work: Path, side: int, bar: "tqdm[NoReturn]") -> _Reading:
    reading = _Reading()
    with (work / _INPUTS).open("wb") as stream:
        for place, result in enumerate(_decode(listed, side)):
            if isinstance(result, str):
                tile = listed[place]
                reading.skipped[printable(f"{tile.id}{tile.file.suffix}")] = result
            else:
                reading.kept.append(place)
                reading.sizes.append(result.size)
                reading.colours.append(result.colour)
                reading.contents.append(result.content.hex())
                stream.write(result.tile.tobytes())
            bar.update()
    return reading


def _decode(listed: Sequence[Listed], side: int) -> Iterator[Input | str]:
    """Yield what each file comes to, or why it is no tile, in order."""

    def one(tile: Listed) -> Input | str:
        try:
            tile.id.encode()
            return read_tile(read_plain(tile.file), side, hashed=True)
        except UnicodeEncodeError:
            return "Its name is not UTF-8, so it cannot be an id. Rename the file."
        except EmptyTile:
            return "The file is empty."
        except (DamagedTile, AnimatedTile) as error:
            # The last sentence speaks to whoever sent a tile to the service.
            return str(error).rpartition(". ")[0] + "."
        except TileError as error:
            return str(error)
        except OSError as error:
            return f"It cannot be opened: {error.strerror}."

    # Threads do: Pillow lets go of the interpreter lock while it decodes and resizes.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(listed), _AT_ONCE):
            yield from pool.map(one, listed[start : start + _AT_ONCE])


def _refuse_few(reading: _Reading, count: int) -> None:
    if len(reading.kept) >= MIN_TILES:
        return
    why = ""
    if reading.skipped:
        name, reason = next(iter(reading.skipped.items()))
        why = f" {len(reading.skipped)} of {count} files are no tiles; {name}: {reason}"
    tiles = (
        f"is {len(reading.kept)} tile"
        if len(reading.kept) == 1
        else f"are {len(reading.kept)} tiles"
    )
    raise InputError(f"There {tiles}; a fit needs at least {MIN_TILES}. Add tiles.{why}")


def _refuse_equal(inputs: Tiles) -> None:
    blocks = (inputs[start : start + _AT_ONCE] for start in range(0, len(inputs), _AT_ONCE))
    if all(bool((block == inputs[0]).all()) for block in blocks):
        raise InputError(
            f"All {len(inputs)} tiles are the same picture, so there is nothing to learn and "
            "nothing to compare. Check how they were cut."
        )


def _warn_of_colour(colours: Sequence[float]) -> None:
    many = sum(colour > LEAST_COLOUR_LIMIT for colour in colours)
    if many > len(colours) / 2:
        print(
            f"{many} of {len(colours)} tiles are in colour. What lettering is was taught on grey "
            "film: of stained sections or photographs the verdicts say nothing.",
            file=sys.stderr,
        )


def _warn_of_darkness(inputs: Tiles) -> None:
    blocks = (inputs[start : start + _AT_ONCE] for start in range(0, len(inputs), _AT_ONCE))
    if all(int(block.max()) < _TWELVE_BITS for block in blocks):
        print(
            f"No tile is brighter than {_TWELVE_BITS - 1} of 255: perhaps 12 bits stored as 16. "
            "Tiles so dark pass for blank, and blank ones are dropped. Cut them again from scaled "
            "values (training tile --sixteen-bit scale).",
            file=sys.stderr,
        )


def _tile_set(kept: Sequence[Listed], inputs: Tiles, reading: _Reading) -> TileSet:
    scans = {tile.scan: tile.patient for tile in kept if tile.scan is not None}
    numbers = {name: number for number, name in enumerate(sorted(scans))}
    positions = [tile.position or (-1, -1) for tile in kept]
    return TileSet(
        ids=[tile.id for tile in kept],
        inputs=inputs,
        scans=tuple(Scan(name, scans[name]) for name in sorted(scans)),
        scan_numbers=_column([numbers.get(tile.scan or "", -1) for tile in kept]),
        sizes=_column(reading.sizes),
        colours=np.array(reading.colours, dtype=np.float32),
        contents=np.array([list(bytes.fromhex(one)) for one in reading.contents], np.uint8),
        positions=_column(positions),
        skipped=reading.skipped,
    )


def _column(values: Sequence[int] | Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)

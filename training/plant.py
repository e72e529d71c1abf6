"""The `plant` command: clean tiles with known annotations, to try a screen on."""

import argparse
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle.cells import write_csv
from bundle.errors import AnimatedTile, DamagedTile, EmptyTile, InputError, TileError
from bundle.preprocess import decode_png
from bundle.reader import open_bundle
from training.learning.listing import Listed, list_tiles, printable
from training.plain import read_plain
from training.planting.annotations import KINDS
from training.planting.lessons import can_be_told
from training.planting.plant import SMALLEST, Pixels, Planted, Wanted, plant
from training.planting.wear import Worn, wear
from training.progress import StepLog

COLUMNS = (
    *("id", "source", "kind", "size_px", "contrast"),
    *("left", "top", "right", "bottom", "clear"),
)
MASKS, CLEAN, TABLE, SKIPPED = "masks", "clean", "planted.csv", "skipped.csv"
_LARGEST, _LARGEST_SHARE = 300.0, 0.8
_TRIES = 20
_SHOWN = 20
"""Longest list printed; the table holds the whole one."""
_AT_ONCE = 8

_ABOUT = f"""
Each tile keeps its own size and gets one annotation. PLANTED then holds
  ID.png        the tile, planted
  {MASKS}/ID.png  255 where the annotation is, 0 elsewhere
  {CLEAN}/ID.png  the tile without it, unless --no-clean
  {TABLE}   id, source (its file below TILES), kind, size_px (height of its letters), contrast
                (grey difference in 0 to 1, before the wear; what came about, which on tissue as
                bright as the ink is less than was asked for), the box in pixels of the tile, and
                clear: 1 where it can be told from tissue, dust and grain after the wear, else 0
  {SKIPPED}   the files left out, and why, if there are any
Planted and clean tiles are worn alike (tone, blur, noise), so that wear gives nothing away;
black paper that hides part of an annotation lies on both. To screen or fit them, name one
folder's tiles: python -m training fit PLANTED --manifest PLANTED/{TABLE}, since a command
that searches PLANTED finds the clean tiles and the masks as well.

TILES are taken for clean: an annotation that is on one already is not in {TABLE}. --bundle
leaves out the stored tiles that its screen would have looked at. The same tiles and seed give
the same files, on any number of cores.

examples:
  python -m training plant TILES --out PLANTED --bundle BUNDLE --count 500
  python -m training plant TILES --out PLANTED --kind letters plate
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _ABOUT
    parser.add_argument("tiles", type=Path, metavar="TILES", help="folder of clean PNG tiles")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PLANTED", help="folder to write, new or empty"
    )
    parser.add_argument("--count", type=int, metavar="N", help="so many at random (default: all)")
    parser.add_argument("--seed", type=int, default=42, help="of choice and planting (42)")
    parser.add_argument(
        "--kind",
        nargs="+",
        choices=list(KINDS),
        metavar="KIND",
        help=f"only these: {', '.join(KINDS)} (default: all)",
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="BUNDLE", help="leave out what this one finds doubtful"
    )
    parser.add_argument("--no-clean", action="store_true", help="write no tiles without planting")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one a core, here %(default)s)",
    )


@dataclass(frozen=True)
class Job:
    """One tile to plant on; what comes of it depends on nothing else."""

    id: str
    source: Path
    folder: Path
    kinds: tuple[str, ...]
    seed: int
    clean: bool


@dataclass(frozen=True)
class Made:
    """One line of planted.csv after id and source; or, in `problem`, why there is none."""

    values: tuple[str | int, ...] = ()
    problem: str = ""


def run(args: argparse.Namespace) -> int:
    """Plant, write the tables and say what came of it; return 0.

    Raises:
        BundleError: the bundle cannot be used.
        InputError: an option, TILES or PLANTED cannot be used, or no tile came out.
    """
    _check(args)
    tiles = list_tiles(args.tiles)
    if args.bundle is None:
        print(f"All {len(tiles):,} tiles are taken for clean; --bundle leaves out doubtful ones.")
    else:
        tiles = _trusted(tiles, args.bundle)
    tiles = _some(tiles, args.count, args.seed)
    out = args.out.resolve()  # what a link leads to is written, and "." has no name
    staging = out.with_name(f".{out.name[:100]}.{os.getpid()}.tmp")
    try:
        _make_folder(staging, clean=not args.no_clean)
        made = _plant_all(_jobs(tiles, staging, args), args.workers)
        _write_tables(staging, args.tiles, tiles, made)
        _tell(tiles, made)
        if out.exists():
            out.rmdir()
        staging.rename(out)
    except OSError as error:
        raise InputError(
            f"{args.out} cannot be written: {error.strerror}. Give another place by --out."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(f"{args.out}: {sum(not one.problem for one in made):,} tiles planted, see {TABLE}")
    return 0


def _check(args: argparse.Namespace) -> None:
    for name, least in (("count", 1), ("seed", 0), ("workers", 1)):
        value = getattr(args, name)
        if value is not None and value < least:
            raise InputError(f"--{name} is {value}; give {least} or more.")
    source, target = args.tiles.resolve(), args.out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise InputError(
            f"--out {args.out} and {args.tiles} lie one in the other, so planted tiles would be "
            "taken for clean ones. Give a folder beside it."
        )
    if args.out.exists() and not args.out.is_dir():
        raise InputError(f"{args.out} is a file. Give a folder that is new or empty by --out.")
    if args.out.exists() and any(args.out.iterdir()):
        raise InputError(f"{args.out} is not empty. Empty it, or give another folder by --out.")


def _trusted(tiles: Sequence[Listed], path: Path) -> list[Listed]:
    """Leave out the tiles whose stored score of lettering is worth a look.

    Raises:
        BundleError: the bundle cannot be used.
        InputError: no tile is stored in it, or none is left.
    """
    bundle = open_bundle(path)
    bound = bundle.manifest.screening.review_score
    kept, stored = [], 0
    for tile in tiles:
        row = bundle.find(tile.id)
        stored += row is not None
        if row is None or float(bundle.scores[row, 0]) < bound:
            kept.append(tile)
    if not stored:
        raise InputError(f"No tile is stored in {path}. Give the bundle that was fitted on them.")
    if not kept:
        raise InputError(f"{path} finds all {len(tiles)} tiles doubtful: there is no clean ground.")
    print(
        f"{len(tiles) - len(kept):,} of {len(tiles):,} tiles left out, their score of lettering "
        f"being {bound:.3g} or more in {path}; the others are taken for clean"
    )
    if stored < len(tiles):
        print(f"{len(tiles) - stored:,} tiles are not stored in it: nothing is known of them")
    return kept


def _some(tiles: list[Listed], count: int | None, seed: int) -> list[Listed]:
    if count is None:
        return tiles
    if count > len(tiles):
        raise InputError(f"--count is {count}; there are {len(tiles)} tiles. Give that or fewer.")
    chosen = np.random.default_rng(seed).choice(len(tiles), count, replace=False)
    return [tiles[place] for place in sorted(chosen.tolist())]


def _make_folder(folder: Path, *, clean: bool) -> None:
    for part in (MASKS, CLEAN) if clean else (MASKS,):
        (folder / part).mkdir(parents=True)


def _jobs(tiles: Iterable[Listed], folder: Path, args: argparse.Namespace) -> list[Job]:
    kinds = tuple(dict.fromkeys(args.kind or ()))
    return [Job(tile.id, tile.file, folder, kinds, args.seed, not args.no_clean) for tile in tiles]


def _plant_all(jobs: list[Job], workers: int) -> list[Made]:
    made = []
    with StepLog().step("plant", len(jobs)) as bar:
        for one in _made(jobs, min(workers, -(-len(jobs) // _AT_ONCE))):
            made.append(one)
            bar.update()
    return made


def _made(jobs: list[Job], workers: int) -> Iterator[Made]:
    if workers <= 1:
        yield from map(plant_one, jobs)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_interrupts_to_parent)
    try:
        yield from pool.map(plant_one, jobs, chunksize=_AT_ONCE)
    except BrokenProcessPool as error:
        raise InputError(
            "A worker process died, most likely for want of memory. Give fewer --workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def plant_one(job: Job) -> Made:
    """Plant on one tile and write its pictures; the same job gives the same bytes.

    Raises:
        OSError: a picture cannot be written.
    """
    try:
        name = job.id.encode()
        tile = decode_png(read_plain(job.source)).astype(np.float32) / np.float32(255)
    except (UnicodeEncodeError, TileError, OSError) as error:
        return Made(problem=_reason(error))
    digest = int.from_bytes(hashlib.sha256(name).digest()[:16])
    rng = np.random.default_rng([job.seed, digest])
    planting = _visible(rng, tile, job.kinds)
    if planting is None or planting.box is None:
        return Made(problem="Nothing that was planted on it can be seen.")
    wear_seed = int(rng.integers(2**63))
    ground = tile if planting.ground is None else planting.ground
    worn, clean = _worn(planting.pixels, wear_seed), _worn(ground, wear_seed).pixels
    file = f"{job.id}.png"
    _save(job.folder / file, worn.pixels)
    _save(job.folder / MASKS / file, planting.ink.astype(np.uint8) * np.uint8(255))
    if job.clean:
        _save(job.folder / CLEAN / file, clean)
    size, contrast = f"{planting.size:.1f}", f"{planting.contrast:.4f}"
    clear = int(can_be_told(planting, worn, clean))
    return Made((planting.kind, size, contrast, *planting.box, clear))


def _reason(error: UnicodeEncodeError | TileError | OSError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "Its name is not UTF-8, so it cannot be an id. Rename the file."
    if isinstance(error, EmptyTile):
        return "The file is empty."
    if isinstance(error, DamagedTile | AnimatedTile):
        # The last sentence speaks to whoever sent a tile to the service.
        return str(error).rpartition(". ")[0] + "."
    if isinstance(error, TileError):
        return str(error)
    return f"It cannot be opened: {error.strerror}."


def _visible(rng: np.random.Generator, tile: Pixels, kinds: Sequence[str]) -> Planted | None:
    """Plant until some of it lies on the tile; letters are at most 300 pixels high."""
    largest = min(_LARGEST, _LARGEST_SHARE * min(tile.shape))
    for _ in range(_TRIES):
        kind = str(rng.choice(kinds)) if kinds else None
        size = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(largest))))
        planting = plant(rng, tile, Wanted(kind, size))
        if planting.box is not None:
            return planting
    return None


def _worn(pixels: Pixels, seed: int) -> Worn:
    return wear(np.random.default_rng(seed), pixels)


def _save(file: Path, pixels: NDArray[np.uint8]) -> None:
    Image.fromarray(pixels).save(file, "PNG")


def _write_tables(
    folder: Path, source: Path, tiles: Sequence[Listed], made: Sequence[Made]
) -> None:
    rows = list(zip(tiles, made, strict=True))
    planted = [
        (tile.id, printable(str(tile.file.relative_to(source))), *one.values)
        for tile, one in rows
        if not one.problem
    ]
    _write(folder / TABLE, COLUMNS, planted)
    skipped = [(_name(tile), one.problem) for tile, one in rows if one.problem]
    if skipped:
        _write(folder / SKIPPED, ("file", "reason"), skipped)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        write_csv(stream, [columns])
        write_csv(stream, rows)


def _name(tile: Listed) -> str:
    return printable(f"{tile.id}{tile.file.suffix}")


def _tell(tiles: Sequence[Listed], made: Sequence[Made]) -> None:
    """List what was skipped.

    Raises:
        InputError: everything was.
    """
    lines = [
        f"  {_name(tile)}: {one.problem}"
        for tile, one in zip(tiles, made, strict=True)
        if one.problem
    ]
    if lines:
        more = [f"  ... and {len(lines) - _SHOWN} more: see {SKIPPED}"] * (len(lines) > _SHOWN)
        head = f"Skipped {len(lines)} of {len(tiles)} files:"
        print("\n".join([head, *lines[:_SHOWN], *more]), file=sys.stderr)
    if len(lines) == len(tiles):
        raise InputError("No tile could be planted on; the reasons stand above.")

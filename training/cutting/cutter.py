"""Cutting many scans at once: one scan in the memory of each worker process."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from bundle.arrays import Grey
from bundle.errors import InputError
from training.cutting.scan_files import ScanFile, patient_of
from training.cutting.scans import read_scan
from training.cutting.tile_folder import Record, record_path, write_whole
from training.cutting.windows import (
    Cut,
    Recipe,
    corners,
    cut_window,
    is_blank,
    tile_id,
    without_white,
)

# Of the levels this one writes tiles fastest but one, and a sixth smaller than that one.
_COMPRESS_LEVEL = 4


@dataclass(frozen=True)
class Job:
    """One scan to cut; `stale` are tiles of an earlier run that must not outlive this one."""

    scan: ScanFile
    folder: Path
    recipe: Recipe
    stale: frozenset[str]


def cut_scan(job: Job) -> Record | str:
    """Cut one scan: write its tiles, then its record. Returns the record, or why not.

    Raises:
        OSError: a tile cannot be written, so no other scan's could be.
    """
    record_path(job.folder, job.scan.name).unlink(missing_ok=True)
    for name in job.stale:
        (job.folder / name).unlink(missing_ok=True)
    try:
        now = job.scan.path.stat()
        film = read_scan(job.scan.path, job.recipe.sixteen_bit)
        where = corners(film.grey, job.recipe)
    except OSError as error:
        return f"It cannot be opened: {error.strerror}."
    except InputError as error:
        return str(error)
    tiles, dropped = _write_tiles(job, film.grey, where)
    record = Record(
        name=job.scan.name,
        file=job.scan.file,
        size=now.st_size,
        mtime_ns=now.st_mtime_ns,
        recipe=asdict(job.recipe),
        patient=patient_of(job.scan, film.patient_id, job.recipe.patient),
        note=film.note,
        tiles=tiles,
        dropped=dropped,
    )
    write_whole(record_path(job.folder, job.scan.name), record.model_dump_json().encode())
    return record


def _write_tiles(job: Job, grey: Grey, where: list[tuple[int, int]]) -> tuple[list[Cut], list[Cut]]:
    grey = grey if job.recipe.keep_white else without_white(grey)
    tiles, dropped = [], []
    for corner in where:
        cut, tile = cut_window(grey, corner, job.recipe)
        if is_blank(cut, job.recipe) and not job.recipe.keep_blank:
            dropped.append(cut)
            continue
        name = f"{tile_id(job.scan.name, *corner)}.png"
        write_whole(job.folder / name, _png(tile))
        tiles.append(cut)
    return tiles, dropped


def _png(tile: Image.Image) -> bytes:
    stream = BytesIO()
    tile.save(stream, "PNG", compress_level=_COMPRESS_LEVEL)
    return stream.getvalue()


def cut_scans(jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Record | str]]:
    """Cut all scans, each as one is done; Ctrl-C lets those that are being cut finish.

    Raises:
        InputError: a worker process died.
        OSError: a tile cannot be written.
    """
    if min(workers, len(jobs)) <= 1:
        yield from ((job, cut_scan(job)) for job in jobs)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), get_context("spawn"), initializer=_leave_interrupts_to_parent
    )
    try:
        futures = {pool.submit(cut_scan, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise InputError(
            "A worker process died, most likely for want of memory. Scans that are done stay "
            "done: give the same command with fewer --workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""The hidden folder beside a bundle in the making: decoded tiles, checkpoint, models."""

import shutil
from pathlib import Path

from bundle.errors import InputError
from bundle.manifest import MANIFEST


def work_folder(target: Path) -> Path:
    """Return the folder that a fit of this bundle works in."""
    return target.parent / f".{target.name}.work"


def open_work(target: Path, *, resume: bool) -> Path:
    """Return the work folder, there and empty unless it is to be resumed.

    Raises:
        InputError: something that is no bundle stands at the target, or the folder cannot
            be made there.
    """
    _refuse_others(target)
    work = work_folder(target)
    try:
        if not resume:
            shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        (work / ".writable").touch()
    except OSError as error:
        raise InputError(
            f"{target.parent} cannot be written to ({error.strerror}). Give another --out."
        ) from error
    return work


def _refuse_others(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    bundle_or_empty = target.is_dir() and (
        (target / MANIFEST).is_file() or next(target.iterdir(), None) is None
    )
    if not bundle_or_empty or target.is_symlink():
        raise InputError(
            f"{target} is there already and is not a bundle, so it is left alone. "
            "Give another --out, or move it away."
        )

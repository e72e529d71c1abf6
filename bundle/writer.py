"""From arrays to a folder: written beside its place, proved, then renamed into it."""

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import ArrayLike

from bundle.encoders import encoders_in
from bundle.errors import BundleError
from bundle.layout import ARRAYS, CONCEPTS, INDEX, OPTIONAL, OPTIONAL_ARRAYS, OTHERS
from bundle.manifest import MANIFEST, FileEntry, Manifest
from bundle.reader import file_hash, open_bundle
from bundle.runtime import precisions, self_test


class BundleWriter:
    """Collects the files of one bundle in a hidden folder beside the target.

    Use it as a context manager: what is not finished leaves nothing behind.
    """

    def __init__(self, target: Path) -> None:
        """Begin a bundle at `target`, whose parent folder is made when missing."""
        self.target = target = target.resolve()
        self.staging = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.tmp"
        self._arrays: dict[str, tuple[str, tuple[int, ...]]] = {}

    def __enter__(self) -> Self:
        """Make the hidden folder.

        Raises:
            BundleError: something that is no bundle stands at the target.
        """
        check_target(self.target)
        self.staging.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the hidden folder, if it is still there."""
        shutil.rmtree(self.staging, ignore_errors=True)

    def array(self, name: str, values: ArrayLike) -> None:
        """Write one array of `bundle.layout`, in its dtype and C order."""
        dtype = (ARRAYS | INDEX | OPTIONAL_ARRAYS | CONCEPTS)[name].dtype
        array = np.ascontiguousarray(values, dtype=None if dtype == "S" else dtype)
        np.save(self.staging / name, array, allow_pickle=False)
        self._arrays[name] = (array.dtype.str, array.shape)

    def file(self, name: str) -> BinaryIO:
        """Open one file of `bundle.layout.OTHERS` or `OPTIONAL` for writing."""
        if name not in OTHERS | OPTIONAL:
            raise KeyError(name)
        return (self.staging / name).open("wb")

    def take(self, folder: Path, name: str, entry: FileEntry) -> None:
        """Take a file of another bundle as it is: linked where the file system can, else copied."""
        try:
            os.link(folder / name, self.staging / name)
        except OSError:
            shutil.copyfile(folder / name, self.staging / name)
        if entry.dtype is not None and entry.shape is not None:
            self._arrays[name] = (entry.dtype, entry.shape)

    def finish(self, manifest: Manifest) -> Manifest:
        """Complete the manifest, prove the bundle as a reader would, and put it in place.

        A bundle that stood at the target is replaced; it stays whole until that moment.

        Returns: the manifest with its files and id.

        Raises:
            BundleError: the bundle does not prove itself, or something that is no bundle
                stands at the target; the target is untouched.
        """
        complete = manifest.model_copy(update={"files": self._entries(manifest)})
        complete = complete.model_copy(update={"bundle_id": complete.expected_id()})
        (self.staging / MANIFEST).write_text(complete.model_dump_json(indent=1) + "\n")
        bundle = open_bundle(self.staging)
        for precision in precisions(bundle):
            for encoder in encoders_in(self.staging, threads=1, precision=precision):
                self_test(bundle, encoder, precision)
        for file in self.staging.iterdir():
            _sync(file)
        check_target(self.target)
        _replace(self.staging, self.target)
        return complete

    def _entries(self, manifest: Manifest) -> dict[str, FileEntry]:
        entries = {}
        arrays = {*ARRAYS, *self._arrays, *(INDEX if manifest.index else ())}
        arrays |= set(CONCEPTS if manifest.concepts else ())
        for name in sorted({*arrays, *OTHERS, *OPTIONAL}):
            file = self.staging / name
            if not file.is_file():
                if name in OPTIONAL:
                    continue
                raise BundleError(f"{name} was not written.")
            dtype, shape = self._arrays.get(name, (None, None))
            entries[name] = FileEntry(
                sha256=file_hash(file), size=file.stat().st_size, dtype=dtype, shape=shape
            )
        return entries


def check_target(target: Path) -> None:
    """Refuse to put a bundle where it would replace anything but a bundle.

    Raises:
        BundleError: a file or a folder with other things in it is there.
    """
    if target.is_dir() and ((target / MANIFEST).is_file() or not any(target.iterdir())):
        return
    if target.exists():
        raise BundleError(f"{target} exists and is no bundle; choose another place for the bundle.")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(staging: Path, target: Path) -> None:
    """Rename into place; an old bundle steps aside first and comes back if that fails."""
    old = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.old"
    with suppress(FileNotFoundError):
        target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)

"""The bundles that could be served: those in the folder, and those in memory."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bundle import BundleError, Manifest, open_bundle
from bundle.bundle import Bundle
from bundle.manifest import MANIFEST
from bundle.reader import read_manifest
from service.bundles.shelf import Place, Shelf, real_folder
from service.errors import BundleRefused, UnknownBundle
from service.settings import Settings


@dataclass(frozen=True)
class Found:
    """A folder that should hold a bundle: its manifest, or what is wrong with that."""

    folder: Path
    manifest: Manifest | None
    problem: str | None


@dataclass(frozen=True)
class Listed:
    """One bundle; `state` says whether it answers, did before, or could."""

    folder: Path
    manifest: Manifest
    state: Literal["active", "previous", "stored"]


def find(folder: Path | None) -> Iterator[Found]:
    """Yield what is in a folder of bundles, in the order of the names; only manifests are read."""
    if folder is None or not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name.startswith(".") or not (entry / MANIFEST).exists():
            continue
        try:
            yield Found(entry, read_manifest(entry), None)
        except BundleError as error:
            yield Found(entry, None, str(error))


def listed(shelf: Shelf) -> tuple[list[Listed], list[Found]]:
    """Return every bundle once, those in memory first, and the folders that hold none."""
    active, previous = shelf.current, shelf.previous
    known = {active.id: _held(active, "active")}
    if previous is not None:
        known[previous.id] = _held(previous, "previous")
    broken = []
    for found in find(shelf.process.settings.bundles):
        if found.manifest is None:
            broken.append(found)
        else:
            bundle_id = found.manifest.bundle_id
            known.setdefault(bundle_id, Listed(found.folder, found.manifest, "stored"))
    return list(known.values()), broken


def _held(place: Place, state: Literal["active", "previous"]) -> Listed:
    bundle = place.serving.bundle
    return Listed(bundle.path, bundle.manifest, state)


def folders_of(shelf: Shelf, bundle_id: str) -> list[Path]:
    """Return the folders of a bundle and its copies; that in memory first, if it is one.

    Raises:
        UnknownBundle: there is none with this id; the sentence says why.
    """
    where = shelf.process.settings.bundles
    places, found = filter(None, (shelf.current, shelf.previous)), [*find(where)]
    held = [place.folder for place in places if place.id == bundle_id]
    kept = [one.folder for one in found if one.manifest and one.manifest.bundle_id == bundle_id]
    if held or kept:
        return [*dict.fromkeys([*held, *map(real_folder, kept)])]
    told = f"in {where}" if where else "in memory, and no folder of bundles is set (--bundles)"
    damaged = "".join(
        f" {one.folder.name} is damaged: {one.problem}" for one in found if one.problem
    )
    raise UnknownBundle(
        f"There is no bundle with the id {bundle_id[:100]!r} {told}. GET /bundles lists all with "
        f"their ids.{damaged}"
    )


def opened(shelf: Shelf, bundle_id: str) -> Bundle:
    """Return a bundle to compare: the one in memory, or opened and checked for this.

    Raises:
        UnknownBundle, BundleRefused: it is not there or cannot be used.
    """
    for place in filter(None, (shelf.current, shelf.previous)):
        if place.id == bundle_id:
            return place.serving.bundle
    try:
        return open_bundle(folders_of(shelf, bundle_id)[0])
    except BundleError as error:
        raise BundleRefused(str(error)) from error


def point_current(settings: Settings, folder: Path) -> bool:
    """Let the followed link lead to a folder; return whether it does, now and after a restart.

    A folder that is no link is left alone, and so is a link that this user may not change.
    """
    link = settings.followed
    if real_folder(link) == folder:
        return True
    if link.exists() and not link.is_symlink():
        return False
    beside = link.with_name(f".{link.name}.{os.getpid()}.new")
    target = folder.name if folder.parent == link.parent.resolve() else folder
    with suppress(OSError):
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        beside.replace(link)
        return True
    return False


def after_restart(settings: Settings, folder: Path) -> Path | None:
    """Return what a restart would serve in place of a bundle's folder; None if just that."""
    next_ = real_folder(settings.followed)
    return None if next_ == real_folder(folder) else next_

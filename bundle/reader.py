"""From a folder to a checked bundle: limits, manifest, hashes, shapes, then values."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bundle.bundle import Bundle, Scan
from bundle.errors import BundleDamaged, BundleMissing, BundleTooNew
from bundle.layout import ARRAYS, OTHERS, ArraySpec, sizes
from bundle.manifest import FORMAT_VERSION, MANIFEST, MAX_MANIFEST_BYTES, Manifest

_CHUNK = 1 << 20


def open_bundle(path: Path | str) -> Bundle:
    """Open a bundle after proving that it is whole. Arrays are mapped, not read.

    The self-test is apart (`bundle.runtime.self_test`), as it needs the encoder.

    Raises:
        BundleMissing: the folder or a file in it is not there.
        BundleTooNew: its format is later than this code reads.
        BundleDamaged: a file is truncated, altered, or of the wrong shape.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    _check_files(folder, manifest)
    known = sizes(manifest)
    arrays = {name: _map_array(folder, name, spec, known) for name, spec in ARRAYS.items()}
    _check_values(manifest, arrays)
    return Bundle(
        path=folder,
        manifest=manifest,
        arrays=arrays,
        scans=_read_scans(folder, arrays["scan_numbers.npy"]),
        pictures=_map_pictures(folder, arrays["picture_offsets.npy"]),
    )


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json` alone.

    Raises:
        BundleMissing, BundleTooNew, BundleDamaged: as `open_bundle`.
    """
    file = folder / MANIFEST
    if not folder.is_dir():
        raise BundleMissing(f"There is no bundle at {folder}. Make one: python -m training fit.")
    if not file.is_file():
        raise BundleMissing(f"{folder} is not a bundle: it has no {MANIFEST}.")
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise BundleDamaged(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES:,} bytes.")
    try:
        data = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{MANIFEST} is not JSON: {error}.") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleTooNew(
            f"{MANIFEST} says format {version}; this code reads up to {FORMAT_VERSION}. "
            "Update Tilescreen, or fit the bundle again with this version."
        )
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise BundleDamaged(f"{MANIFEST} is not sound at {where}: {first['msg']}.") from error
    if manifest.bundle_id != manifest.expected_id():
        raise BundleDamaged(f"{MANIFEST} was altered: its id does not fit its content.")
    return manifest


def file_hash(file: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits, read in pieces."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _check_files(folder: Path, manifest: Manifest) -> None:
    expected = {*ARRAYS, *OTHERS}
    for name in sorted(expected ^ set(manifest.files)):
        if name in expected:
            raise BundleDamaged(f"{MANIFEST} does not list {name}.")
        raise BundleDamaged(f"{MANIFEST} lists {name[:100]!r}, which is no file of a bundle.")
    for name, entry in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise BundleMissing(f"{name} is missing from the bundle {folder}.")
        size = file.stat().st_size
        if size != entry.size:
            kind = "truncated" if size < entry.size else "too long"
            raise BundleDamaged(f"{name} is {kind}: {size} bytes instead of {entry.size}.")
    with ThreadPoolExecutor(max_workers=4) as pool:
        hashes = pool.map(file_hash, (folder / name for name in manifest.files))
        for (name, entry), found in zip(manifest.files.items(), hashes, strict=True):
            if found != entry.sha256:
                raise BundleDamaged(f"{name} was altered: its SHA-256 is not the manifest's.")


def _map_array(folder: Path, name: str, spec: ArraySpec, known: dict[str, int]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BundleDamaged(f"{name} is not an array that can be mapped: {error}.") from error
    letters = spec.shape.split()
    right_type = array.dtype.kind == "S" if spec.dtype == "S" else array.dtype.str == spec.dtype
    right_shape = len(letters) == array.ndim and all(
        known.get(letter, size) == size for letter, size in zip(letters, array.shape, strict=True)
    )
    if not (right_type and right_shape):
        wanted = ", ".join(str(known.get(letter, letter)) for letter in letters)
        raise BundleDamaged(
            f"{name} has dtype {array.dtype} and shape {array.shape}; "
            f"expected {spec.dtype} and ({wanted})."
        )
    return array


def _check_values(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> None:
    tiles, clusters = manifest.source.tiles, manifest.clustering.clusters
    ids = arrays["ids.npy"]
    if not (ids[:-1] < ids[1:]).all():
        raise BundleDamaged("ids.npy is not strictly ascending.")
    for name, low, end in (
        ("neighbors.npy", 0, tiles),
        ("kdtree_rows.npy", 0, tiles),
        ("kdtree_leaves.npy", 0, tiles + 1),
        ("labels.npy", -1, clusters),
        ("dbscan_labels.npy", -1, manifest.dbscan.clusters),
    ):
        values = arrays[name]
        if values.size and (values.min() < low or values.max() >= end):
            raise BundleDamaged(f"{name} holds a number outside {low}..{end - 1}.")
    for name in ("latents.npy", "points.npy", "neighbor_distances.npy", "random_distances.npy"):
        if not np.isfinite(arrays[name].sum(dtype=np.float64)):
            raise BundleDamaged(f"{name} holds a number that is not finite.")
    for name in ("cluster_reach", "self_test"):
        if name not in manifest.thresholds:
            raise BundleDamaged(f"{MANIFEST} has no threshold {name!r}.")
    if not (arrays["scaler.npy"][1] > 0).all():
        raise BundleDamaged("scaler.npy holds a scale that is not positive.")


def _read_scans(folder: Path, numbers: NDArray[np.int32]) -> tuple[Scan, ...]:
    try:
        scans = tuple(Scan(**entry) for entry in json.loads((folder / "scans.json").read_bytes()))
    except (ValueError, TypeError) as error:
        raise BundleDamaged(f"scans.json is not a list of {{name, patient}}: {error}.") from error
    if numbers.min(initial=-1) < -1 or numbers.max(initial=-1) >= len(scans):
        raise BundleDamaged("scan_numbers.npy points outside scans.json.")
    return scans


def _map_pictures(folder: Path, offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    file = folder / "pictures.bin"
    if offsets[0] != 0 or offsets[-1] != file.stat().st_size or (np.diff(offsets) <= 0).any():
        raise BundleDamaged("picture_offsets.npy does not fit pictures.bin.")
    return np.memmap(file, dtype=np.uint8, mode="r")

"""From a folder to a checked bundle: limits, manifest, hashes, shapes, then values."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from bundle.arrays import give_back
from bundle.bundle import Bundle, Scan
from bundle.errors import BundleDamaged, BundleMissing, BundleTooNew, BundleTooOld, naming
from bundle.layout import ENCODERS, MAP, OTHERS, PICTURE_HASHES, ArraySpec, sizes, specs
from bundle.manifest import FORMAT_VERSION, MANIFEST, MAX_MANIFEST_BYTES, Manifest
from bundle.screening import COLOUR_LIMIT

_CHUNK = 1 << 20
_SCANS = TypeAdapter(tuple[Scan, ...])
# What numpy raises on a header that makes no sense; it parses one as Python's literals.
_NOT_MAPPED = (ValueError, OSError, TypeError, OverflowError, SyntaxError, TokenError)


Prove: TypeAlias = Callable[[bytes, Callable[[], object]], None]
"""Runs a check that depends on a state, or knows that it was passed in that state."""


def at_once(_: bytes, check: Callable[[], object]) -> None:
    """Run the check; the `Prove` of a process that is alone."""
    check()


def open_bundle(path: Path | str, *, prove: Prove = at_once) -> Bundle:
    """Open a bundle after proving that it is whole. Arrays are mapped, not read.

    The self-test is apart (`bundle.runtime.self_test`), as it needs the encoder.

    Args:
        path: its folder.
        prove: runs the checks that read whole files, unless they were passed while these files
            were what they are now: the same inodes, sizes and times.

    Raises:
        BundleMissing: the folder or a file in it is not there.
        BundleTooNew, BundleTooOld: its format is not the one that this code reads.
        BundleDamaged: a file is truncated, altered, or of the wrong shape.
    """
    folder = Path(path)
    with naming(folder):
        return _open(folder, prove)


def _open(folder: Path, prove: Prove) -> Bundle:
    manifest = read_manifest(folder)
    state = _check_files(folder, manifest)
    prove(b"hashes" + state, lambda: _check_hashes(folder, manifest))
    known = sizes(manifest)
    arrays = {name: _map_array(folder, name, spec, known) for name, spec in specs(manifest).items()}
    prove(b"values" + state, lambda: _check_values(manifest, arrays))
    _let_go(arrays)
    return Bundle(
        path=folder,
        manifest=manifest,
        arrays=arrays,
        scans=_read_scans(folder, arrays["scan_numbers.npy"]),
        pictures=_map_pictures(folder, arrays["picture_offsets.npy"]),
        state=state,
    )


def check_unchanged(bundle: Bundle) -> None:
    """Prove that its folder holds the files that were checked, so that more may be read from them.

    Raises:
        BundleDamaged, BundleMissing: others are there by now.
    """
    with naming(bundle.path):
        state = _check_files(bundle.path, bundle.manifest)
    if state != bundle.state:
        raise BundleDamaged(
            f"The bundle {bundle.path} was replaced while it was opened: open it again."
        )


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json` alone.

    Raises:
        BundleMissing, BundleTooNew, BundleTooOld, BundleDamaged: as `open_bundle`.
    """
    file = folder / MANIFEST
    if not folder.is_dir():
        raise BundleMissing(f"There is no bundle at {folder}. Make one: python -m training fit.")
    if file.is_symlink() or not file.is_file():
        raise BundleMissing(
            f"{folder} is not a bundle: it has no plain file {MANIFEST}. "
            "Name a folder that python -m training fit has made."
        )
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise BundleDamaged(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES:,} bytes.")
    try:
        data = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleDamaged(f"{MANIFEST} is not JSON: {error}.") from error
    except OSError as error:
        raise _unreadable(file, error) from error
    version = data.get("format_version") if isinstance(data, dict) else None
    if isinstance(version, int):
        _check_version(version)
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise BundleDamaged(f"{MANIFEST} is not sound at {where}: {first['msg']}.") from error
    if manifest.bundle_id != manifest.expected_id():
        raise BundleDamaged(f"{MANIFEST} was altered: its id does not fit its content.")
    return manifest


def _check_version(version: int) -> None:
    if version > FORMAT_VERSION:
        raise BundleTooNew(
            f"{MANIFEST} says format {version}; this code reads up to {FORMAT_VERSION}. "
            "Update Tilescreen, or fit the bundle again with this version."
        )
    if 0 < version < FORMAT_VERSION:
        raise BundleTooOld(
            f"{MANIFEST} says format {version}, which has no verdicts; this code reads "
            f"{FORMAT_VERSION}. Fit the bundle again."
        )


def file_hash(file: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits, read in pieces."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _check_files(folder: Path, manifest: Manifest) -> bytes:
    """Check that the files are there and of their sizes; return which ones they are."""
    state = [manifest.bundle_id.encode()]
    expected = {*specs(manifest), *OTHERS}
    expected |= {ENCODERS[precision] for precision in manifest.rounded}
    for name in sorted(expected ^ set(manifest.files)):
        if name in expected:
            raise BundleDamaged(f"{MANIFEST} does not list {name}.")
        raise BundleDamaged(f"{MANIFEST} lists {name[:100]!r}, which is no file of a bundle.")
    for name, entry in manifest.files.items():
        file = folder / name
        if file.is_symlink():
            raise BundleDamaged(f"{name} is a link; a bundle holds plain files alone.")
        if not file.is_file():
            raise BundleMissing(
                f"{name} is missing from the bundle {folder}. "
                "Copy the bundle again, or fit it anew."
            )
        size = file.stat().st_size
        if size != entry.size:
            kind = "truncated" if size < entry.size else "too long"
            raise BundleDamaged(f"{name} is {kind}: {size} bytes instead of {entry.size}.")
        state.append(state_of(file))
    return b"\n".join(state)


def state_of(file: Path) -> bytes:
    """Return what tells a file, as it is now, from others and from what it may become."""
    found = file.stat()
    times = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    return f"{file.name} {found.st_dev} {found.st_ino} {times}".encode()


def _check_hashes(folder: Path, manifest: Manifest) -> None:
    later = {"pictures.bin"} if PICTURE_HASHES in manifest.files else set()
    # Largest first, so that the longest hash does not begin last.
    names = sorted(set(manifest.files) - later, key=lambda name: -manifest.files[name].size)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for name, found in zip(names, pool.map(_hash, (folder / n for n in names)), strict=True):
            if found != manifest.files[name].sha256:
                raise BundleDamaged(f"{name} was altered: its SHA-256 is not the manifest's.")


def _hash(file: Path) -> str:
    try:
        return file_hash(file)
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> BundleMissing:
    return BundleMissing(
        f"{file.name} cannot be read: {error.strerror}. "
        f"Let this user read the files of {file.parent}, or copy the bundle again."
    )


def _map_array(folder: Path, name: str, spec: ArraySpec, known: dict[str, int]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.open_memmap(folder / name, mode="r")
    except _NOT_MAPPED as error:
        raise BundleDamaged(f"{name} is not an array that can be mapped: {error}.") from error
    letters = spec.shape.split()
    right_type = array.dtype.kind == "S" if spec.dtype == "S" else array.dtype.str == spec.dtype
    # A letter that the manifest does not fix is fixed by the first array that has it.
    right_shape = len(letters) == array.ndim and all(
        known.setdefault(letter, size) == size
        for letter, size in zip(letters, array.shape, strict=True)
    )
    if not (right_type and right_shape and array.flags.c_contiguous):
        wanted = ", ".join(str(known.get(letter, letter)) for letter in letters)
        raise BundleDamaged(
            f"{name} has dtype {array.dtype} and shape {array.shape}; "
            f"expected {spec.dtype} and ({wanted})."
        )
    return array


def _check_values(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> None:
    tiles = manifest.source.tiles
    for name, low, end in (
        ("neighbors.npy", 0, tiles),
        ("labels.npy", -1, manifest.clustering.clusters),
        ("dbscan_labels.npy", -1, manifest.dbscan.clusters),
        ("verdicts.npy", 0, 3),
        ("boxes.npy", 0, manifest.preprocessing.side + 1),
    ):
        values = arrays[name]
        if values.min() < low or values.max() >= end:
            raise BundleDamaged(f"{name} holds a number outside {low}..{end - 1}.")
    for name, values in arrays.items():
        if values.dtype.kind == "f" and values.size and not np.isfinite(_ends(values)).all():
            raise BundleDamaged(f"{name} holds a number that is not finite.")
    if MAP in arrays and np.abs(_ends(arrays[MAP])).max() > 1:
        raise BundleDamaged(f"{MAP} holds a place outside -1..1.")
    if not (arrays["scaler.npy"][1] > 0).all():
        raise BundleDamaged("scaler.npy holds a scale that is not positive.")
    _check_thresholds(manifest)
    if not len(arrays["probes.npy"]):
        raise BundleDamaged("probes.npy holds no tile to prove the encoder with.")
    _check_screening(manifest, arrays)
    if manifest.index is not None:
        _check_index(arrays)
    _check_ids(arrays["ids.npy"])
    _check_order(arrays)


def _check_thresholds(manifest: Manifest) -> None:
    for name in ("cluster_reach", "self_test"):
        if name not in manifest.thresholds:
            raise BundleDamaged(f"{MANIFEST} has no threshold {name!r}.")
    colour = manifest.thresholds.get(COLOUR_LIMIT)
    if colour is not None and colour.value <= 0:
        raise BundleDamaged(f"{MANIFEST} has a threshold {COLOUR_LIMIT!r} that is not positive.")


def _check_screening(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> None:
    boxes = arrays["boxes.npy"]
    for name in {"scores.npy", "concept_scores.npy"} & set(arrays):
        if arrays[name].min() < 0 or arrays[name].max() > 1:
            raise BundleDamaged(f"{name} holds a score outside 0..1.")
    if (boxes.any(axis=2) & (boxes[:, :, :2] >= boxes[:, :, 2:]).any(axis=2)).any():
        raise BundleDamaged("boxes.npy holds a box that does not end after it begins.")
    if arrays["tile_sizes.npy"].min() < 1:
        raise BundleDamaged("tile_sizes.npy holds a tile without pixels.")
    layers = arrays["probe_maps.npy"].shape[1]
    if layers not in (0, 3):
        raise BundleDamaged(f"probe_maps.npy has {layers} layers; it must have 0 or 3.")
    if manifest.screening.evidence == "map" and not layers:
        raise BundleDamaged("probe_maps.npy is empty, but the verdicts were taken from maps.")


def _check_index(arrays: dict[str, NDArray[Any]]) -> None:
    axes, rows, ends = (arrays[f"index_{name}.npy"] for name in ("axes", "rows", "ends"))
    if arrays["index_sketches.npy"].shape[1] != axes.shape[1] + 1:
        raise BundleDamaged("index_sketches.npy and index_axes.npy do not fit each other.")
    if not np.allclose(axes.T @ axes, np.eye(axes.shape[1]), atol=1e-5):
        raise BundleDamaged("index_axes.npy holds columns that are not orthonormal.")
    if not np.array_equal(np.sort(rows), np.arange(len(rows))):
        raise BundleDamaged("index_rows.npy does not hold each tile once.")
    if ends[0] != 0 or ends[-1] != len(rows) or (ends[1:] < ends[:-1]).any():
        raise BundleDamaged("index_ends.npy does not divide the tiles into lists.")


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest value, NaN if there is one; makes no copy of the array."""
    return float(values.min()), float(values.max())


def _check_ids(ids: NDArray[np.bytes_]) -> None:
    if not ids[0] or not (ids[:-1] < ids[1:]).all():
        raise BundleDamaged("ids.npy is not strictly ascending, or holds an empty id.")
    try:
        b"\n".join(ids.tolist()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleDamaged("ids.npy holds an id that is not UTF-8.") from error


def _check_order(arrays: dict[str, NDArray[Any]]) -> None:
    pairs = arrays["random_distances.npy"]
    if not len(pairs) or (np.diff(pairs) < 0).any():
        raise BundleDamaged("random_distances.npy is empty or not ascending.")
    away = arrays["neighbor_distances.npy"]
    if (away[:, 0] < 0).any() or (away[:, 1:] < away[:, :-1]).any():
        raise BundleDamaged("neighbor_distances.npy is negative or not ascending in a row.")
    if (arrays["neighbors.npy"] == np.arange(len(away))[:, None]).any():
        raise BundleDamaged("neighbors.npy calls a tile its own neighbour.")
    rows, leaves = arrays["kdtree_rows.npy"], arrays["kdtree_leaves.npy"]
    firsts, ends = leaves[np.argsort(leaves[:, 0])].T
    whole = np.array_equal([0, *ends], [*firsts, len(rows)])
    if not whole or not np.array_equal(np.sort(rows), np.arange(len(rows))):
        raise BundleDamaged("kdtree_rows.npy and kdtree_leaves.npy do not hold each tile once.")


def _let_go(arrays: dict[str, NDArray[Any]]) -> None:
    """Give back what was mapped to be checked: 2 GiB at a million tiles, few of it asked for."""
    for array in arrays.values():
        give_back(array)


def _read_scans(folder: Path, numbers: NDArray[np.int32]) -> tuple[Scan, ...]:
    try:
        scans = _SCANS.validate_json((folder / "scans.json").read_bytes())
    except ValidationError as error:
        first = error.errors()[0]["msg"]
        raise BundleDamaged(f"scans.json is not a list of {{name, patient}}: {first}.") from error
    if numbers.min(initial=-1) < -1 or numbers.max(initial=-1) >= len(scans):
        raise BundleDamaged("scan_numbers.npy points outside scans.json.")
    return scans


def _map_pictures(folder: Path, offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    file = folder / "pictures.bin"
    if offsets[0] != 0 or offsets[-1] != file.stat().st_size or (offsets[1:] <= offsets[:-1]).any():
        raise BundleDamaged("picture_offsets.npy does not fit pictures.bin.")
    return np.memmap(file, dtype=np.uint8, mode="r")

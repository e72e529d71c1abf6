"""Bundles and PNGs that lie: altered, then given checksums that fit, to reach the later checks."""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def bundle_id(manifest: dict[str, Any]) -> str:
    """Compute a manifest's id by what docs/bundle-format.md says."""
    rest = {key: value for key, value in manifest.items() if key != "bundle_id"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def reseal(folder: Path, **changes: Any) -> None:
    """Change top-level fields of the manifest and make its hashes fit the files again."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changes
    for name, entry in manifest["files"].items():
        if (folder / name).is_file():
            data = (folder / name).read_bytes()
            entry |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    manifest["bundle_id"] = bundle_id(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def forge_array(folder: Path, name: str, values: ArrayLike) -> None:
    """Replace an array file and reseal the bundle."""
    np.save(folder / name, np.asarray(values), allow_pickle=True)
    reseal(folder)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one PNG chunk with a right checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, *, depth: int = 8, colour: int = 0, lace: int = 0) -> bytes:
    """Return an IHDR chunk; colour 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lace))


def forge_png(*chunks: bytes) -> bytes:
    """Return a PNG of these chunks, ended properly."""
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def rows(*passes: NDArray[np.uint8]) -> bytes:
    """Return an IDAT chunk of unfiltered rows, one array of (rows, bytes) a pass."""
    lines = (b"\0" + line.tobytes() for part in passes for line in part)
    return chunk(b"IDAT", zlib.compress(b"".join(lines)))


def interlaced_png(grey: NDArray[np.uint8]) -> bytes:
    """Encode (height, width) uint8 in the seven passes of Adam7, which Pillow cannot write."""
    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2))
    starts += ((0, 1, 2, 2), (1, 0, 2, 1))
    height, width = grey.shape
    parts = [grey[y::dy, x::dx] for y, x, dy, dx in starts]
    whole: Iterable[NDArray[np.uint8]] = (part for part in parts if part.size)
    return forge_png(header(width, height, lace=1), rows(*whole))

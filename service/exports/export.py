"""An export as a whole: both files, and the signed manifest that says they belong together."""

import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

import orjson

from bundle.manifest import MANIFEST as BUNDLE_MANIFEST
from bundle.manifest import MAX_MANIFEST_BYTES
from service.answering.facts import Fact
from service.exports import boxes, table
from service.exports.signing import ALGORITHM, public_hex, signing_key
from service.exports.standing import Standing, standings
from service.state import Serving

FORMAT = "tilescreen-export-1"
MANIFEST = "manifest.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""In a zip, the time of every file: one export is one sequence of bytes."""


@dataclass(frozen=True)
class Export:
    """What was decided of one bundle's tiles, through one event.

    files: by name, the bytes. counts: of tiles by state, of those that only the screening judged,
    and of boxes.
    """

    through: int
    files: Mapping[str, bytes]
    counts: Mapping[str, int]


def export(serving: Serving, through: int) -> Export:
    """Make the files; `benchmarks/exports.py` has the clock of that at 62,000 tiles."""
    found = list(standings(serving, through))
    listed = table.tiles_csv(serving, found)
    framed = boxes.boxes_json(serving, found, through)
    counts = {**_counts(found), "boxes": len(orjson.loads(framed)["annotations"])}
    return Export(through, {table.NAME: listed, boxes.NAME: framed}, counts)


def manifest(serving: Serving, made: Export) -> Fact:
    """Say what belongs to an export, and sign that.

    The signature is over the canonical JSON of everything but itself.

    Raises:
        SigningDown: there is no key.
    """
    key = signing_key(serving.settings)
    # Not from the folder, where another bundle may be by now.
    bundle = serving.seal.read(BUNDLE_MANIFEST, 0, MAX_MANIFEST_BYTES)
    said: Fact = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": serving.bundle.manifest.bundle_id,
        "bundle_manifest_sha256": sha256(bundle).hexdigest(),
        "files": {
            name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
            for name, data in made.files.items()
        },
        "counts": dict(made.counts),
        "decisions_through": made.through,
    }
    signature = {
        "algorithm": ALGORITHM,
        "public_key": public_hex(key),
        "value": key.sign(canonical(said)).hex(),
    }
    return {**said, "signature": signature}


def canonical(content: Fact) -> bytes:
    """Return the one way to write JSON that is signed: sorted names, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def zipped(serving: Serving, made: Export) -> bytes:
    """Return the files and their manifest as one zip.

    Raises:
        SigningDown: there is no key.
    """
    signed = json.dumps(manifest(serving, made), indent=1).encode()
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in {**made.files, MANIFEST: signed}.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _counts(found: list[Standing]) -> dict[str, int]:
    states = Counter(one.state for one in found)
    return {
        "tiles": len(found),
        **{state: states[state] for state in ("keep", "review", "drop", "conflict")},
        "by_verdict": sum(one.by == "verdict" for one in found),
    }

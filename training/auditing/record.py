"""An audit as data: audit.json with every figure, and the lists as CSV."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from io import StringIO
from typing import Any

import numpy as np

from bundle.bundle import Bundle
from bundle.cells import write_csv
from training.auditing.findings import Findings, Request
from training.auditing.words import headline, leak_sentence, method, proof_sentence

_LIBRARIES = ("keras", "numpy", "pillow", "scikit-learn", "scipy", "tensorflow")
DUPLICATES = ("group", "kind", "id", "class", "split", "patient", "scan", "likeness", "blank")
LEAKS = ("kind", "name", "places", "tiles", "blank", "ids")
_LISTED = 20
"""Ids that a line of leaks.csv names; duplicates.csv and the user's own list have the others."""


def as_json(bundle: Bundle, found: Findings, request: Request, command: str) -> dict[str, Any]:
    """Return everything that was found, in plain values."""
    manifest, classes, dropped = bundle.manifest, found.classes, found.dropping
    counts = np.bincount(classes.codes, minlength=len(classes.names))
    gone = np.bincount(classes.codes[dropped.dropped[classes.rows]], minlength=len(classes.names))
    return {
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in _LIBRARIES},
        "bundle": {
            "id": manifest.bundle_id,
            "profile": manifest.profile,
            "tiles": len(bundle),
            "versions": manifest.versions,
        },
        "labels": {
            "sha256": classes.sha256,
            "tiles": len(classes),
            "classes": dict(zip(classes.names, counts.tolist(), strict=True)),
            "unmatched": len(classes.unmatched),
            "unlabelled": classes.unlabelled,
            "splits": Counter(classes.splits.tolist()) if classes.splits is not None else None,
            "unit": classes.unit,
            "units": len(np.unique(classes.groups)),
        },
        "dropping": {
            "source": dropped.source,
            "sha256": dropped.sha256,
            "unmatched": len(dropped.unmatched),
            "dropped": dict(zip(classes.names, gone.tolist(), strict=True)),
        },
        "seed": request.seed,
        "seeds": request.seeds,
        "threshold": found.threshold,
        "sentences": [headline(found), proof_sentence(found), leak_sentence(found)],
        "odds": [asdict(one) for one in found.odds],
        "odds_of_kept_tiles": [asdict(one) for one in found.odds_kept],
        "probe": [asdict(one) for one in found.probes],
        "probe_of_kept_tiles": [asdict(one) for one in found.probes_kept],
        "features": found.features,
        "proof": asdict(found.proof) | {"lettered_class": found.lettered},
        "duplicates": {
            **asdict(found.bounds),
            "groups": Counter(_kind(group.kind, blank=group.blank) for group in found.groups),
            "tiles": sum(len(group.rows) for group in found.groups),
        },
        "leaks": Counter(_kind(leak.kind, blank=leak.blank) for leak in found.leaks),
        "notes": found.notes,
        "method": method(found, request.seed),
    }


def _kind(kind: str, *, blank: bool) -> str:
    return f"{kind}, blank" if blank else kind


def duplicates_csv(bundle: Bundle, found: Findings) -> str:
    """Return a line for each tile that shows what another shows."""
    at = {row: number for number, row in enumerate(found.classes.rows.tolist())}
    return _csv(
        DUPLICATES,
        (
            (
                number,
                group.kind,
                bundle.id(row),
                *_labels(bundle, found, row, at.get(row)),
                f"{group.likeness:.3f}",
                int(group.blank),
            )
            for number, group in enumerate(found.groups, start=1)
            for row in group.rows
        ),
    )


def _labels(bundle: Bundle, found: Findings, row: int, at: int | None) -> tuple[str, ...]:
    scan = bundle.scan(row)
    name = scan.name if scan else ""
    if at is None:
        return "", "", (scan.patient or "") if scan else "", name
    classes = found.classes
    split = "" if classes.splits is None else str(classes.splits[at])
    return classes.names[int(classes.codes[at])], split, str(classes.patients[at]), name


def leaks_csv(bundle: Bundle, found: Findings) -> str:
    """Return a line for each patient, scan or content that stands in two places."""
    return _csv(
        LEAKS,
        (
            (
                leak.kind,
                leak.name,
                ";".join(f"{place}={tiles}" for place, tiles in leak.places.items()),
                len(leak.rows),
                int(leak.blank),
                ";".join(bundle.id(row) for row in leak.rows[:_LISTED]),
            )
            for leak in found.leaks
        ),
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = StringIO()
    write_csv(stream, [columns])
    write_csv(stream, rows)
    return stream.getvalue()

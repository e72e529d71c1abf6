"""What screening says of a tile, as JSON objects; a verdict is a screen, never a diagnosis."""

from collections.abc import Iterable, Sequence

import numpy as np

from bundle.arrays import Points
from bundle.screening import (
    PLACED,
    REASONS,
    VERDICTS,
    Code,
    Reason,
    Screened,
    alike,
    concept_reasons,
    reasons,
    screen_new,
)
from service.answering.facts import Fact, tile_summary
from service.answering.looks import Look
from service.stored.findings import Findings

Box = tuple[int, int, int, int]
_LEAST = 0.01
_PLACED = REASONS[:PLACED]


def stored_screening(findings: Findings, row: int, k: int) -> Fact:
    """Tell what was found on a stored tile when the bundle was fitted.

    Args:
        findings: of all stored tiles.
        row: of the tile; it is never among its own evidence.
        k: most tiles of evidence for each reason.
    """
    points = np.array(findings.catalog.bundle.points[row : row + 1])
    return {
        **finding(findings, row),
        "evidence": [
            {"code": reason.code, "neighbors": _evidence(findings, points, reason.code, k, row)}
            for reason in findings.reasons(row)
            if reason.code in REASONS
        ],
    }


def new_screenings(findings: Findings, looks: Sequence[Look], k: int) -> list[Fact]:
    """Screen tiles that were sent; `k` as in `stored_screening`."""
    bundle = findings.catalog.bundle
    points = bundle.scale(np.stack([look.latent for look in looks]))
    maps = np.stack([look.map for look in looks])
    found = screen_new(bundle, [look.read for look in looks], points, maps)
    return [
        _new_screening(findings, look.read.size, points[row : row + 1], found.of(row), k)
        for row, look in enumerate(looks)
    ]


def _new_screening(
    findings: Findings, size: tuple[int, int], point: Points, found: Screened, k: int
) -> Fact:
    """Tell what was found on one tile of a size; its scaled point is (1, d)."""
    manifest = findings.catalog.bundle.manifest
    told = reasons(manifest.screening, found.scores[0], found.boxes[0])
    likeness = found.concepts[0] if findings.concepts else np.empty(0, dtype=np.float32)
    taught = concept_reasons(findings.concepts, likeness)
    ordered = sorted(told + taught, key=lambda reason: -reason.score)
    return {
        "verdict": VERDICTS[found.verdicts[0]],
        "score": found.scores[0, 0],
        "reasons": _told(ordered, manifest.preprocessing.side, size),
        **_likeness(findings, likeness),
        "evidence": [
            {"code": reason.code, "neighbors": _evidence(findings, point, reason.code, k)}
            for reason in told
        ],
    }


def finding(findings: Findings, row: int) -> Fact:
    """Tell a stored tile's verdict, score and reasons."""
    side = findings.catalog.bundle.manifest.preprocessing.side
    return {
        "verdict": findings.verdict(row),
        "score": findings.scores[row, 0],
        "reasons": _told(findings.reasons(row), side, findings.size(row)),
        **_likeness(findings, findings.likeness[row]),
    }


def _likeness(findings: Findings, scores: Iterable[np.float32]) -> Fact:
    """Tell the score of each concept, where the bundle has any."""
    if not findings.concepts:
        return {}
    pairs = zip(findings.concepts, scores, strict=True)
    return {"concepts": [{"name": one.name, "score": score} for one, score in pairs]}


def listed(findings: Findings, row: int) -> Fact:
    """Tell what the list of verdicts says of a stored tile."""
    return {**tile_summary(findings.catalog, row), **finding(findings, row)}


def _told(found: Sequence[Reason], side: int, size: tuple[int, int]) -> list[Fact]:
    return [
        {
            "code": reason.code,
            **({"name": reason.name} if reason.name else {}),
            "score": np.float32(reason.score),
            "box": reason.box and _named(in_tile(reason.box, side, size)),
        }
        for reason in found
    ]


def _named(box: Box) -> Fact:
    return dict(zip(("left", "top", "right", "bottom"), box, strict=True))


def in_tile(box: Box, side: int, size: tuple[int, int]) -> Box:
    """Scale a box from the encoder's input to the tile, outwards to whole pixels.

    Args:
        box: left, top, right, bottom in pixels of the encoder's input.
        side: pixels of that input.
        size: height and width of the tile as it was given, in pixels.
    """
    height, width = size
    left, top, right, bottom = box
    return (
        left * width // side,
        top * height // side,
        -(-right * width // side),
        -(-bottom * height // side),
    )


def _evidence(
    findings: Findings, points: Points, code: Code, k: int, own: int | None = None
) -> list[Fact]:
    """Return the nearest stored tiles with a reason, nearest first, without the row `own`."""
    if not k:
        return []
    catalog, column = findings.catalog, REASONS.index(code)
    found = alike(catalog.bundle, points, code, k if own is None else k + 1)
    hits = zip(found.rows[0].tolist(), found.distances[0], strict=True)
    others = [(row, distance) for row, distance in hits if row != own]
    return [
        {
            "id": catalog.ids[row],
            "distance": distance,
            "score": findings.scores[row, column],
            "scan": catalog.scan(row),
        }
        for row, distance in others[:k]
    ]


def unplaced_words(code: Code) -> str:
    """Say where a reason without a box is."""
    return "place not known" if code in _PLACED else "the whole tile"


def score_words(score: float) -> str:
    """Write a score with two digits; 0 and 1 are not claimed by rounding."""
    if 0 < score < _LEAST:
        return f"< {_LEAST}"
    if 1 - _LEAST < score < 1:
        return f"> {1 - _LEAST}"
    return f"{score:.2f}"

"""What screening says of a tile: reasons with scores and places, and a verdict.

One code for stored tiles (at fit) and for new ones (in the service). A verdict is a screen
for people who look, never a diagnosis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Maps, Points, Tiles
from bundle.bundle import Bundle, reference_places, reference_rows
from bundle.concepts import concept_scores
from bundle.manifest import Concept, Screening
from bundle.neighbors import Hits, nearest_among, search
from bundle.preprocess import Input
from bundle.sketches import squared_distances

Code: TypeAlias = Literal["LETTERING", "FILM_EDGE", "MASKED", "BLANK", "OFF_TOPIC", "CONCEPT"]
"""What a reason may be; CONCEPT is what people taught, and has a name."""
Verdict: TypeAlias = Literal["keep", "review", "drop"]

REASONS: tuple[Code, ...] = ("LETTERING", "FILM_EDGE", "MASKED", "BLANK", "OFF_TOPIC")
"""Columns of `scores.npy`: the reasons of every bundle. The first three have a place and are
the layers of a map."""
PLACED = 3
VERDICTS: tuple[Verdict, ...] = ("keep", "review", "drop")
"""What the numbers of `verdicts.npy` stand for."""

PEAK_CELLS = 6
"""Cells of a layer whose mean is its peak. Source: docs/decisions.md."""
LIKELY = 0.5
"""Score from which a reason other than lettering is told."""
_BLANK_STD = 1.0
"""Grey levels of 255: at most this is blank. Source: training.cutting.windows."""
_BLANK_STEP = 8
"""Of the rows of a tile one in so many is enough to see that it is not blank."""
_NOT_BLANK = 1.01
"""Above what float32 may make of it."""
_MASKS_ARE_RARE = 1.85
"""Log-odds: one tile in twenty has a mask, of those that the network learnt from one in four."""
_NEAREST = 5
COLOUR_LIMIT = "off_topic_colour"
"""The threshold of a bundle that says what share of coloured pixels is as far as its bound."""
LEAST_COLOUR_LIMIT = 0.1
"""That threshold for tiles without colour, and of bundles that do not say. Source: ours."""
_SCALE_LIMIT = 4
"""A tile's shorter side beside the smallest or largest stored one that is as far as the bound."""
_USUAL_SIDES = (240, 192)
"""Stored tiles count as no larger and no smaller than this, as tiles of 64 px are found by bundles
of 299 px, and the other way round, as well as by their own (docs/quality.md)."""
_ITSELF = 1e-4
"""Squared distance, beside the squared length of the point, below which a tile is its own."""
_OPEN = 4.0
"""How far below the highest cell, in log-odds, the others of a box may lie."""
_SEEN = -2.0
"""Log-odds that a cell must exceed to be part of a box: what is to be looked at has a place."""


@dataclass(frozen=True)
class Evidence:
    """What an encoder's maps say of m tiles.

    peaks: (m, 3) float32 log-odds of each layer, see `peaks`; -inf without maps.
    boxes: (m, 3, 4) int16 left, top, right, bottom in pixels of the encoder's input round
        the cells that belong to the peak; all 0 without a place.
    """

    peaks: NDArray[np.float32] = field(repr=False)
    boxes: NDArray[np.int16] = field(repr=False)


@dataclass(frozen=True)
class Screened:
    """What screening says of m tiles.

    scores: (m, 5) float32 in [0, 1], columns as REASONS.
    boxes: (m, 3, 4) int16, see `Evidence`. verdicts: (m,) uint8, see VERDICTS.
    concepts: (m, c) float32 in [0, 1], as the manifest's concepts.
    """

    scores: NDArray[np.float32] = field(repr=False)
    boxes: NDArray[np.int16] = field(repr=False)
    verdicts: NDArray[np.uint8] = field(repr=False)
    concepts: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0), dtype=np.float32), repr=False
    )

    def of(self, row: int) -> "Screened":
        """Return what it says of one tile, m = 1."""
        one = slice(row, row + 1)
        return Screened(self.scores[one], self.boxes[one], self.verdicts[one], self.concepts[one])


@dataclass(frozen=True)
class Reason:
    """One thing found on a tile; the box is in pixels of the encoder's input, None without one."""

    code: Code
    score: float
    box: tuple[int, int, int, int] | None
    name: str | None = None
    """Of the concept, where it is one."""

    @property
    def title(self) -> str:
        """The code, with the concept's name as in `CONCEPT:skin marker`: for lists."""
        return f"{self.code}:{self.name}" if self.name else self.code


def gather(maps: Maps, side: int) -> Evidence:
    """Reduce maps to their peaks and the boxes round them.

    Args:
        maps: (m, 3, g, g) float32 log-odds, or (m, 0, 0, 0) of an encoder without maps.
        side: pixels of the encoder's input.
    """
    count, layers = maps.shape[:2]
    if not layers:
        nothing = np.full((count, PLACED), -np.inf, dtype=np.float32)
        return Evidence(nothing, np.zeros((count, PLACED, 4), dtype=np.int16))
    found = peaks(maps)
    boxes = np.zeros((count, PLACED, 4), dtype=np.int16)
    for tile, layer in np.argwhere(maps.max(axis=(2, 3)) > _SEEN).tolist():
        boxes[tile, layer] = _box(maps[tile, layer], side)
    return Evidence(found, boxes)


def peaks(maps: Maps) -> NDArray[np.float32]:
    """Return (m, e) float32: the mean of the six highest cells of each layer.

    A letter covers several cells, a speck of dust one.

    Args:
        maps: (m, e, g, g) float32 log-odds.
    """
    tiles, layers, height, width = maps.shape
    cells = maps.reshape(tiles, layers, height * width)
    count = min(PEAK_CELLS, height * width)
    with np.errstate(over="ignore", invalid="ignore"):  # of maps that overflow, see `screen`
        highest: NDArray[np.float32] = np.partition(cells, -count)[:, :, -count:].mean(axis=2)
    return highest


def _box(layer: NDArray[np.float32], side: int) -> tuple[int, int, int, int]:
    """Return the box round the cells joined to the highest one, outwards to whole pixels."""
    cells = len(layer)
    highest = int(layer.argmax())
    open_ = (layer > _SEEN) & (layer >= layer.flat[highest] - _OPEN)
    left, top, right, bottom = _joined(open_, highest)
    return (
        left * side // cells,
        top * side // cells,
        -(-right * side // cells),
        -(-bottom * side // cells),
    )


def _joined(open_: NDArray[np.bool_], start: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the open cells joined to one over sides or corners.

    All cells are bits of one whole number, and growing is shifting it: twenty times faster than on
    arrays of this size. A column that is never open keeps rows from joining round the border.
    """
    height, width = open_.shape
    wide = width + 1
    bits = np.zeros((height, wide), dtype=np.bool_)
    bits[:, :-1] = open_
    free = int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
    joined, before = 1 << (start // width * wide + start % width), 0
    while joined != before:
        before = joined
        across = joined | joined << 1 | joined >> 1
        joined = (across | across << wide | across >> wide) & free
    top, bottom = _lowest(joined) // wide, (joined.bit_length() - 1) // wide + 1
    columns, row = 0, (1 << wide) - 1
    while joined:
        columns |= joined & row
        joined >>= wide
    return _lowest(columns), top, columns.bit_length(), bottom


def _lowest(number: int) -> int:
    """Return the place of the lowest bit that is set."""
    return (number & -number).bit_length() - 1


def screen(
    rules: Screening, tiles: Tiles, evidence: Evidence, away: NDArray[np.float32]
) -> Screened:
    """Turn evidence into scores and verdicts.

    A tile of one grey holds no lettering, whatever the encoder makes of it.
    What an encoder that overflows cannot tell is neither likely nor unlikely: evidence that is
    no number scores a half, and has the tile looked at.

    Args:
        rules: the manifest's.
        tiles: (m, side, side) uint8, the encoder's input.
        evidence: of the encoder's maps; for a bundle without maps, its first column holds
            `outlier_evidence`.
        away: (m,) float32 from `widened`.
    """
    scores = np.empty((len(tiles), len(REASONS)), dtype=np.float32)
    lettering, _, masked, blank, foreign = range(len(REASONS))
    scores[:, blank] = _blank(tiles)
    log_odds = evidence.peaks.astype(np.float64)
    log_odds[:, lettering] = rules.slope * log_odds[:, lettering] + rules.offset
    log_odds[:, masked] -= _MASKS_ARE_RARE
    scores[:, :PLACED] = _sigmoid(log_odds)
    scores[scores[:, blank] == 1, lettering] = 0
    scores[:, foreign] = (away.astype(np.float64) / rules.off_topic_distance - 0.5).clip(0, 1)
    return Screened(scores, evidence.boxes, rule_verdicts(rules, scores))


def _blank(tiles: Tiles) -> NDArray[np.float64]:
    """Return (m,) how surely tiles are of one grey.

    The deviations of some of the pixels are no more than those of all: where an eighth of the rows
    differs enough, the others need not be looked at.
    """
    scores = np.zeros(len(tiles))
    rows = tiles[:, ::_BLANK_STEP]
    some = rows.reshape(len(rows), rows.shape[1] * rows.shape[2]).astype(np.float32)
    some -= some.mean(axis=1, keepdims=True)
    spread = np.einsum("ij,ij->i", some, some) / some.shape[1] / _BLANK_STEP
    near = np.flatnonzero(spread < _NOT_BLANK * (2 * _BLANK_STD) ** 2)
    if len(near):
        scores[near] = np.clip(2 - tiles[near].std(axis=(1, 2)) / _BLANK_STD, 0, 1)
    return scores


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return np.where(np.isnan(scores), 0.5, scores)


def rule_verdicts(rules: Screening, scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return (m,) uint8 verdicts by the rules alone, from (m, 5) scores.

    Drop lettering and blank tiles; have the doubtful, the masked and the foreign looked at.

    Foreign tiles are not dropped for their lettering: the score says little of what the bundle
    does not know.
    """
    lettering, _, masked, blank, foreign = scores.T
    drop = ((lettering >= rules.drop_score) & (foreign < LIKELY)) | (blank >= LIKELY)
    review = (lettering >= rules.review_score) | (masked >= LIKELY) | (foreign >= LIKELY)
    return np.where(drop, 2, np.where(review, 1, 0)).astype(np.uint8)


def raised(
    concepts: Sequence[Concept],
    found: NDArray[np.float32],
    scores: NDArray[np.float32],
    verdicts: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return (m,) uint8 verdicts, none lower than what the concepts found ask for.

    As with lettering, a tile unlike the stored ones is looked at, not dropped, on their account.

    Args:
        concepts: the manifest's.
        found: (m, c) float32, their scores.
        scores: (m, 5) float32 of the reasons.
        verdicts: (m,) uint8 without concepts.
    """
    result = verdicts.copy()
    foreign = scores[:, REASONS.index("OFF_TOPIC")] >= LIKELY
    for column, concept in enumerate(concepts):
        wanted = np.where(foreign, 1, VERDICTS.index(concept.verdict)).astype(np.uint8)
        told = found[:, column] >= np.float32(concept.threshold)
        result = np.where(told, np.maximum(result, wanted), result)
    return result


def concept_reasons(concepts: Sequence[Concept], found: NDArray[np.float32]) -> list[Reason]:
    """Return the concepts that a tile shows, the highest of (c,) scores first."""
    told = [
        Reason("CONCEPT", float(score), None, concept.name)
        for concept, score in zip(concepts, found, strict=True)
        if score >= np.float32(concept.threshold)
    ]
    return sorted(told, key=lambda reason: -reason.score)


def bounds(rules: Screening) -> NDArray[np.float32]:
    """Return (5,) float32: the score from which each reason is told, in the order of REASONS."""
    return np.array([rules.review_score, *[LIKELY] * (len(REASONS) - 1)], dtype=np.float32)


def reasons(
    rules: Screening, scores: NDArray[np.float32], boxes: NDArray[np.int16]
) -> list[Reason]:
    """Return what was found on one tile, the highest score first.

    Args:
        rules: the manifest's.
        scores: (5,) of the tile.
        boxes: (3, 4) of the tile.
    """
    found = []
    told = scores >= bounds(rules)
    for column, code in enumerate(REASONS):
        if told[column]:
            placed = column < PLACED and boxes[column].any()
            box = tuple(boxes[column].tolist()) if placed else None
            found.append(Reason(code, float(scores[column]), box))
    return sorted(found, key=lambda reason: -reason.score)


def stored_reasons(bundle: Bundle, row: int) -> list[Reason]:
    """Return what was found on a stored tile, concepts too, the highest score first."""
    concepts, likeness = bundle.manifest.concepts or (), bundle.concept_scores[row]
    boxes = bundle.arrays["boxes.npy"][row]
    found = reasons(bundle.manifest.screening, bundle.scores[row], boxes)
    return sorted(found + concept_reasons(concepts, likeness), key=lambda reason: -reason.score)


def reference_distances(stored: Points, points: Points) -> NDArray[np.float32]:
    """Return (m,) float32 distances of points to the nearest other of the references.

    0 where there is no other one, infinite for points that are no numbers.

    Args:
        stored: (n, d) float32, all stored points.
        points: (m, d) float32. A point that is a reference itself is not its own nearest.
    """
    return distances_to(stored[reference_rows(len(stored))], points)


def distances_to(
    known: Points, points: Points, own: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """Return what `reference_distances` does, of the references alone: (r, d) float32.

    own: (m,) where each point's own tile is among them, -1 for nowhere; it is left out.
    """
    places = [-1] * len(points) if own is None else own.tolist()
    with np.errstate(over="ignore", invalid="ignore"):
        found = [_nearest_other(known, *one) for one in zip(points, places, strict=True)]
    distances = np.array(found, dtype=np.float32)
    return np.where(np.isnan(distances), np.float32(np.inf), distances)


def _nearest_other(known: Points, point: NDArray[np.float32], own: int) -> float:
    squared = squared_distances(known, point)
    if own >= 0:
        squared = np.delete(squared, own)
    distances = np.sqrt(np.sort(np.partition(squared, 1)[:2] if len(squared) > 1 else squared))
    others = _others(distances, point)
    return float(others[0]) if len(others) else 0.0


def _others(distances: NDArray[np.float32], point: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave out the first of ascending distances if it is so small that it is the tile's own."""
    own = distances[0] ** 2 < _ITSELF * (point @ point + 1)
    return distances[1:] if own else distances


def outlier_evidence(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (m,) what takes the place of evidence for lettering in a bundle without maps.

    The study looked for lettering among tiles far from all others: the mean distance to the
    five nearest tiles.

    Args:
        distances: (m, k) float32 to the nearest stored tiles, ascending.
    """
    result: NDArray[np.float32] = distances[:, :_NEAREST].mean(axis=1).astype(np.float32)
    return result


def strangeness(bundle: Bundle, reads: Sequence[Input]) -> NDArray[np.float32]:
    """Return (m,) how strange tiles are before the encoder looks at them: 1 is at the bound.

    The encoder sees grey of one size alone; a stained section, or a stamp blown up, may look
    like film to it.
    """
    limit = bundle.manifest.thresholds.get(COLOUR_LIMIT)
    smallest, largest = min(bundle.sides[0], _USUAL_SIDES[0]), max(bundle.sides[1], _USUAL_SIDES[1])
    return np.array(
        [
            max(
                read.colour / (limit.value if limit else LEAST_COLOUR_LIMIT),
                smallest / min(read.size) / _SCALE_LIMIT,
                min(read.size) / largest / _SCALE_LIMIT,
            )
            for read in reads
        ],
        dtype=np.float32,
    )


def widened(
    rules: Screening, away: NDArray[np.float32], strange: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return distances to the references in which strangeness counts too.

    Args:
        rules: the manifest's.
        away: (m,) float32 from `reference_distances`.
        strange: (m,) float32 from `strangeness`.
    """
    result: NDArray[np.float32] = np.maximum(away, rules.off_topic_distance * strange)
    return result.astype(np.float32)


def screen_new(
    bundle: Bundle,
    reads: Sequence[Input],
    points: Points,
    maps: Maps,
    own: NDArray[np.intp] | None = None,
) -> Screened:
    """Screen tiles that are not stored.

    Args:
        bundle: the stored tiles.
        reads: m tiles as they were read.
        points: (m, d) float32, scaled.
        maps: the encoder's.
        own: (m,) rows of stored tiles that these are, to be screened as if they were not stored.
    """
    tiles = np.stack([read.tile for read in reads])
    rules = bundle.manifest.screening
    evidence = gather(maps, bundle.manifest.preprocessing.side)
    if rules.evidence == "distance":
        evidence.peaks[:, 0] = _new_outlier_evidence(bundle, points, own)
    places = None if own is None else reference_places(len(bundle), own)
    away = distances_to(bundle.references, points, places)
    away = widened(rules, away, strangeness(bundle, reads))
    seen = screen(rules, tiles, evidence, away)
    concepts = bundle.manifest.concepts
    if not concepts:
        return seen
    found = concept_scores(bundle.arrays["concepts.npy"], points, seen.scores)
    return replace(
        seen, concepts=found, verdicts=raised(concepts, found, seen.scores, seen.verdicts)
    )


def _new_outlier_evidence(
    bundle: Bundle, points: Points, own: NDArray[np.intp] | None
) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        near = search(bundle, points, _NEAREST + 1)
        if own is None:
            rows = [_others(*one) for one in zip(near.distances, points, strict=True)]
        else:
            others = near.rows != own[:, None]
            rows = [row[kept] for row, kept in zip(near.distances, others, strict=True)]
    return np.array([outlier_evidence(row[None])[0] for row in rows], dtype=np.float32)


def alike(bundle: Bundle, points: Points, code: Code, k: int) -> Hits:
    """Find the nearest stored tiles that have a reason, exactly: the evidence for it.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled.
        code: the reason.
        k: how many; fewer come back where fewer stored tiles have the reason.
    """
    return nearest_among(bundle, points, bundle.with_reason(REASONS.index(code), LIKELY), k)

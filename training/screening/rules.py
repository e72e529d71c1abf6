"""The rules of a bundle's screening, taken from its own tiles."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Tiles
from bundle.manifest import Screening
from bundle.screening import LEAST_COLOUR_LIMIT
from training.screening.calibration import FEWEST, Calibration, calibrate, curve
from training.screening.planted import EACH, Grounds, Look, Values, plant_all, summarise
from training.tiles import TileSet

_DROP, _REVIEW = 0.9, 0.05
"""Scores: what has one chance in twenty is looked at. Source: docs/decisions.md."""
_FOREIGN_QUANTILE, _FOREIGN_FACTOR = 0.999, 1.3
_MOST = 0.5
"""Share of lettering above which scores are not trusted."""
_MOST_GROUNDS = 2000
_FEWEST_GROUNDS = 20
_QUARTERS = 4
_TURNS = 2 * _QUARTERS
_AT_ONCE = 64
_USUAL = 0.05
"""Share of lettering assumed where it cannot be told: one in twenty, as in the study's tiles."""
_LEVEL = 1e-3
"""Slope where evidence tells nothing but the order of tiles: all have about the usual score."""


@dataclass(frozen=True)
class Material:
    """What rules are made of.

    tiles: the stored tiles. held_out: (v,) rows not trained on.
    away: (n,) float32 from `reference_distances`. evidence: (n,) float64 for lettering.
    kind: where the evidence comes from. look: takes it of new tiles.
    clean: (c, side, side) uint8, tiles known to be clean; may be none.
    """

    tiles: TileSet
    held_out: NDArray[np.int64] = field(repr=False)
    away: NDArray[np.float32] = field(repr=False)
    evidence: Values = field(repr=False)
    kind: Literal["map", "distance"]
    look: Look
    clean: Tiles = field(repr=False)
    seed: int


def make_rules(material: Material, advance: Callable[[int], object]) -> Screening:
    """Calibrate, take the planted benchmark, and choose the scores of the verdicts."""
    rows = _held_out(material)
    lowest = rows[np.argsort(material.evidence[rows])][: max(1, len(rows) * 3 // 4)]
    scans = np.unique(material.tiles.scan_numbers[rows])
    known = int((scans >= 0).sum())
    side = float(np.median(material.tiles.sizes[rows].min(axis=1)))
    grounds = Grounds(material.tiles.read(np.sort(lowest)), side)
    tries, planted, clear = plant_all(
        grounds, material.look, each=EACH, seed=material.seed, advance=advance
    )
    # Fainter and smaller ones than real lettering would teach that no evidence is evidence.
    plain = planted[clear & [one.plain for one in tries]]
    calibration, sure, note = _calibrated(material, plain, material.evidence[rows])
    share = calibration.share
    if not sure:  # it is only what is usual: the curve may be sure of more
        likely = calibration.slope * material.evidence[rows] + calibration.offset > 0
        share = max(share, float(likely.mean()))
    views = _clean_views(material, rows, share)
    if calibration.share > _MOST:
        note += (
            "; lettering on more than half of the tiles, so what is clean was learnt from it as "
            "well: look at some of the kept ones too"
        )
    limit = _FOREIGN_FACTOR * float(np.quantile(material.away, _FOREIGN_QUANTILE))
    return Screening(
        evidence=material.kind,
        slope=calibration.slope,
        offset=calibration.offset,
        calibrated=sure,
        note=note,
        drop_score=_DROP,
        review_score=_REVIEW,
        off_topic_distance=max(limit, 1e-6),
        lettering_share=calibration.share,
        benchmark=summarise(tries, planted, views, scans=known, tiles=len(rows)),
    )


def _held_out(material: Material) -> NDArray[np.int64]:
    """Return rows not trained on; of a set that holds out too few, any."""
    rows = material.held_out
    if len(rows) < _FEWEST_GROUNDS:
        rows = np.arange(len(material.tiles))
    return np.sort(np.random.default_rng(material.seed).permutation(rows)[:_MOST_GROUNDS])


def _clean_views(material: Material, rows: NDArray[np.int64], share: float) -> Values:
    """Return the evidence of held-out tiles that are most likely clean.

    The unlabelled tiles hold the very lettering that is looked for: as many as the share says
    are left out, those of the highest evidence. A small set is looked at in all eight turns
    and mirrorings, since a hundred tiles say little of one in a hundred.
    """
    order = rows[np.argsort(material.evidence[rows])]
    kept = np.sort(order[: max(1, len(rows) - round(share * len(rows)))])
    turns = _TURNS if len(kept) * _TURNS <= _MOST_GROUNDS else 1
    found = [material.evidence[kept]]
    for start in range(0, len(kept) if turns > 1 else 0, _AT_ONCE):
        tiles = material.tiles.read(kept[start : start + _AT_ONCE])
        for turn in range(1, turns):
            one = tiles[:, ::-1] if turn >= _QUARTERS else tiles
            turned = np.rot90(one, turn % _QUARTERS, axes=(1, 2))
            found.append(material.look(np.ascontiguousarray(turned)))
    return np.concatenate(found)


class _Calibrated(NamedTuple):
    """The curve, whether its scores mean what they say, and a note on that."""

    curve: Calibration
    sure: bool
    note: str


def _calibrated(material: Material, planted: Values, unlabelled: Values) -> _Calibrated:
    count = len(material.tiles)
    clean = material.look(material.clean) if len(material.clean) else np.empty(0)
    usual = float(np.log(_USUAL / (1 - _USUAL)))
    if count < FEWEST:
        slope, offset = curve(planted, unlabelled, clean)
        note = (
            f"not calibrated: {count} stored tiles cannot show what share holds lettering, "
            f"{FEWEST} are needed; one in twenty is assumed"
        )
        return _Calibrated(Calibration(slope, offset + usual, _USUAL), sure=False, note=note)
    made = calibrate(planted, unlabelled, clean, material.evidence)
    if made.share > _MOST and not len(clean):
        note = (
            "not calibrated: the tiles have as much evidence as planted lettering, so it tells "
            "nothing but their order; one in twenty is assumed, and all are to be looked at"
        )
        return _Calibrated(Calibration(_LEVEL, usual, _USUAL), sure=False, note=note)
    note = (
        f"slope from {len(planted)} planted, {len(unlabelled)} unlabelled and {len(clean)} "
        f"synthetic tiles, share of lettering from {count} stored tiles, no labels"
    )
    return _Calibrated(made, sure=True, note=note)


def colour_limit(colours: NDArray[np.float32]) -> float:
    """Return the share of coloured pixels that no stored tile comes near, as for the distance.

    Args:
        colours: (n,) float32, of all stored tiles.
    """
    usual = float(np.quantile(colours, _FOREIGN_QUANTILE))
    return max(LEAST_COLOUR_LIMIT, _FOREIGN_FACTOR * usual)

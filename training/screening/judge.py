"""How a bundle's verdicts come about: rules from its own tiles, then every tile by the rules."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points, Tiles
from bundle.manifest import Screening
from bundle.neighbors import Hits
from bundle.runtime import Encoder
from bundle.screening import (
    Evidence,
    Screened,
    outlier_evidence,
    peaks,
    reference_distances,
    screen,
    widened,
)
from bundle.views import examine_twice
from training.indexing.graph import nearest
from training.planting.lessons import synthetic_tiles
from training.progress import StepLog
from training.screening.planted import CELLS, EACH, Values
from training.screening.rules import Material, colour_limit, make_rules
from training.tiles import TileSet

_OUTLIER_NEIGHBORS = 5
_JUDGED_A_STEP = 256
_SYNTHETIC = 200
"""Synthetic tiles that stand for what is surely clean. None beside the study's outlier distance,
which would call them outliers: they are of no film of the set."""


@dataclass(frozen=True)
class Case:
    """What is judged, and by what.

    tiles: the stored tiles. held_out: (v,) rows not trained on.
    evidence: of the encoder's maps. placed: with what the scan round each tile says.
    maps: the encoder makes any; if not, how far a tile lies from all others takes their place,
        as in the study.
    scaler: (2, d) float32, makes points of latents.
    points: (n, d) float32. graph: their nearest, ascending.
    """

    tiles: TileSet
    held_out: NDArray[np.int64] = field(repr=False)
    evidence: Evidence = field(repr=False)
    placed: Evidence = field(repr=False)
    maps: bool
    encoder: Encoder
    scaler: NDArray[np.float32] = field(repr=False)
    points: Points = field(repr=False)
    graph: Hits = field(repr=False)
    seed: int


def judge(case: Case, log: StepLog) -> tuple[Screening, Screened, NDArray[np.float32]]:
    """Take the rules from the tiles, then judge every one of them.

    Returns: the rules, what they say of the tiles, and (n,) float32 what the scan round each
        changed of its evidence of lettering.
    """
    evidence, away = _evidence(case), reference_distances(case.points, case.points)
    material = Material(
        tiles=case.tiles,
        held_out=case.held_out,
        away=away,
        evidence=evidence.peaks[:, 0].astype(np.float64),
        kind="map" if case.maps else "distance",
        look=_Look(case).lettering if case.maps else _Look(case).outlier,
        clean=synthetic_tiles(
            _SYNTHETIC if case.maps else 0, case.tiles.inputs.shape[1], case.seed
        ),
        seed=case.seed,
    )
    with log.step("plant and calibrate", CELLS * EACH, unit=" plantings") as bar:
        rules = make_rules(material, bar.update)
    limit = colour_limit(case.tiles.colours)
    strange = case.tiles.colours / np.float32(limit)
    placed = case.placed if case.maps else evidence
    more = placed.peaks[:, 0] - evidence.peaks[:, 0]
    return rules, _judge_all(rules, case, placed, widened(rules, away, strange)), more


def _evidence(case: Case) -> Evidence:
    if case.maps:
        return case.evidence
    found = case.evidence.peaks.copy()
    found[:, 0] = outlier_evidence(case.graph.distances)
    return replace(case.evidence, peaks=found)


def _judge_all(
    rules: Screening, case: Case, evidence: Evidence, away: NDArray[np.float32]
) -> Screened:
    blocks = []
    for start in range(0, len(case.tiles), _JUDGED_A_STEP):
        part = slice(start, start + _JUDGED_A_STEP)
        some = Evidence(evidence.peaks[part], evidence.boxes[part])
        blocks.append(screen(rules, case.tiles.read(part), some, away[part]))
    return Screened(
        np.concatenate([block.scores for block in blocks]),
        np.concatenate([block.boxes for block in blocks]),
        np.concatenate([block.verdicts for block in blocks]),
    )


@dataclass(frozen=True)
class _Look:
    """Takes the evidence of tiles that are not stored, as the service will."""

    case: Case

    def lettering(self, tiles: Tiles) -> Values:
        """(m, side, side) uint8 -> (m,) log-odds."""
        seen = examine_twice(self.case.encoder, tiles, self.case.tiles.white)
        return peaks(seen.maps)[:, 0].astype(np.float64)

    def outlier(self, tiles: Tiles) -> Values:
        """(m, side, side) uint8 -> (m,) mean distances to the nearest stored tiles."""
        mean, scale = self.case.scaler
        new = ((self.case.encoder.examine(tiles).latents - mean) / scale).astype(np.float32)
        stored = self.case.points
        away = nearest(new, stored, min(_OUTLIER_NEIGHBORS, len(stored))).distances
        return outlier_evidence(away).astype(np.float64)

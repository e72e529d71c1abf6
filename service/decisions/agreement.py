"""How far reviewers agree beyond chance, over the tiles that more than one of them decided.

Intervals are percentiles over bootstrap samples of those tiles, from `LEAST` tiles on: of fewer,
samples are too much alike, and the interval misses the truth too often. Where everybody always
agreed, samples do so too: the interval is then a point, and says nothing about tiles not looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.decisions.events import DECISIONS, Event

SAMPLES = 2_000
CONFIDENCE = 0.95
LEAST = 30
"""Tiles in common from which an interval is told."""
_SEED = 1
_PERCENTILES = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))
_CODES = {decision: code for code, decision in enumerate(DECISIONS)}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Pair:
    """Two reviewers, over the tiles that both decided.

    tiles, agreed: how many both decided, and on how many of them alike. observed: their ratio.
    kappa: Cohen's; None where both always said one and the same thing, as nothing is then known
        of chance. interval: of kappa, None with it and where the tiles are fewer than `LEAST`.
    """

    reviewers: tuple[str, str]
    tiles: int
    agreed: int
    kappa: float | None
    interval: Interval | None

    @property
    def observed(self) -> float:
        """Share of tiles that both decided alike."""
        return self.agreed / self.tiles


@dataclass(frozen=True)
class Overall:
    """All reviewers: Krippendorff's alpha for names, which takes tiles that not all looked at.

    tiles: that two or more decided. alpha, interval: as kappa of a `Pair`.
    """

    tiles: int
    alpha: float | None
    interval: Interval | None


def pairs(tiles: Iterable[Sequence[Event]]) -> list[Pair]:
    """Compare every two reviewers who decided about a common tile.

    Args:
        tiles: of each tile, what each reviewer decided.
    """
    tables: dict[tuple[str, str], NDArray[np.int64]] = {}
    for opinions in tiles:
        ordered = sorted(opinions, key=lambda event: event.reviewer)
        for one, other in combinations(ordered, 2):
            both = (one.reviewer, other.reviewer)
            table = tables.setdefault(both, np.zeros((len(DECISIONS),) * 2, np.int64))
            table[_code(one), _code(other)] += 1
    return [_pair(both, table) for both, table in sorted(tables.items())]


def overall(tiles: Iterable[Sequence[Event]]) -> Overall:
    """Compare all reviewers; `tiles` as in `pairs`."""
    counted = Counter(
        tuple(sum(_code(event) == code for event in opinions) for code in range(len(DECISIONS)))
        for opinions in tiles
        if len(opinions) > 1
    )
    kinds = np.array(list(counted), dtype=np.int64).reshape(-1, len(DECISIONS))
    times = np.array(list(counted.values()), dtype=np.int64)
    alpha = float(alphas(kinds, times[None])[0])
    return Overall(int(times.sum()), *_told(alpha, times, partial(alphas, kinds)))


def kappas(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Cohen's kappa of each table, nan where chance alone would agree always.

    Source: Cohen, A coefficient of agreement for nominal scales, 1960.

    Args:
        tables: (m, 3, 3) tiles by what the one decided and what the other did.
    """
    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    observed = np.trace(shares, axis1=1, axis2=2)
    chance = (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1)
    return _beyond(observed, chance)


def alphas(kinds: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Krippendorff's alpha for nominal data, nan as in `kappas`.

    Source: Krippendorff, Computing Krippendorff's alpha-reliability, 2011.

    Args:
        kinds: (u, 3) how many reviewers decided what on a tile, two or more in all.
        times: (m, u) how many tiles are of each kind.
    """
    of_tile = kinds.sum(axis=1)
    alike = (kinds * (kinds - 1)).sum(axis=1) / np.maximum(of_tile - 1, 1)
    everything = times @ of_tile
    by_decision = times @ kinds
    with np.errstate(invalid="ignore"):
        observed = (times @ alike) / everything
        chance = (by_decision * (by_decision - 1)).sum(axis=1) / (everything * (everything - 1))
    return _beyond(observed, chance)


def _pair(both: tuple[str, str], table: NDArray[np.int64]) -> Pair:
    def of(samples: NDArray[np.int64]) -> NDArray[np.float64]:
        return kappas(samples.reshape(-1, *table.shape))

    kappa, interval = _told(float(kappas(table[None])[0]), table.ravel(), of)
    return Pair(both, int(table.sum()), int(np.trace(table)), kappa, interval)


def _beyond(observed: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1, (observed - chance) / (1 - chance), np.nan)


def _resampled(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw as many tiles as there are, again and again; return (SAMPLES, u) of each kind."""
    total = int(times.sum())
    return np.random.default_rng(_SEED).multinomial(total, times / total, SAMPLES)


def _told(
    value: float,
    times: NDArray[np.int64],
    of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> tuple[float | None, Interval | None]:
    """Return a figure and its interval, as far as they say something.

    Args:
        value: the figure.
        times: (u,) how many tiles are of each kind.
        of: gives the figure of each of (m, u) samples.
    """
    if np.isnan(value):
        return None, None
    if times.sum() < LEAST:
        return value, None
    low, high = np.nanpercentile(of(_resampled(times)), _PERCENTILES).tolist()
    return value, (low, high)


def _code(event: Event) -> int:
    assert event.decision is not None, "an opinion is a decision"
    return _CODES[event.decision]

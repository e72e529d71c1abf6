"""Whether tiles that are sent are like those of the fit: their distance to the stored ones.

The distance is that of OFF_TOPIC, to the nearest of the references. What is usual follows from
the stored tiles themselves, so every bundle can tell it: for each, the nearest reference of
another scan, as a new tile has none of its own.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle
from bundle.arrays import Latents
from bundle.bundle import reference_rows
from bundle.screening import distances_to
from bundle.sketches import squared_distances
from bundle.spread import spread

Verdict: TypeAlias = Literal["unknown", "none", "some", "strong"]
Distances: TypeAlias = NDArray[np.float32]

Where: TypeAlias = Literal["further", "nearer", "partly nearer and partly further"]

WINDOW = 1000
"""Tiles that count, the last ones."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_ADVICE: dict[Where, str] = {
    "further": "scores and clusters may not hold for them, and a new fit with such tiles is due",
    "nearer": "as copies of them do; if they are none, look at some of them",
    "partly nearer and partly further": "scores and clusters may not hold for the far ones: look "
    "at those, and fit anew if more such tiles are to come",
}
_FEWEST = 100
"""Tiles from which on anything is said."""
_BINS = 10
_SOME, _STRONG = 0.1, 0.25
"""The usual bounds of the population stability index (Siddiqi, Credit Risk Scorecards, 2006)."""
_SAMPLE = 2048
"""Stored tiles that stand for all."""


@dataclass(frozen=True)
class Figures:
    """How the distances of the last tiles lie beside the usual ones.

    tiles, stored: how many were sent, and how many stored ones they are compared with.
    usual, seen: their QUANTILES, ascending; `seen` is empty when nothing was sent.
    population_stability: 0 for the same distribution; None while too few tiles came.
    ks_distance: the largest difference of the two cumulative distributions, in [0, 1]; or None.
    """

    tiles: int
    stored: int
    usual: tuple[float, ...]
    seen: tuple[float, ...]
    population_stability: float | None
    ks_distance: float | None

    @property
    def verdict(self) -> Verdict:
        """How strong the drift is."""
        if self.population_stability is None:
            return "unknown"
        if self.population_stability < _SOME + self._chance:
            return "none"
        return "some" if self.population_stability < _STRONG + self._chance else "strong"

    @property
    def _chance(self) -> float:
        """What the index comes to on average for two such samples of the same distribution."""
        return (_BINS - 1) * (1 / self.tiles + 1 / self.stored)

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        if self.population_stability is None:
            return (
                f"{self.tiles} tiles were sent since the service started; from {_FEWEST} on it can "
                "be told whether they are like those of the fit."
            )
        told = {
            "none": "are as far from the stored tiles as those of the fit",
            "some": f"lie {self._where} than those of the fit; look at some of them",
            "strong": f"lie {self._where} than those of the fit; {_ADVICE[self._where]}",
        }[self.verdict]
        (_, _, seen, _, far), (_, _, usual, _, usually_far) = self.seen, self.usual
        return (
            f"The last {self.tiles} tiles {told} (median distance {seen:.3g}, usually {usual:.3g}; "
            f"one in twenty from {far:.3g} on, usually {usually_far:.3g})."
        )

    @property
    def _where(self) -> Where:
        (_, near, _, *high), (_, usually_near, _, *usually_high) = self.seen, self.usual
        nearer = near < usually_near
        further = any(one > usual for one, usual in zip(high, usually_high, strict=True))
        if nearer and further:
            return "partly nearer and partly further"
        return "further" if further else "nearer"


class Drift:
    """Remembers the last tiles that were sent. Used by the event loop but for `figures`."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._latents: deque[NDArray[np.float32]] = deque(maxlen=WINDOW)
        self._usual: Distances | None = None

    def note(self, latent: NDArray[np.float32]) -> None:
        """Remember the latent, (d,), of a tile that was sent."""
        self._latents.append(latent)

    def latents(self) -> Latents:
        """Return (m, d) float32, those remembered."""
        return np.array(self._latents, dtype=np.float32).reshape(
            -1, self._bundle.manifest.latent_dim
        )

    def figures(self, latents: Latents) -> Figures:
        """Compare what `latents` gave with the fit; for the pool: the first time it takes longer.

        Args:
            latents: (m, d) float32.
        """
        if self._usual is None:
            self._usual = usual_distances(self._bundle)
        points = self._bundle.scale(latents)
        seen = distances_to(self._bundle.references, points)
        return compare(self._usual, seen)


def usual_distances(bundle: Bundle) -> Distances:
    """Return (m,) float32 ascending distances of stored tiles to the references of other scans.

    Where fewer than two scans are known, to any other reference. At most 2,048 tiles, evenly
    spread, stand for all.
    """
    scans = np.asarray(bundle.arrays["scan_numbers.npy"])
    rows = spread(len(bundle), _SAMPLE)
    points = bundle.points_afar(rows)
    if len(np.unique(scans[scans >= 0])) < 2:  # noqa: PLR2004
        return np.sort(distances_to(bundle.references, points))
    known = reference_rows(len(bundle))
    beside, owners = bundle.references, scans[known]
    found = []
    for row, point in zip(rows.tolist(), points, strict=True):
        foreign = (owners != scans[row]) & (known != row)
        if foreign.any():
            found.append(np.sqrt(squared_distances(beside[foreign], point).min()))
    if not found:  # the sample is all of one scan
        return np.sort(distances_to(bundle.references, points))
    return np.sort(np.array(found, dtype=np.float32))


def compare(usual: Distances, seen: Distances) -> Figures:
    """Compare two sets of distances.

    Args:
        usual: (m,) float32 ascending, at least one.
        seen: (n,) float32.
    """
    seen = np.sort(seen)
    enough = len(seen) >= _FEWEST
    return Figures(
        tiles=len(seen),
        stored=len(usual),
        usual=_quantiles(usual),
        seen=_quantiles(seen),
        population_stability=_stability(usual, seen) if enough else None,
        ks_distance=_ks(usual, seen) if enough else None,
    )


def _quantiles(distances: Distances) -> tuple[float, ...]:
    if not len(distances):
        return ()
    # Without interpolation: what is no number has an infinite distance.
    return tuple(np.quantile(distances, QUANTILES, method="inverted_cdf").tolist())


def _stability(usual: Distances, seen: Distances) -> float:
    """Return the population stability index over tenths of the usual distances."""
    edges = np.quantile(usual, np.linspace(0, 1, _BINS + 1)[1:-1])
    shares = [
        (np.bincount(np.searchsorted(edges, values), minlength=_BINS) + 0.5)
        / (len(values) + 0.5 * _BINS)
        for values in (usual, seen)
    ]
    before, now = shares
    return float(((now - before) * np.log(now / before)).sum())


def _ks(usual: Distances, seen: Distances) -> float:
    both = np.concatenate([usual, seen])
    shares = [np.searchsorted(values, both, side="right") / len(values) for values in (usual, seen)]
    return float(np.abs(shares[0] - shares[1]).max())

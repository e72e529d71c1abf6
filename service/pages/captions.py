"""Figures put into words for the pages."""

import math
from dataclasses import dataclass

from bundle.manifest import Clustering

_DECADES = 4
"""Factors of ten that the bar of a distance shows; beyond that it is full."""
_ORDINARY = 0.5
"""Half of all random pairs lie closer: nothing unusual."""
_TOSS_UP, _CLEAR = 0.55, 0.75
"""Confidence d2 / (d1 + d2): a second cluster is nearly as near; three times as far."""
_LEAST_SHARE = 0.001


@dataclass(frozen=True)
class Closeness:
    """How unusual a distance is. words: for reading. bar: its length, 0 to 100."""

    words: str
    bar: float


def closeness(rarity: float, pairs: int) -> Closeness:
    """Put the share of random pairs that lie closer than a distance into words.

    Args:
        rarity: that share, in [0, 1], as `bundle.rarity` gives it.
        pairs: number of random pairs it was counted among.
    """
    least = max(rarity, 1 / pairs)
    bar = min(100.0, -math.log10(min(least, 1.0)) / _DECADES * 100)
    return Closeness(_closeness_words(rarity, pairs), round(bar, 1))


def _closeness_words(rarity: float, pairs: int) -> str:
    if rarity >= _ORDINARY:
        return "no closer than most random pairs"
    if rarity * pairs < 1:
        return f"closer than all {pairs:,} random pairs"
    # Digits enough to tell the share from 100 %, rounded down so as not to claim more.
    digits = max(0, math.ceil(-math.log10(rarity)) - 2)
    share = math.floor((1 - rarity) * 100 * 10**digits + 1e-6) / 10**digits
    return f"closer than {share:.{digits}f} % of random pairs"


def percent(share: float) -> str:
    """Write a share as a percentage that is never 0 or 100 unless it is so."""
    if 0 < share < _LEAST_SHARE:
        return "< 0.1 %"
    if 1 - _LEAST_SHARE < share < 1:
        return "> 99.9 %"
    return f"{share * 100:.1f} %"


def cluster_name(label: int) -> str:
    """Name a label."""
    return "stray" if label < 0 else f"cluster {label}"


def confidence_words(confidence: float) -> str:
    """Say what `bundle.clusters.Assignment.confidence` means, with its value."""
    if confidence < _TOSS_UP:
        meaning = "a second cluster is nearly as near"
    elif confidence < _CLEAR:
        meaning = "the next cluster is farther off"
    else:
        meaning = "the next cluster is far off"
    return f"confidence {confidence:.2f}, {meaning}"


def dbscan_words(label: int, clustering: Clustering) -> str:
    """Say what the study's DBSCAN made of a tile."""
    eps = clustering.settings.get("eps")
    radius = f" with eps {eps:.3g}" if isinstance(eps, int | float) else ""
    if label < 0:
        return f"noise{radius}, as are {percent(clustering.noise_share)} of all tiles"
    return f"cluster {label} of {clustering.clusters:,}{radius}"


def same_scan_words(same: int, hits: int) -> str:
    """Say how many of a tile's neighbours come from its own scan."""
    if same == 0:
        return "None of them is from the same scan."
    if same == hits:
        return "All of them are from the same scan."
    return f"{same} of them from the same scan, {hits - same} from others."

"""What differs between two bundles, as a JSON object."""

from dataclasses import asdict

import numpy as np

from bundle.bundle import Bundle
from bundle.comparison import (
    NEAREST,
    Match,
    Pairing,
    match_clusters,
    neighbor_overlap,
    pair,
    verdict_table,
)
from bundle.screening import VERDICTS
from service.answering.facts import Fact

_SHOWN = 100


def difference(first: Bundle, second: Bundle, match: Match) -> Fact:
    """Compare two bundles on the tiles that both hold."""
    pairs = pair(first, second, match)
    both = len(pairs.first)
    matches, agreement = match_clusters(first, second, pairs)
    return {
        "a": first.manifest.bundle_id,
        "b": second.manifest.bundle_id,
        "match": match,
        "tiles": {"both": both, "only_a": len(first) - both, "only_b": len(second) - both},
        "verdicts": _verdicts(first, second, pairs),
        "neighbors": _neighbors(first, second, pairs),
        "clusters": {"adjusted_rand": agreement, "matches": [asdict(one) for one in matches]},
    }


def _verdicts(first: Bundle, second: Bundle, pairs: Pairing) -> Fact:
    table = verdict_table(first, second, pairs)
    flips = int(table.sum() - table.trace())
    return {
        "flips": flips,
        "share": flips / len(pairs.first) if len(pairs.first) else None,
        "table": {
            name: dict(zip(VERDICTS, counts, strict=True))
            for name, counts in zip(VERDICTS, table.tolist(), strict=True)
        },
        "largest": _flips(first, second, pairs),
    }


def _flips(first: Bundle, second: Bundle, pairs: Pairing) -> list[Fact]:
    ours, theirs = first.verdicts[pairs.first], second.verdicts[pairs.second]
    scores = first.scores[pairs.first, 0], second.scores[pairs.second, 0]
    changed = np.flatnonzero(ours != theirs)
    order = changed[np.argsort(-np.abs(scores[0] - scores[1])[changed], kind="stable")]
    return [
        {
            "id": first.id(int(pairs.first[at])),
            "a": VERDICTS[ours[at]],
            "b": VERDICTS[theirs[at]],
            "score_a": scores[0][at],
            "score_b": scores[1][at],
        }
        for at in order[:_SHOWN]
    ]


def _neighbors(first: Bundle, second: Bundle, pairs: Pairing) -> Fact:
    shares = neighbor_overlap(first, second, pairs)
    shares = shares[~np.isnan(shares)]
    if not len(shares):
        return {"k": NEAREST, "overlap": None, "unchanged": None}
    return {
        "k": NEAREST,
        "overlap": float(shares.mean()),
        "unchanged": float((shares >= 1).mean()),
    }

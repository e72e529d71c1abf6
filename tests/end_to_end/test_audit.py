"""Lettering that was made to predict a class, small: the classifier falls for it until cleaned."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle.arrays import Grey
from tests.audited import film
from training.auditing import classifier
from training.auditing.odds import take_odds
from training.auditing.proof import Case, lettered, prove
from training.auditing.summary import summarise

COUNT, SCANS = 500, 20
SHARES = (0.05, 0.6)
"""Of the tiles of the other and of the lettered class that were planted on."""


def blobbed(tile: Grey, rng: np.random.Generator) -> Grey:
    """Return a tile with a soft bright blob: what a class is really told by."""
    y, x = np.mgrid[0 : len(tile), 0 : len(tile)]
    down, across = rng.uniform(0.2, 0.8, 2) * len(tile)
    blob = 35 * np.exp(-((y - down) ** 2 + (x - across) ** 2) / (2 * 10.0**2))
    return (tile + blob).clip(0, 255).astype(np.uint8)


def confounded() -> tuple[list[Grey], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return tiles, whether of the lettered class, and whether lettered."""
    rng = np.random.default_rng(8)
    tiles, inside, marked = [], [], []
    for _ in range(COUNT):
        normal = bool(rng.random() < 0.5)
        tile = film(rng) if normal else blobbed(film(rng), rng)
        made = lettered(tile, rng) if rng.random() < SHARES[normal] else None
        tiles.append(tile if made is None else made)
        inside.append(normal)
        marked.append(made is not None)
    return tiles, np.array(inside), np.array(marked)


def test_a_planted_tie_is_found_and_cleaning_removes_it(monkeypatch: pytest.MonkeyPatch):
    """The odds ratio is the planted one; what letters cost the classifier, cleaning saves."""
    monkeypatch.setattr(classifier, "STEPS", 250)
    tiles, inside, marked = confounded()
    groups = np.arange(COUNT) % SCANS
    odds = take_odds("lettering", "normal", marked, inside, groups, seed=1)
    assert odds.group_low is not None
    assert odds.group_low > 5
    assert odds.p_groups < 0.01
    case = Case(
        picture=lambda at: tiles[at],
        inside=inside,
        dropped=marked,
        blank=np.zeros(COUNT, dtype=bool),
        groups=groups,
        contents=np.arange(COUNT),
        taught=None,
    )
    run = prove(case, 3, partial(classifier.train, after_step=lambda: None))
    figures = {(one.arm, one.what): one for one in summarise([run], 1) if one.measure == "auc"}
    assert figures["with", "drop"].value > 0.1
    gain = figures["gain", "drop"]
    assert gain.low is not None
    assert gain.low > 0

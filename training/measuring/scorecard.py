"""All measures of one bundle on labelled tiles, in the order in which they are shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.errors import InputError
from training.cutting.windows import Recipe
from training.measuring.labels import LabelCsv, Labelled, read_labels
from training.measuring.measures import (
    FALSE_ALARMS,
    Measure,
    Numbers,
    Scores,
    Truth,
    average,
    cluster_share,
    measure,
    neighbor_precision,
    precision,
    probe_scores,
    recall,
)

OUTLIER_NEIGHBORS = 10
PURE = 0.9
_SCORES = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.01)
"""Bounds of the ranges of scores for which it is told how many of the tiles are positive."""


@dataclass(frozen=True)
class Task:
    """The labelled tiles of a bundle, ready to be measured.

    blank: labelled tiles whose grey levels hardly differ (the tile command's bound).
    """

    bundle: Bundle
    labelled: Labelled
    truth: Truth
    blank: int


def prepare(bundle: Bundle, table: LabelCsv, not_blank: float | None = None) -> Task:
    """Read the labels and gather what the measures need.

    Args:
        bundle: the stored tiles.
        table: the labels.
        not_blank: keep only tiles whose grey levels have a standard deviation above this.

    Raises:
        InputError: the labels cannot be used, or are of fewer than two scans.
    """
    labelled = read_labels(table, bundle)
    contrast = _contrast(bundle, labelled)
    if not_blank is not None:
        labelled, contrast = labelled.keep(contrast > not_blank), contrast[contrast > not_blank]
        if labelled.positive.all() or not labelled.positive.any():
            raise InputError(
                f"Above a standard deviation of {not_blank}, {labelled.positive.sum()} of "
                f"{len(labelled)} labelled tiles are {table.positive!r}: there is nothing to "
                "tell apart. Lower --not-blank."
            )
    scans = np.array(bundle.arrays["scan_numbers.npy"])[labelled.rows].astype(np.intp)
    known = len(np.unique(scans[scans >= 0]))
    if known < 2:  # noqa: PLR2004  (a pair)
        raise InputError(
            f"The labelled tiles are of {known} known scans; at least 2 are needed, since "
            "neighbouring tiles of one scan overlap. Fit the bundle on tiles of more scans, "
            "with the tiles.csv of the tile command beside them."
        )
    points = np.array(bundle.points[labelled.rows])
    truth = Truth(points, labelled.positive, scans, _groups(bundle, scans))
    return Task(bundle, labelled, truth, int((contrast <= Recipe.blank_std).sum()))


def _contrast(bundle: Bundle, labelled: Labelled) -> NDArray[np.float64]:
    return np.array([bundle.tile(row).std() for row in labelled.rows.tolist()])


def _groups(bundle: Bundle, scans: Numbers) -> Numbers:
    """Number the patients; the scans where not all patients, or fewer than two, are known."""
    names = [bundle.scans[number].patient if number >= 0 else None for number in scans.tolist()]
    if None in names or len(set(names)) < 2:  # noqa: PLR2004  (a pair)
        return scans
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.intp)


def take_all(task: Task, *, k: int, seed: int) -> Iterator[Measure]:
    """Take every measure of a task.

    Args:
        task: what to measure.
        k: neighbours counted in P@k.
        seed: of the intervals' draws.
    """
    take = partial(measure, groups=task.truth.scans, seed=seed)
    near = partial(neighbor_precision, task.truth, k)
    yield take("p_at_k", f"P@{k}", partial(average, near(other_scans=False)))
    yield take(
        "p_at_k_other_scans", f"P@{k}, other scans", partial(average, near(other_scans=True))
    )
    positive, screened = task.truth.positive, _screened(task)
    yield take("screening_ap", "screening AP", partial(precision, positive, screened))
    yield take(
        "screening_recall",
        f"screening recall at {FALSE_ALARMS:.0%} false alarms",
        partial(recall, positive, screened),
    )
    for key, title, found in _calibration(positive, screened):
        yield take(key, title, partial(average, found))
    for key, title, scores in _rankings(task):
        yield take(key, title, partial(precision, positive, scores))
    for column, name in (("labels", "clusters"), ("dbscan_labels", "DBSCAN")):
        labels = np.array(task.bundle.arrays[f"{column}.npy"])[task.labelled.rows]
        for key, title, values in _clusters(task.truth, labels):
            yield take(f"{column}_{key}", f"{name}: {title}", partial(average, values))


def _screened(task: Task) -> Scores:
    """Return (m,) the scores for lettering, which no label went into."""
    return np.array(task.bundle.scores[task.labelled.rows, 0], dtype=np.float64)


def _calibration(
    positive: NDArray[np.bool_], screened: Scores
) -> Iterator[tuple[str, str, Scores]]:
    """Yield for each range of scores whether its tiles are positive, NaN for those of the others.

    Where scores are calibrated, their mean, which the title states, is the share of positives.
    """
    for low, high in pairwise(_SCORES):
        inside = (screened >= low) & (screened < high)
        if inside.any():
            told = f"{inside.sum():,} tiles at {screened[inside].mean():.2f}"
            title = f"score {low:.2f}-{min(high, 1):.2f}, {told}"
            yield f"share_from_{low:g}", title, np.where(inside, positive, np.nan)


def _rankings(task: Task) -> Iterator[tuple[str, str, Scores | None]]:
    near = np.array(task.bundle.neighbor_distances[task.labelled.rows], dtype=np.float64)
    count = min(OUTLIER_NEIGHBORS, near.shape[1])
    yield "outlier_ap", f"outlier AP, mean of {count} nearest", near[:, :count].mean(axis=1)
    yield "outlier_ap_nearest", "outlier AP, nearest", near[:, 0]
    yield "probe_ap", "probe AP, held out", probe_scores(task.truth)


def _clusters(truth: Truth, labels: NDArray[np.int32]) -> Iterator[tuple[str, str, Scores]]:
    """Yield values of the positive tiles, NaN for the others, to be averaged."""
    share = cluster_share(truth.positive, labels)
    for key, title, values in (
        ("stray", "positives in none", np.isnan(share)),
        ("pure", f"positives in {PURE:.0%} pure", np.nan_to_num(share) >= PURE),
        ("share", "share of positives", np.nan_to_num(share)),
    ):
        yield key, title, np.where(truth.positive, values, np.nan)

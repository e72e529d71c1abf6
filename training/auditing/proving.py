"""The two classifiers of every seed, as one step of an audit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.screening import LIKELY, REASONS
from training.auditing.duplicates import Group
from training.auditing.keeping import Dropping
from training.auditing.labels import Classes
from training.auditing.proof import ARMS, CannotProve, Case, prove
from training.auditing.resampling import Flags
from training.auditing.summary import Figure, scored_groups, summarise
from training.learning.backend import start_tensorflow
from training.learning.interrupt import held_back
from training.progress import StepLog

_BLANK = REASONS.index("BLANK")
_TEACH = ("train", "training", "learn")


@dataclass(frozen=True)
class Proof:
    """What the classifiers showed.

    figures: none without classifiers; `reason` then says why.
    taught, scored: tiles of each seed. groups: in how many groups scored tiles stand, of the
        class that has the lettering and of the rest. by_split: held out by the user's own split.
    """

    figures: list[Figure] = field(default_factory=list)
    reason: str = ""
    taught: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    groups: tuple[int, int] = (0, 0)
    by_split: bool = False


def take_proof(
    bundle: Bundle,
    classes: Classes,
    dropping: Dropping,
    *,
    lettered: str,
    groups: Sequence[Group],
    seeds: Sequence[int],
    log: StepLog,
) -> Proof:
    """Teach two classifiers a seed and summarise what they say, or say why that cannot be.

    Args:
        bundle: the stored tiles.
        classes: of the tiles.
        dropping: what cleaning drops.
        lettered: the class that has the lettering.
        groups: of tiles that show the same; none of them is taught and scored both.
        seeds: of the classifiers; none teaches none.
        log: shows the steps.
    """
    if not seeds:
        return Proof(reason="it was not asked for (--seeds 0)")
    dropped = dropping.dropped[classes.rows]
    if not dropped.any():
        return Proof(reason=f"{dropping.source} drop none of the tiles with a class")
    # Keras takes seconds to import; an audit without classifiers does without.
    start_tensorflow()
    from training.auditing.classifier import STEPS, train  # noqa: PLC0415

    case = Case(
        picture=lambda at: bundle.tile(int(classes.rows[at])),
        inside=classes.codes == classes.names.index(lettered),
        dropped=dropped,
        blank=np.asarray(bundle.scores[classes.rows, _BLANK]) >= LIKELY,
        groups=classes.groups,
        contents=_contents(bundle, groups)[classes.rows],
        taught=own_split(classes),
    )
    total = len(seeds) * len(ARMS) * STEPS
    try:
        with held_back() as check, log.step("clean and prove", total, unit=" steps") as bar:

            def after_step() -> None:
                bar.update()
                check()

            runs = [prove(case, seed, partial(train, after_step=after_step)) for seed in seeds]
    except CannotProve as error:
        return Proof(reason=str(error))
    return Proof(
        figures=summarise(runs, seeds[0]),
        taught=[run.taught for run in runs],
        scored=[len(run.inside) for run in runs],
        groups=scored_groups(runs),
        by_split=case.taught is not None,
    )


def _contents(bundle: Bundle, groups: Sequence[Group]) -> NDArray[np.intp]:
    contents = np.arange(len(bundle))
    for group in groups:
        contents[group.rows] = group.rows[0]
    return contents


def own_split(classes: Classes) -> Flags | None:
    """Return which tiles the user's own split teaches, None if no split is named for that."""
    if classes.splits is None:
        return None
    taught = np.isin(np.char.lower(classes.splits), _TEACH)
    return taught if taught.any() and not taught.all() else None

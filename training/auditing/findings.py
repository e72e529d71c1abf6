"""Everything that one audit takes, in order, with a bar for each long step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.encoders import open_encoder
from bundle.screening import REASONS
from training.auditing import probe as probing
from training.auditing.duplicates import Group, find_groups
from training.auditing.keeping import Dropping, read_dropping
from training.auditing.labels import Classes, read_classes
from training.auditing.leaks import Leak, find_leaks
from training.auditing.likeness import Bounds, Looks, take_bounds
from training.auditing.odds import ROUNDS, Odds, strongest_first, take_odds
from training.auditing.probe import Probe, artefact_features, take_probe
from training.auditing.proving import Proof, own_split, take_proof
from training.auditing.resampling import Flags
from training.progress import StepLog

_LETTERING = REASONS.index("LETTERING")
_COPIES = 200


@dataclass(frozen=True)
class Request:
    """What is asked: the lists, from which score a tile counts as lettered, seeds."""

    labels: Path
    kept: Path | None
    threshold: float | None
    seeds: int
    seed: int


@dataclass(frozen=True)
class Findings:
    """What an audit found.

    threshold: score of lettering from which a tile is marked; doubtful: from which a kept one is.
    lettered: the class that has it.
    odds: of every class, all tiles. odds_kept: of the tiles that are not dropped, marked from
        the score of review on. probes, probes_kept: likewise.
    groups: numbered from 1 in duplicates.csv.
    """

    classes: Classes
    dropping: Dropping
    threshold: float
    doubtful: float
    lettered: str
    odds: list[Odds]
    odds_kept: list[Odds]
    probes: list[Probe]
    probes_kept: list[Probe]
    features: list[str]
    proof: Proof
    bounds: Bounds
    groups: list[Group] = field(repr=False)
    leaks: list[Leak] = field(repr=False)
    notes: list[str]


def take(bundle: Bundle, request: Request, log: StepLog) -> Findings:
    """Read the lists and measure.

    Raises:
        InputError: a list cannot be used.
    """
    classes = read_classes(request.labels, bundle)
    dropping = read_dropping(bundle, request.kept)
    rules = bundle.manifest.screening
    threshold = rules.drop_score if request.threshold is None else request.threshold
    scores = np.array(bundle.scores[classes.rows, _LETTERING])
    kept = ~dropping.dropped[classes.rows]
    marked = scores >= np.float32(threshold)
    odds = _odds(
        f"lettering: score from {threshold:.2g}", classes, marked, None, seed=request.seed, log=log
    )
    lettered = strongest_first(odds)[0].name
    possible = scores >= np.float32(rules.review_score)
    odds_kept = _odds(
        f"kept tiles: score from {rules.review_score:.2g}",
        classes,
        possible,
        kept,
        seed=request.seed,
        log=log,
        names=[one.name for one in odds],
    )
    features, columns = artefact_features(bundle, classes.rows)
    probes = _probes(classes, features, None, seed=request.seed, log=log, title="probe, all tiles")
    probes_kept = _probes(
        classes, features, kept, seed=request.seed, log=log, title="probe, kept tiles"
    )
    bounds, groups = _duplicates(bundle, request.seed, log)
    leaks = find_leaks(bundle, classes, groups)
    first = request.seed
    proof = take_proof(
        bundle,
        classes,
        dropping,
        lettered=lettered,
        groups=groups,
        seeds=range(first, first + request.seeds),
        log=log,
    )
    return Findings(
        classes=classes,
        dropping=dropping,
        threshold=threshold,
        doubtful=rules.review_score,
        lettered=lettered,
        odds=odds,
        odds_kept=odds_kept,
        probes=probes,
        probes_kept=probes_kept,
        features=columns,
        proof=proof,
        bounds=bounds,
        groups=groups,
        leaks=leaks,
        notes=_notes(bundle, classes, dropping, leaks),
    )


def _asked(classes: Classes, kept: Flags | None) -> list[str]:
    """Return the classes to compare with the rest: those that have tiles."""
    chosen = classes.codes if kept is None else classes.codes[kept]
    return [name for code, name in enumerate(classes.names) if (chosen == code).any()]


def _part(classes: Classes, kept: Flags | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return codes and renumbered groups of all tiles, or of the kept ones."""
    chosen = np.ones(len(classes), dtype=bool) if kept is None else kept
    groups = np.unique(classes.groups[chosen], return_inverse=True)[1].astype(np.intp)
    return classes.codes[chosen], groups


def _odds(
    mark: str,
    classes: Classes,
    marked: Flags,
    kept: Flags | None,
    *,
    seed: int,
    log: StepLog,
    names: list[str] | None = None,
) -> list[Odds]:
    there = _asked(classes, kept)
    codes, groups = _part(classes, kept)
    marked = marked if kept is None else marked[kept]
    found: list[Odds] = []
    if len(there) < 2:  # noqa: PLR2004  (a pair)
        return found
    wanted = _one_of_two(there, marked, codes, classes) if names is None else names
    with log.step("odds ratios", len(wanted) * ROUNDS, unit=" draws") as bar:
        for name in wanted:
            inside = codes == classes.names.index(name)
            one = take_odds(mark, name, marked, inside, groups, seed=seed, advance=bar.update)
            found.append(one)
    return found


def _one_of_two(
    names: list[str], marked: Flags, codes: NDArray[np.intp], classes: Classes
) -> list[str]:
    """Of two classes take the one that has more of the marks: the other is its mirror."""
    if len(classes.names) > 2:  # noqa: PLR2004  (a pair)
        return names
    shares = [marked[codes == classes.names.index(name)].mean() for name in names]
    return [names[int(np.argmax(shares))]]


def _probes(
    classes: Classes,
    features: NDArray[np.float64],
    kept: Flags | None,
    *,
    seed: int,
    log: StepLog,
    title: str,
) -> list[Probe]:
    names = _asked(classes, kept)
    if len(names) < 2:  # noqa: PLR2004  (a pair)
        return []
    if len(classes.names) == 2:  # noqa: PLR2004  of two the area is the same
        names = names[:1]
    codes, groups = _part(classes, kept)
    features = features if kept is None else features[kept]
    found = []
    rounds = len(names) * (probing.PERMUTATIONS + 1)
    with log.step(title, rounds, unit=" fits") as bar:
        for name in names:
            inside = codes == classes.names.index(name)
            found.append(take_probe(name, features, inside, groups, seed=seed, advance=bar.update))
    return found


def _duplicates(bundle: Bundle, seed: int, log: StepLog) -> tuple[Bounds, list[Group]]:
    looks = Looks(bundle)
    with log.step("copies of tiles", min(_COPIES, len(bundle))) as bar:
        bounds = take_bounds(bundle, open_encoder(bundle), looks, seed, bar.update)
    with log.step("near duplicates", len(bundle)) as bar:
        return bounds, find_groups(bundle, bounds, looks, bar.update)


def _notes(
    bundle: Bundle, classes: Classes, dropping: Dropping, leaks: Sequence[Leak]
) -> list[str]:
    rules, notes = bundle.manifest.screening, list(classes.notes)
    if rules.evidence == "distance":
        notes.append(
            "The scores of this bundle are the study's outlier distances, which find little of the "
            "lettering."
        )
    if not rules.calibrated:
        reason = rules.note.removeprefix("not calibrated: ").rstrip(".")
        notes.append(f"The scores of this bundle are not calibrated: {reason}.")
    if len(np.unique(classes.groups)) < _FEW_GROUPS:
        notes.append(
            f"There are {len(np.unique(classes.groups))} {classes.unit}s: intervals by "
            f"{classes.unit} are too narrow for so few, and chance reaches far."
        )
    if classes.unmatched:
        notes.append(
            f"{len(classes.unmatched):,} ids of the list are no tiles of the bundle, as "
            f"{', '.join(classes.unmatched[:3])}."
        )
    if dropping.unmatched:
        notes.append(
            f"{len(dropping.unmatched):,} ids of the list of what is kept are no tiles of the "
            f"bundle, as {', '.join(dropping.unmatched[:3])}."
        )
    if classes.unlabelled:
        notes.append(f"{classes.unlabelled:,} tiles of the bundle have no class: left out.")
    if classes.splits is not None and own_split(classes) is None:
        notes.append("No split is named train, so the proof holds groups out by itself.")
    if classes.unit == "scan" and any(leak.kind == "patient" for leak in leaks):
        notes.append(
            "Patients stand in two splits, and scans are held out, not patients: what a classifier "
            "knows of a patient may show in the scores of that patient's other films."
        )
    if dropping.dropped.mean() > _MANY:
        notes.append("More than half of all tiles are dropped. Look at what is.")
    return notes


_FEW_GROUPS = 10
_MANY = 0.5

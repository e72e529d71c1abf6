"""The sentences of an audit: what was found, how it was measured, how to cite it."""

from collections.abc import Sequence

from training.auditing.findings import Findings
from training.auditing.odds import MOST_EXACT, SURE, Odds, apart, predicts, strongest_first
from training.auditing.proof import KINDS, MOST_SCORED, MOST_TAUGHT, SIDE
from training.auditing.summary import FEWEST_GROUPS, Figure


def spread(low: float | None, high: float | None, digits: int = 2) -> str:
    """Write an interval; a bound that is None lies beyond all bounds."""
    if low is None and high is None:
        return "no interval"
    left = "0" if low is None else number(low, digits)
    right = "∞" if high is None else number(high, digits)
    return f"{left} to {right}"


def _by(one: Odds, unit: str) -> str:
    """Write the interval for which groups are drawn."""
    if one.group_low is None and one.group_high is None:
        return f"no interval, as too few draws of the {unit}s hold both classes and lettering"
    return f"{spread(one.group_low, one.group_high)} by {unit}"


def number(value: float, digits: int = 2) -> str:
    """Write a figure: large ones with fewer decimals."""
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    places = 1 if abs(value) >= 10 else digits  # noqa: PLR2004
    return f"{round(value, places) + 0.0:.{places}f}"


def headline(found: Findings) -> str:
    """Say whether lettering predicts the class."""
    strongest = strongest_first(found.odds)[0]
    unit = found.classes.unit
    figures = (
        f"odds ratio {number(strongest.ratio)}, 95 % interval "
        f"{_by(strongest, unit)}, "
        f"{spread(strongest.low, strongest.high)} taking tiles as independent"
    )
    if predicts(strongest):
        return f"Lettering predicts the class {strongest.name}: {figures}."
    if apart(strongest) or strongest.p_groups < SURE:
        return (
            f"Whether lettering predicts the class {strongest.name} is open, for two methods "
            f"disagree: {_disagreement(strongest, unit)}. More {unit}s may settle it ({figures})."
        )
    if strongest.low is not None and strongest.low > 1:
        return (
            f"Tile by tile, lettering goes with the class {strongest.name}, but {unit} by {unit} "
            f"it could be chance: {figures}; p = {strongest.p_groups:.2g} by {unit}."
        )
    return f"That lettering predicts a class is not shown: {strongest.name}, {figures}."


def _disagreement(one: Odds, unit: str) -> str:
    dealt = f"where the {unit}s' classes are dealt out anew, p is {one.p_groups:.2g}"
    if apart(one):
        return (
            f"where the {unit}s are drawn again, the 95 % interval of the odds ratio leaves out 1, "
            f"but {dealt}, so that it could be chance"
        )
    if one.group_low is None and one.group_high is None:
        return (
            f"{dealt}, but too few draws of the {unit}s hold both classes and lettering for an "
            "interval"
        )
    return (
        f"{dealt}, but where the {unit}s are drawn again, the 95 % interval of the odds ratio "
        f"holds 1, so that it could be chance"
    )


def proof_sentence(found: Findings) -> str:
    """Say what the classifiers showed."""
    if not found.proof.figures:
        return f"No classifier was taught: {found.proof.reason}."
    with_, without, gain = (figure(found, arm, "drop") for arm in ("with", "without", "gain"))
    told = (
        f"With letters planted on the other class, a classifier taught on all tiles "
        f"{_loss(with_)}; taught without the dropped tiles it {_loss(without)}."
    )
    if gain.low is None:
        unit, groups = found.classes.unit, min(found.proof.groups)
        return (
            f"{told} How sure that is cannot be told: the tiles of a class that were scored stand "
            f"in {_count(groups, unit)}, and an interval takes "
            f"{FEWEST_GROUPS}. Whether cleaning helps is open."
        )
    if -without.value >= with_.value > 0:
        return (
            f"{told} So letters move that one no less, the other way: that cleaning helps is not "
            "shown."
        )
    if gain.low > 0:
        return f"{told} Cleaning saves {number(gain.value)} ({spread(gain.low, gain.high)})."
    return f"{told} That cleaning saves any of it is not shown ({spread(gain.low, gain.high)})."


def _loss(drop: Figure) -> str:
    """Say what planted letters cost, or bring: plain minus planted."""
    if round(drop.value, 2) >= 0:
        return f"loses {number(drop.value)} of its AUC ({spread(drop.low, drop.high)})"
    low, high = (None if end is None else -end for end in (drop.high, drop.low))
    return f"gains {number(-drop.value)} ({spread(low, high)})"


def probe_sentence(found: Findings) -> str:
    """Say how well artefacts alone tell the classes; empty where nothing could be held out."""
    told = []
    for probes, what in ((found.probes, "all tiles"), (found.probes_kept, "kept tiles")):
        known = [one for one in probes if one.auc is not None]
        if known:
            best = max(known, key=lambda one: one.auc or 0)
            chance = f"chance {spread(best.chance_low, best.chance_high)}, p = {best.p:.2g}"
            told.append(f"{what} {number(best.auc or 0)} ({spread(best.low, best.high)}; {chance})")
    which = ", for the class that it tells best" if len(found.probes) > 1 else ""
    return f"AUC of the probe on artefacts alone{which}: {'; '.join(told)}." if told else ""


def figure(found: Findings, arm: str, what: str, measure: str = "auc") -> Figure:
    """Return one figure of the proof."""
    return next(
        one
        for one in found.proof.figures
        if (one.arm, one.what, one.measure) == (arm, what, measure)
    )


def leak_sentence(found: Findings) -> str:
    """Count duplicates and leaks."""
    groups = [group for group in found.groups if not group.blank]
    tiles = sum(len(group.rows) for group in groups)
    told = (
        f"{len(groups):,} groups of tiles that show the same ({tiles:,} tiles), beside "
        f"{len(found.groups) - len(groups):,} of blank ones"
    )
    if found.classes.splits is None:
        return f"{told}. Leaks between splits were not looked for: the list has no column split."
    counts = {
        kind: sum(leak.kind == kind and not leak.blank for leak in found.leaks)
        for kind in ("patient", "scan", "content", "class")
    }
    return (
        f"{told}. In two splits stand: patients {counts['patient']:,}, scans {counts['scan']:,}, "
        f"contents {counts['content']:,}. Contents with two classes: {counts['class']:,}."
    )


def method(found: Findings, seed: int) -> list[str]:
    """Return the method, a paragraph a part."""
    unit, bounds, drop = found.classes.unit, found.bounds, found.dropping
    by_list = drop.source == "a list of tiles kept"
    parts = [
        (
            f"Odds ratios are of 2 x 2 tables of tiles, marked by a lettering score from "
            f"{found.threshold:.2g}, of kept tiles from {found.doubtful:.2g}, the bundle's score "
            f"of review; half a tile is added to each cell where one is empty. Intervals "
            f"of 95 %: Woolf's, exact (conditional) where a cell is below 5 (and a row or "
            f"column of at most {MOST_EXACT:,}); and percentiles of "
            f"1,000 draws of the {unit}s. p by {unit} is the share of 1,000 deals of the {unit}s' "
            f"classes that lie as far from 1. These are two methods, which may disagree where "
            f"{unit}s are few: a tie is told only where both leave chance out. "
        ),
        (
            f"The probe is a logistic regression on {len(found.features)} artefact features of the "
            f"bundle (scores, covered shares, sizes; no pixel), {unit}s held out in five folds; "
            f"chance is the same with the {unit}s' classes dealt anew, 100 times. "
        ),
        f"Dropped is what {drop.source} {'does not name' if by_list else 'say'}.",
    ]
    if found.proof.figures:
        parts.append(_classifier(found))
    parts.append(
        f"Tiles show the same where the encoder's inputs are equal, or a stored neighbour lies "
        f"within {bounds.distance:.3g} and detail correlates from {bounds.likeness:.2f}: bounds "
        f"that hold 95 % of {bounds.copies:,} copies made of the bundle's own tiles (exposure, "
        f"JPEG, one pixel) and let pass at most 0.1 %, or one, of {bounds.strangers:,} pairs of "
        f"different scans. Seed {seed}."
    )
    return parts


def _classifier(found: Findings) -> str:
    """Say how the classifiers were taught and scored."""
    unit, proof = found.classes.unit, found.proof
    held = (
        f"by the list's split, without {unit}s that stand in the taught part as well"
        if proof.by_split
        else f"a third of the {unit}s a seed"
    )
    several = len(proof.taught) > 1
    drawn = f"seeds, and {unit}s for all of them at once," if several else f"{unit}s"
    inside, rest = proof.groups
    return (
        f"The classifier: four 3 x 3 convolutions of stride 2 (16 to 64 filters), {SIDE} x {SIDE} "
        f"grey pixels, AdamW, 600 steps of 32. With and without the dropped tiles it is taught on "
        f"the same number of tiles of either class ({_range(proof.taught)} in all, at most "
        f"{MOST_TAUGHT:,}) and scored on kept tiles held out ({_range(proof.scored)}, at most "
        f"{MOST_SCORED // 2:,} of either class; {held}), near duplicates left out, plain "
        f"and with {', '.join(KINDS)} planted. Scored tiles of {found.lettered} stand in "
        f"{_count(inside, unit)}, the others in {_count(rest, unit)}. Intervals: {drawn} "
        f"drawn 1,000 times, what lacks a class left out; none where a class stands in fewer than "
        f"{FEWEST_GROUPS}. The control has letters on the class that they are tied to: what they "
        f"change there is their strangeness."
    )


def _count(number_of: int, unit: str) -> str:
    return f"{number_of:,} {unit}{'' if number_of == 1 else 's'}"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def citation(bundle_id: str, labels: str, date: str) -> str:
    """Suggest how to cite the audit."""
    return (
        f"Shortcut audit by Tilescreen (bundle {bundle_id}, list of classes sha256 "
        f"{labels[:16]}), {date}."
    )

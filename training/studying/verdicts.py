"""What the study's flaws do, as a table and in words, all figures computed."""

from training.indexing.cluster import STUDY_EPS
from training.reporting.figures import percent
from training.studying.comparison import Comparison
from training.studying.variants import Outcome


def table(comparison: Comparison) -> str:
    """Return the outcomes as lines of text."""
    k = comparison.k
    labelled = comparison.facts.positives is not None
    head = f"{'':<27}{f'overlap@{k}':>10}{'distance':>10}{'typical':>9}{'eps':>7}{'noise':>8}"
    if labelled:
        head += f"{f'P@{k}':>7}{'other scans':>13}"
    return "\n".join([head, *(_line(outcome, labelled) for outcome in comparison.outcomes)])


def _line(outcome: Outcome, labelled: bool) -> str:
    line = (
        f"{outcome.title:<27}{percent(outcome.overlap):>10}{outcome.distance:>10.2f}"
        f"{outcome.typical:>9.2f}{outcome.eps:>7.2f}{percent(outcome.noise):>8}"
    )
    if not labelled:
        return line
    return line + f"{_share(outcome.precision):>7}{_share(outcome.precision_other_scans):>13}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def legend(comparison: Comparison) -> str:
    """Return what the table's columns mean."""
    k = comparison.k
    lines = [
        f"overlap@{k}  share of the {k} right neighbours that are among those shown",
        "distance   median distance to what is shown; typical: that of two random tiles",
        "noise      share of tiles that DBSCAN calls noise at this eps",
    ]
    if comparison.facts.positives is not None:
        lines.append(
            f"P@{k}        share of positives among the {k} labelled tiles shown for a positive one"
        )
    return "\n".join(lines)


def sentences(comparison: Comparison) -> list[str]:
    """Return a sentence or two on each flaw, on all together, and on what lies deeper."""
    return [
        _skew(comparison),
        _rows(comparison),
        _eps(comparison),
        _together(comparison),
        _deeper(comparison),
    ]


def _skew(comparison: Comparison) -> str:
    skew, resize = comparison.outcome("skew"), comparison.outcome("resize")
    right, facts = comparison.outcome("right"), comparison.facts
    return (
        "Flaw 1, training/serving skew. The encoder learned grey pictures and was asked about "
        f"green ones: a tile lands {facts.moved:.1f} away from its right place, where two random "
        f"tiles are {right.typical:.1f} apart. {percent(skew.overlap)} of the right neighbours "
        f"are still shown; with the other resize alone, in grey, {percent(resize.overlap)} are."
    )


def _rows(comparison: Comparison) -> str:
    rows, facts = comparison.outcome("rows"), comparison.facts
    missing = f"; {percent(rows.missing)} of the look-ups find no row" if rows.missing else ""
    return (
        "Flaw 2, wrong rows shown. Row numbers were looked up as labels of an index with gaps, so "
        f"other tiles are shown: {percent(rows.overlap)} of the neighbours found are the ones "
        f"shown{missing}. What is shown lies {rows.distance:.1f} away, where two random tiles are "
        f"{rows.typical:.1f} apart, and {percent(1 - facts.own)} of the tiles, asked for "
        "themselves, do not get themselves."
    )


def _eps(comparison: Comparison) -> str:
    right, eps, facts = comparison.outcome("right"), comparison.outcome("eps"), comparison.facts
    return (
        f"Flaw 3, scale. Two random tiles are {right.typical:.1f} apart and half of the tiles have "
        f"to reach {facts.reach:.1f} for enough company, yet eps was {eps.eps}: "
        f"{percent(eps.noise)} of the tiles are noise ({percent(facts.noise_low)} at "
        f"{STUDY_EPS[0]}). At {right.eps:.1f}, read from the k-distance curve, "
        f"{percent(right.noise)} are."
    )


def _together(comparison: Comparison) -> str:
    everything = comparison.outcome("all")
    return (
        f"All three. {percent(everything.overlap)} of the right neighbours are shown and "
        f"{percent(everything.noise)} of the tiles are noise: this is what the study had to judge "
        "its latent by."
    )


def _deeper(comparison: Comparison) -> str:
    right, facts = comparison.outcome("right"), comparison.facts
    text = (
        f"The deeper one. Done right, neighbours differ by {facts.near_grey:.1f} of 255 in mean "
        f"grey, random tiles by {facts.far_grey:.1f}."
    )
    if facts.near_grey < facts.far_grey / 2:
        text += " A loss over all pixels spends the latent on brightness; lettering is small."
    if facts.positives is None or right.precision is None:
        return f"{text} Whether it tells lettering from tissue needs --labels."
    other = right.precision_other_scans
    scans = "" if other is None else f" ({other:.2f} in other scans)"
    return (
        f"{text} Of the {comparison.k} neighbours of a positive tile a share of "
        f"{right.precision:.2f}{scans} is positive, by chance it would be {facts.positives:.2f}."
    )

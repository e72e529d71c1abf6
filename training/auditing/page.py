"""An audit as one self-contained page that fits a sheet of paper."""

from collections.abc import Sequence
from typing import Any

from bundle.bundle import Bundle
from training.auditing.findings import Findings
from training.auditing.forest import Forest, Kind, Row, lay_out
from training.auditing.leaks import Leak
from training.auditing.odds import Odds, strongest_first
from training.auditing.probe import Probe
from training.auditing.words import (
    citation,
    figure,
    headline,
    leak_sentence,
    number,
    probe_sentence,
    proof_sentence,
    spread,
)
from training.reporting.page import environment
from training.reporting.tables import Table

_MOST_ROWS = 6
_ARMS = {"with": "taught on all tiles", "without": "without the dropped"}
_SETS = {
    "plain": "plain",
    "planted": "letters on the other class",
    "same": "on its own class (control)",
}


def render(bundle: Bundle, found: Findings, about: dict[str, Any]) -> str:
    """Return the page as HTML.

    Args:
        bundle: what was audited.
        found: what was found.
        about: the same as data, from `record.as_json`.
    """
    return (
        environment()
        .get_template("audit.html")
        .render(
            about=about,
            sentences=[headline(found), proof_sentence(found), leak_sentence(found)],
            probed=probe_sentence(found),
            odds=_odds_forest(found),
            odds_table=_odds_table(found),
            probes=_probe_forest(found),
            proof=_proof_forest(found) if found.proof.figures else None,
            proof_table=_proof_table(found) if found.proof.figures else None,
            copies=_groups_table(bundle, found),
            leaks=_leaks_table(found.leaks),
            citation=citation(
                bundle.manifest.bundle_id, found.classes.sha256, about["created"][:10]
            ),
        )
    )


def _odds_forest(found: Findings) -> Forest:
    rows = []
    for one, kind in _strongest(found):
        label = f"{one.name}, {'all' if kind == 'first' else 'kept'} tiles"
        rows.append(Row(label, one.ratio, one.group_low, one.group_high, kind))
    return lay_out(
        "Odds ratio of lettering", f"95 % by {found.classes.unit}", rows, even=1, log=True
    )


def _strongest(found: Findings) -> list[tuple[Odds, Kind]]:
    """Return the strongest classes, each of all tiles and then of the kept ones."""
    kept = {one.name: one for one in found.odds_kept}
    chosen: list[tuple[Odds, Kind]] = []
    for one in strongest_first(found.odds)[: _MOST_ROWS // 2]:
        chosen.append((one, "first"))
        if one.name in kept:
            chosen.append((kept[one.name], "second"))
    return chosen


def _odds_table(found: Findings) -> Table:
    unit = found.classes.unit
    rows = [
        [
            one.name,
            one.mark,
            f"{one.table[0]:,} of {one.table[0] + one.table[1]:,}",
            f"{one.table[2]:,} of {one.table[2] + one.table[3]:,}",
            number(one.ratio),
            f"{spread(one.low, one.high)} ({one.method})" if one.low or one.high else one.method,
            spread(one.group_low, one.group_high),
            f"{one.p_groups:.2g}",
        ]
        for one, _ in _strongest(found)
    ]
    head = ["class", "mark", "in it", "in the rest", "odds ratio", "95 %, tiles"]
    return Table("", [*head, f"95 %, {unit}s", f"p by {unit}"], rows)


def _probe_forest(found: Findings) -> Forest | None:
    best = sorted(found.probes, key=lambda one: -(one.auc or 0.0))[: _MOST_ROWS // 2]
    names = [one.name for one in best]
    rows = [
        *_probe_rows(best, "all tiles", "first"),
        *_probe_rows(
            [one for one in found.probes_kept if one.name in names], "kept tiles", "second"
        ),
    ]
    if not rows:
        return None
    return lay_out("AUC of a probe on artefacts alone", "grey: chance", rows, even=0.5)


def _probe_rows(probes: Sequence[Probe], what: str, kind: Kind) -> list[Row]:
    return [
        Row(
            f"{one.name}, {what}",
            one.auc,
            one.low,
            one.high,
            kind,
            (one.chance_low, one.chance_high)
            if one.chance_low is not None and one.chance_high is not None
            else None,
        )
        for one in probes
        if one.auc is not None
    ]


def _proof_forest(found: Findings) -> Forest:
    rows = []
    for arm, kind in (("with", "first"), ("without", "second")):
        for what in ("plain", "planted"):
            one = figure(found, arm, what)
            label = f"{_ARMS[arm]}: {'plain' if what == 'plain' else 'planted'}"
            rows.append(Row(label, one.value, one.low, one.high, kind))  # type: ignore[arg-type]
    axis = (
        "95 %, seeds and groups drawn" if _has_intervals(found) else "too few groups for intervals"
    )
    return lay_out("AUC of the classifiers", axis, rows, even=0.5)


def _has_intervals(found: Findings) -> bool:
    return any(one.low is not None for one in found.proof.figures)


def _proof_table(found: Findings) -> Table:
    rows, sure = [], _has_intervals(found)
    for measure, title in (("auc", "AUC"), ("accuracy", "balanced accuracy")):
        for arm, words in _ARMS.items():
            cells = [figure(found, arm, what, measure) for what in (*_SETS, "drop")]
            told = [
                f"{number(one.value)} ({spread(one.low, one.high)})" if sure else number(one.value)
                for one in cells
            ]
            rows.append([title, words, *told])
    return Table("", ["", "", *_SETS.values(), "loss, plain to planted"], rows)


def _groups_table(bundle: Bundle, found: Findings) -> Table:
    shown = [(at, one) for at, one in enumerate(found.groups, start=1) if not one.blank]
    rows = [
        [str(at), one.kind, f"{len(one.rows):,}", f"{one.likeness:.2f}", _ids(bundle, one.rows)]
        for at, one in shown[:_MOST_ROWS]
    ]
    if len(shown) > _MOST_ROWS:
        rows.append(["", "", "", "", f"and {len(shown) - _MOST_ROWS:,} more: duplicates.csv"])
    return Table("Tiles that show the same", ["group", "kind", "tiles", "likeness", "ids"], rows)


def _ids(bundle: Bundle, rows: Sequence[int]) -> str:
    more = " …" if len(rows) > 2 else ""  # noqa: PLR2004  (two fit a line)
    return ", ".join(bundle.id(row) for row in rows[:2]) + more


def _leaks_table(leaks: Sequence[Leak]) -> Table:
    shown = [leak for leak in leaks if not leak.blank]
    rows = [
        [
            leak.kind,
            leak.name,
            ", ".join(f"{place} {tiles:,}" for place, tiles in leak.places.items()),
        ]
        for leak in shown[:_MOST_ROWS]
    ]
    if len(shown) > _MOST_ROWS:
        rows.append(["", "", f"and {len(shown) - _MOST_ROWS:,} more: leaks.csv"])
    return Table("What stands in two places", ["kind", "name", "tiles in each"], rows)

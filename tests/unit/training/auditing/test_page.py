"""What the audit's page shows of many classes."""

from types import SimpleNamespace
from typing import cast

from training.auditing.findings import Findings
from training.auditing.page import _probe_forest
from training.auditing.probe import Probe


def test_of_many_classes_those_told_best_are_shown() -> None:
    """The first by name were, all tiles alone, and not the class that is told best."""
    of_all = [Probe(name, 0.5) for name in "abcdef"] + [Probe("g", 0.95)]
    kept = [Probe(name, 0.5) for name in "abcdefg"]
    forest = _probe_forest(cast("Findings", SimpleNamespace(probes=of_all, probes_kept=kept)))
    assert forest is not None
    shown = [placed.row.label for placed in forest.rows]
    assert len(shown) == 6
    assert {"g, all tiles", "g, kept tiles"} < {*shown}

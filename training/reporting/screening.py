"""What a report tells of screening: verdicts, reasons and the planted benchmark."""

import numpy as np

from bundle.bundle import Bundle
from bundle.manifest import Recall, Screening
from bundle.screening import REASONS, VERDICTS, bounds
from training.reporting.figures import percent
from training.reporting.tables import Table
from training.screening.calibration import Calibration


def verdict_tables(bundle: Bundle) -> list[Table]:
    """Return how many tiles have each verdict and each reason."""
    rules = bundle.manifest.screening
    count = len(bundle)
    verdicts = np.bincount(bundle.verdicts, minlength=len(VERDICTS)).tolist()
    reasons = (np.asarray(bundle.scores) >= bounds(rules)).sum(axis=0).tolist()
    return [
        _counted("Verdicts", ("verdict", "tiles", "share"), VERDICTS, verdicts, count),
        _counted("Reasons", ("reason", "tiles", "share"), REASONS, reasons, count),
    ]


def _counted(
    caption: str, head: tuple[str, ...], names: tuple[str, ...], found: list[int], count: int
) -> Table:
    rows = [
        [name, f"{tiles:,}", percent(tiles / count)]
        for name, tiles in zip(names, found, strict=True)
    ]
    return Table(caption, list(head), rows)


def benchmark_table(bundle: Bundle) -> Table:
    """Return the recall of each kind by contrast, and of each size, all kinds together."""
    recalls = bundle.manifest.screening.benchmark.recalls
    contrasts = sorted({one.contrast for one in recalls})
    head = ["planted", *(f"contrast {low:g} to {high:g}" for low, high in contrasts), "all"]
    kinds = [
        [kind.replace("_", " "), *_row([one for one in recalls if one.kind == kind], contrasts)]
        for kind in dict.fromkeys(one.kind for one in recalls)
    ]
    sizes = [
        [
            f"letters of {low:g} to {high:g} px",
            *_row([one for one in recalls if one.letter_px == (low, high)], contrasts),
        ]
        for low, high in sorted({one.letter_px for one in recalls})
    ]
    return Table("Share of planted annotations found", head, [*kinds, *sizes])


def benchmark_score(rules: Screening) -> float:
    """Return the score of the evidence from which the planted benchmark counts a tile as found."""
    calibration = Calibration(rules.slope, rules.offset, rules.lettering_share)
    return float(calibration.scores(np.array(rules.benchmark.evidence)))


def _row(recalls: list[Recall], contrasts: list[tuple[float, float]]) -> list[str]:
    columns = [[one for one in recalls if one.contrast == bounds] for bounds in contrasts]
    return [_mean(some) for some in [*columns, recalls]]


def _mean(recalls: list[Recall]) -> str:
    tiles = sum(one.tiles for one in recalls)
    return percent(sum(one.tiles * one.recall for one in recalls) / tiles) if tiles else ""

"""The `screen` command: a bundle's tiles without those that hold lettering."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.cells import write_csv
from bundle.errors import InputError
from bundle.manifest import Screening
from bundle.reader import open_bundle
from bundle.screening import LIKELY, REASONS, VERDICTS, raised, rule_verdicts, stored_reasons
from training.report import check_out, write_page

COLUMNS = ("id", "verdict", "score", "reasons", "scan", "y", "x")
_LETTERING, _BLANK = REASONS.index("LETTERING"), REASONS.index("BLANK")
_REVIEW, _DROP = VERDICTS.index("review"), VERDICTS.index("drop")
_MANY = 0.5
_LITTLE = 1.0
"""Expected tiles with lettering in all, below which a share of them is no aim."""
_SPREAD = 1.96
"""Standard deviations on each side of a 95 % interval."""

_ABOUT = """
Reads nothing but the bundle. Without --drop-below-recall the tiles whose verdict is drop go.
With it, the fewest tiles go such that of the lettering there is, the share given is expected
to be among them: the highest scores first, until they make up that share of all scores.
Blank tiles go either way, unless --keep-blank.

Scores are calibrated without labels, so shares and counts are estimates. A verdict is a
screen for people who look, never a diagnosis.

A bundle that is fitted on what is kept knows no lettering of its own: it has new tiles looked at
and drops next to none. Screen new tiles by this one.

Lists are CSV: id, verdict, score (of lettering), reasons (joined by ;, a
concept with its name), scan, y, x. `fit` takes
them as --manifest. Ids stand as they were given, also where a spreadsheet would read a formula.

examples:
  python -m training screen BUNDLE --out clean.csv
  python -m training screen BUNDLE --out clean.csv --drop-below-recall 0.99 --dropped dropped.csv
  python -m training fit TILES --manifest clean.csv --out BUNDLE2
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _ABOUT
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `fit` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="CSV", help="list of the tiles kept, to write"
    )
    parser.add_argument(
        "--drop-below-recall",
        type=float,
        metavar="SHARE",
        help="drop until this share of the lettering is expected to be gone, 0 to 1 (default: "
        "drop by verdict)",
    )
    parser.add_argument(
        "--dropped", type=Path, metavar="CSV", help="also write the list of the tiles dropped"
    )
    parser.add_argument("--keep-blank", action="store_true", help="drop no tile for being blank")


@dataclass(frozen=True)
class Left:
    """An estimate of how many tiles with lettering are left, and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Lists:
    """Rows of a bundle, each list in ascending order."""

    kept: NDArray[np.intp] = field(repr=False)
    dropped: NDArray[np.intp] = field(repr=False)


def run(args: argparse.Namespace) -> int:
    """Write the lists and say what they hold; return 0.

    Raises:
        BundleError: the bundle cannot be used.
        InputError: a list cannot be written, or the share is out of its bounds.
    """
    _check_share(args.drop_below_recall)
    outs = [file for file in (args.out, args.dropped) if file is not None]
    if len({file.resolve() for file in outs}) < len(outs):
        raise InputError(f"--out and --dropped are both {args.out}. Give each a file of its own.")
    for file in outs:
        if file.is_dir():
            raise InputError(f"{file} is a folder. Give the name of the list to write: clean.csv.")
        check_out(file, args.bundle)
    bundle = open_bundle(args.bundle)
    lists = divide(bundle, args.drop_below_recall, keep_blank=args.keep_blank)
    write_page(args.out, as_csv(bundle, lists.kept))
    if args.dropped is not None:
        write_page(args.dropped, as_csv(bundle, lists.dropped))
    _tell(bundle, lists, args.out)
    _warn(bundle.manifest.screening, lists)
    if args.drop_below_recall is not None:
        _warn_of_little(bundle)
    return 0


def _check_share(share: float | None) -> None:
    if share is not None and not 0 <= share <= 1:
        raise InputError(f"--drop-below-recall is {share:g}; give a share from 0 to 1, as 0.99.")


def divide(bundle: Bundle, share: float | None, *, keep_blank: bool) -> Lists:
    """Choose which stored tiles to keep.

    Args:
        bundle: the stored tiles.
        share: of the lettering expected to be among the dropped, in [0, 1]; None goes by verdict.
        keep_blank: drop no tile for being blank.
    """
    scores = np.array(bundle.scores)
    if keep_blank:
        scores[:, _BLANK] = 0
    if share is None:
        by_rules = rule_verdicts(bundle.manifest.screening, scores)
        concepts = bundle.manifest.concepts or ()
        gone = raised(concepts, bundle.concept_scores, scores, by_rules) == _DROP
    else:
        gone = fewest(scores[:, _LETTERING], share, scores[:, _BLANK] >= LIKELY)
    return Lists(np.flatnonzero(~gone), np.flatnonzero(gone))


def fewest(scores: NDArray[np.float32], share: float, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (n,) bool: those gone and the fewest others, together of this share of all scores.

    Args:
        scores: (n,) in [0, 1], the chance that a tile holds lettering.
        share: in [0, 1]. Of equal scores the first go first; a score of 0 never goes.
        gone: (n,) which go anyway.
    """
    chances, drop = scores.astype(np.float64), gone.copy()
    # A share of the sum is the sum itself only up to rounding.
    wanted = share * float(chances.sum()) * (1 - 1e-12) - float(chances[gone].sum())
    others = np.flatnonzero(~gone)
    order = others[np.argsort(-chances[others], kind="stable")]
    before = np.cumsum(chances[order]) - chances[order]
    drop[order[(before < wanted) & (chances[order] > 0)]] = True
    return drop


def left(scores: NDArray[np.float32]) -> Left:
    """Estimate how many of some tiles hold lettering, each by the chance that is its score."""
    chances = scores.astype(np.float64)
    mean = float(chances.sum())
    spread = _SPREAD * float(np.sqrt((chances * (1 - chances)).sum()))
    return Left(mean, max(0.0, mean - spread), min(float(len(chances)), mean + spread))


def as_csv(bundle: Bundle, rows: Iterable[int]) -> str:
    """Return a list of stored tiles as CSV with a line of names; unknown places are empty."""
    stream = StringIO()
    write_csv(stream, [COLUMNS])
    write_csv(stream, (_line(bundle, int(row)) for row in rows))
    return stream.getvalue()


def _line(bundle: Bundle, row: int) -> tuple[object, ...]:
    scan = bundle.scan(row)
    return (
        bundle.id(row),
        VERDICTS[int(bundle.verdicts[row])],
        f"{bundle.scores[row, _LETTERING]:.4f}",
        ";".join(reason.title for reason in stored_reasons(bundle, row)),
        scan.name if scan else "",
        *(bundle.position(row) or ("", "")),
    )


def _tell(bundle: Bundle, lists: Lists, out: Path) -> None:
    scores, blank = bundle.scores[lists.kept, _LETTERING], bundle.scores[:, _BLANK] >= LIKELY
    rest = left(scores)
    review = int((bundle.verdicts[lists.kept] == _REVIEW).sum())
    print(
        f"{out}: {len(lists.kept):,} of {len(bundle):,} tiles kept, {len(lists.dropped):,} dropped "
        f"({int(blank[lists.dropped].sum()):,} of them blank)"
    )
    total = left(bundle.scores[:, _LETTERING]).mean
    found = max(0.0, 100 - 100 * rest.mean / total) if total > 0 else 100.0
    print(f"Expected among the dropped: {found:.2f} % of the lettering")
    calibrated = bundle.manifest.screening.calibrated
    spread = f"95 % interval {rest.low:.1f} to {rest.high:.1f}"
    print(
        f"Lettering left among the kept: about {rest.mean:.1f} tiles "
        f"({spread if calibrated else 'how far off that may be is not known'})"
    )
    print(f"Kept, but with the verdict review: {review:,}; have them looked at")
    kind = "calibrated without labels" if calibrated else "that are not calibrated"
    print(f"This is an estimate from scores {kind}: look at a sample yourself.")


def _warn_of_little(bundle: Bundle) -> None:
    total = left(bundle.scores[:, _LETTERING]).mean
    if total < _LITTLE:
        print(
            f"By the scores about {total:.1f} of all {len(bundle):,} tiles hold lettering, so "
            "nearly all that --drop-below-recall drops is clean. Leave it out to drop by verdict.",
            file=sys.stderr,
        )


def _warn(rules: Screening, lists: Lists) -> None:
    if not rules.calibrated:
        print(
            f"The scores of this bundle are not calibrated, so the estimate may be far off: "
            f"{rules.note}",
            file=sys.stderr,
        )
    if rules.evidence == "distance":
        print(
            "The scores of this bundle are the study's outlier distances, which find little of "
            "the lettering. Fit without the study's profile for scores that do.",
            file=sys.stderr,
        )
    total = len(lists.kept) + len(lists.dropped)
    if len(lists.dropped) > _MANY * total:
        print(
            f"More than half of the tiles are dropped ({len(lists.dropped):,} of {total:,}). "
            "Look at --dropped before you use the list, or give a lower --drop-below-recall.",
            file=sys.stderr,
        )

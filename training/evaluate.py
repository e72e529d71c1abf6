"""`python -m training evaluate`: a bundle against labelled tiles, as a table and as JSON."""

import argparse
import json
import shlex
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bundle.errors import InputError
from bundle.reader import open_bundle
from training.measuring.labels import LabelCsv
from training.measuring.measures import Measure
from training.measuring.scorecard import Task, prepare, take_all
from training.report import check_out, check_spared, write_page

_LIBRARIES = ("numpy", "scikit-learn")

EPILOG = """\
The labels are a CSV with the columns  id, label  or  scan, y, x, label. A scan may be named
by its file; y and x are the corner of the tile's window in pixels. Labels that have no tile
in the bundle are counted and passed over.

Measures
  P@k                    share of positives among the k nearest labelled tiles of a positive
                         one, itself left out; "other scans" leaves its whole scan out
  score 0.80-0.95        how many labelled tiles have such scores, the mean of those, and the
                         share that is positive: about the same, if scores are calibrated
  outlier AP             average precision of the distance to the nearest stored tiles; no
                         label is used to rank
  probe AP               average precision of a logistic regression on the latents, patients
                         (or scans, where patients are not known) held out
  clusters               where the positives lie: stray, in clusters of 90 % positives, and
                         the share of positives in a positive tile's cluster
  [low, high]            95 % of 1000 draws of the scans, with replacement
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("--labels", type=Path, required=True, metavar="CSV", help="labelled tiles")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the figures here too")
    parser.add_argument(
        "--k", type=int, default=5, help="neighbours counted in P@k (default: %(default)s)"
    )
    parser.add_argument(
        "--positive",
        default=LabelCsv.positive,
        metavar="LABEL",
        help="the label to be found (default: %(default)s)",
    )
    parser.add_argument(
        "--leave-out",
        default=LabelCsv.left_out,
        metavar="LABEL",
        help="the label of tiles to pass over (default: %(default)s)",
    )
    parser.add_argument(
        "--not-blank",
        type=float,
        metavar="STD",
        help="only tiles whose grey levels have a standard deviation above this, of 255",
    )
    parser.add_argument(
        "--seed", type=int, default=42, help="of the drawn scans (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print the table, write the JSON; return the exit status.

    Raises:
        InputError: the labels or options cannot be used.
        BundleError: the bundle cannot be used.
    """
    if args.k < 1:
        raise InputError(f"--k is {args.k}; at least 1 neighbour is needed.")
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; give 0 or more.")
    if args.out:
        check_out(args.out, args.bundle)
        check_spared(args.out, args.labels)
    bundle = open_bundle(args.bundle)
    task = prepare(bundle, LabelCsv(args.labels, args.positive, args.leave_out), args.not_blank)
    measures = list(take_all(task, k=args.k, seed=args.seed))
    print(_table(task, measures))
    if args.out:
        report = {"command": _command(args), **_about(task), **_figures(measures)}
        write_page(args.out, json.dumps(report, indent=1) + "\n")
        print(f"Written to {args.out}")
    return 0


def _table(task: Task, measures: list[Measure]) -> str:
    about, manifest = _about(task)["labelled"], task.bundle.manifest
    lines = [
        f"Bundle {manifest.bundle_id}: {manifest.source.tiles:,} tiles, profile {manifest.profile}",
        "Labelled tiles: {tiles:,} of {scans:,} scans, {positives:,} positive ({share:.1%}), "
        "{blank:,} blank".format(**about, share=about["positives"] / about["tiles"]),
        "Labels passed over: {left_out:,} left out, {unmatched:,} without a tile, "
        "{empty:,} empty".format(**about),
        "",
    ]
    return "\n".join([*lines, *map(_line, measures)])


def _line(taken: Measure) -> str:
    if taken.value is None:
        return f"{taken.title:<34} -      (too few groups with positives, or with others)"
    return f"{taken.title:<34} {taken.value:.3f}  [{taken.low:.3f}, {taken.high:.3f}]"


def _about(task: Task) -> dict[str, Any]:
    manifest, truth = task.bundle.manifest, task.truth
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": {
            "id": manifest.bundle_id,
            "profile": manifest.profile,
            "tiles": manifest.source.tiles,
            "versions": manifest.versions,
        },
        "versions": {name: version(name) for name in _LIBRARIES},
        "labelled": {
            "tiles": len(truth.positive),
            "positives": int(truth.positive.sum()),
            "scans": len(np.unique(truth.scans[truth.scans >= 0])),
            "groups_held_out": len(np.unique(truth.groups)),
            "blank": task.blank,
            "left_out": task.labelled.left_out,
            "unmatched": task.labelled.unmatched,
            "empty": task.labelled.empty,
        },
    }


def _figures(measures: list[Measure]) -> dict[str, Any]:
    figures = [asdict(taken) for taken in measures]
    return {"measures": {figure.pop("key"): figure for figure in figures}}


def _command(args: argparse.Namespace) -> str:
    # Names alone: results are shared, and folders tell of whose machine they are from.
    command = ["python", "-m", "training", "evaluate", args.bundle.resolve().name]
    command += ["--labels", args.labels.name]
    for name in ("k", "positive", "leave_out", "not_blank", "seed"):
        value = getattr(args, name)
        if value is not None:
            command += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(command)

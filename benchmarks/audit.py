"""What an audit says where the truth is known: lettering that predicts a class, and none that does.

python -m benchmarks.audit SCANS --labels CSV --work WORK [--real BUNDLE]

SCANS and CSV are the thumbnails (`benchmarks/confounded.py` draws lesions and letters where they
have none). BUNDLE, if given, is one of CBIS-DDSM: there the class is what the scans' names
say, benign or malign. WORK keeps the tiles, the bundle and the reports.
"""

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.confounded import make
from bundle.reader import open_bundle
from training.__main__ import main as training
from training.progress import peak_rss_mib

_SEED = 42
_REAL = ("benign", "malign")


def audited(bundle: Path, labels: Path, out: Path, *options: str) -> dict[str, Any]:
    """Run the command; return its figures, with its clock."""
    start = time.monotonic()
    status = training(["audit", str(bundle), "--labels", str(labels), "--out", str(out), *options])
    if status:
        raise SystemExit(status)
    about: dict[str, Any] = json.loads((out / "audit.json").read_bytes())
    kept = (
        *("labels", "dropping", "sentences", "odds", "odds_of_kept_tiles", "probe"),
        *("probe_of_kept_tiles", "proof", "duplicates", "leaks", "notes"),
    )
    return {"seconds": round(time.monotonic() - start, 1)} | {key: about[key] for key in kept}


def write_real_classes(bundle: Path, file: Path) -> None:
    """Write the class that a scan's name tells; other scans are left out."""
    stored = open_bundle(bundle)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "class"))
        for row in range(len(stored)):
            scan = stored.scan(row)
            for name in _REAL:
                if scan is not None and name in scan.name:
                    writer.writerow((stored.id(row), name))


def main() -> None:
    """Write results/audit.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scans", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--real", type=Path, metavar="BUNDLE")
    args = parser.parse_args()
    made = make(args.scans, args.labels, args.work, _SEED)
    bundle = args.work / "bundle"
    if not bundle.exists():
        fit = ["fit", str(args.work / "tiles"), "--out", str(bundle), "--adapt-rounds", "0"]
        if training(fit):
            raise SystemExit(1)
    classes, clean = args.work / "classes.csv", args.work / "clean.csv"
    figures: dict[str, Any] = {
        "planted": {
            "tiles": made.tiles,
            "scans": made.scans,
            "doubtful": made.doubtful,
            "table": made.table,
            "odds_ratio": round(made.odds_ratio, 2),
        },
        "by_verdicts": audited(bundle, classes, args.work / "by-verdicts"),
        "by_truth": audited(bundle, classes, args.work / "by-truth", "--kept", str(clean)),
        "no_tie": audited(bundle, args.work / "drawn.csv", args.work / "no-tie", "--seeds", "0"),
    }
    if args.real:
        labels = args.work / "real-classes.csv"
        write_real_classes(args.real, labels)
        figures["real"] = audited(args.real, labels, args.work / "real")
    figures["peak_mib"] = peak_rss_mib()
    command = "python -m benchmarks.audit SCANS --labels CSV --work WORK --real BUNDLE"
    record.record("audit", command, figures)


if __name__ == "__main__":
    main()

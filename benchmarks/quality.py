"""Both profiles on labelled scans: what `python -m training evaluate` finds.

python -m benchmarks.quality --name NAME --labels LABELS.csv BUNDLE [BUNDLE ...]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import record
from benchmarks.server import ROOT
from bundle import open_bundle


def evaluate(bundle: Path, labels: Path) -> object:
    """Run the command on one bundle and return what it wrote."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "training", "evaluate", str(bundle)]
        options = ["--labels", str(labels), "--out", out.name]
        subprocess.run([*command, *options], cwd=ROOT, check=True)
        return json.loads(Path(out.name).read_text())


def main() -> None:
    """Evaluate every bundle given and write results/quality-NAME.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--name", required=True, help="of the collection, for the result file")
    args = parser.parse_args()
    figures = {
        open_bundle(path).manifest.profile: evaluate(path, args.labels) for path in args.bundles
    }
    command = f"python -m benchmarks.quality --name {args.name} --labels LABELS BUNDLE ..."
    record.record(f"quality-{args.name}", command, figures)


if __name__ == "__main__":
    main()

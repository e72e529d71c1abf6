"""The planted benchmark of a bundle, and its false alarms on strange but clean tiles.

python -m benchmarks.planted --name NAME [--clean TILES:LABELS.csv] BUNDLE

TILES and LABELS are those of the collection that the bundle was fitted on: strange things are
drawn on its tiles without lettering. Without them no false alarms are counted.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.false_alarms import false_alarms
from benchmarks.screening.arguments import collection_parts
from benchmarks.screening.data import read_collection
from bundle import open_bundle
from bundle.manifest import Recall

_LARGE, _STRONG = 10, 0.15


def summary(recalls: list[Recall]) -> dict[str, dict[str, float]]:
    """Return plantings and recall of the issue's two goals, and of each kind, size, contrast."""

    def strong(one: Recall) -> bool:
        return one.letter_px[0] >= _LARGE and one.contrast[0] >= _STRONG

    groups: dict[str, Callable[[Recall], bool]] = {
        "letters from 10 px, contrast from 0.15": lambda one: one.kind == "letters" and strong(one),
        "all kinds from 10 px, contrast from 0.15": strong,
        "6 to 10 px, or contrast 0.05 to 0.15": lambda one: not strong(one),
    }
    for key in ("kind", "letter_px", "contrast"):
        for value in dict.fromkeys(getattr(one, key) for one in recalls):
            bounds = value if key == "kind" else f"{value[0]:g} to {value[1]:g}"
            name = bounds if key == "kind" else f"{key.replace('_', ' ')} {bounds}"
            groups[name] = lambda one, key=key, value=value: getattr(one, key) == value
    return {name: _mean([one for one in recalls if wanted(one)]) for name, wanted in groups.items()}


def _mean(recalls: list[Recall]) -> dict[str, float]:
    tiles = sum(one.tiles for one in recalls)
    found = sum(one.tiles * one.recall for one in recalls)
    return {"tiles": tiles, "recall": round(found / tiles, 4)}


def main() -> None:
    """Write results/planted-NAME.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--name", required=True, help="of the collection, for the result file")
    parser.add_argument("--clean", metavar="TILES:CSV", help="labelled tiles")
    args = parser.parse_args()
    benchmark = open_bundle(args.bundle).manifest.screening.benchmark
    figures: dict[str, Any] = {"recalls": summary(benchmark.recalls)}
    if args.clean:
        collection = read_collection(*collection_parts(f"{args.name}={args.clean}"))
        clean = collection.tiles[~collection.positive]
        figures["false_alarms"] = false_alarms(args.bundle, clean)
    command = f"python -m benchmarks.planted --name {args.name} --clean TILES:LABELS BUNDLE"
    record.record(f"planted-{args.name}", command, figures)


if __name__ == "__main__":
    main()

"""What verdicts tiles get that are sent, by a bundle of their own collection or of another.

    python -m benchmarks.verdicts --collection NAME=TILES:LABELS.csv ... --bundle NAME=BUNDLE ...

Each collection's tiles that are not blank, and not doubtful, are screened as the service screens
uploads. Counted are the verdicts of those with lettering and of those without, and how many are
told to be OFF_TOPIC.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import record
from benchmarks.screening.arguments import collection_parts, pair, parser_of
from benchmarks.screening.data import read_collection
from benchmarks.screening.ours import answers
from bundle import choose_precision, open_bundle, open_encoder
from bundle.screening import LIKELY, REASONS, VERDICTS, Screened


def counted(found: list[Screened], which: NDArray[np.bool_]) -> dict[str, int]:
    """Return the number of some tiles by verdict, and of those OFF_TOPIC."""
    verdicts = np.concatenate([some.verdicts for some in found])[which]
    foreign = np.concatenate([some.scores for some in found])[which, REASONS.index("OFF_TOPIC")]
    numbers = np.bincount(verdicts, minlength=len(VERDICTS)).tolist()
    return {
        **dict(zip(VERDICTS, numbers, strict=True)),
        "OFF_TOPIC": int((foreign >= LIKELY).sum()),
    }


def main() -> None:
    """Write results/verdicts.json."""
    args = parser_of("benchmarks.verdicts", __doc__).parse_args()
    collections = [read_collection(*collection_parts(text)) for text in args.collection]
    bundles = {name: open_bundle(Path(path)) for name, path in map(pair, args.bundle)}
    figures: dict[str, Any] = {}
    for collection in collections:
        for name, bundle in bundles.items():
            encoder = open_encoder(bundle, precision=choose_precision(bundle, "auto"))
            found = [one for one, _ in answers(bundle, encoder, collection.tiles)]
            figures.setdefault(collection.name, {})[name] = {
                "lettering": counted(found, collection.positive),
                "clean": counted(found, ~collection.positive),
            }
    print(figures)
    command = "--collection NAME=TILES:LABELS ... --bundle NAME=BUNDLE ..."
    record.record("verdicts", f"python -m benchmarks.verdicts {command}", figures)


if __name__ == "__main__":
    main()

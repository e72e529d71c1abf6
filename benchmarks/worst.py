"""A sheet of the worst misses and false alarms of a bundle on labelled tiles.

python -m benchmarks.worst BUNDLE --labels LABELS.csv --out docs/worst.png
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bundle import Bundle, decode_png, open_bundle
from training.measuring.labels import LabelCsv, read_labels

_COUNT, _SIDE, _CAPTION = 10, 128, 14


def rows_of(bundle: Bundle, labels: Path) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the lowest positives and of the highest negatives, worst first."""
    found = read_labels(LabelCsv(labels, "lettering", "ambiguous"), bundle)
    scores = np.asarray(bundle.scores)[found.rows, 0]
    order = np.argsort(scores, kind="stable")
    misses = [at for at in order.tolist() if found.positive[at]][:_COUNT]
    alarms = [at for at in order[::-1].tolist() if not found.positive[at]][:_COUNT]
    return found.rows[misses], found.rows[alarms]


def sheet(bundle: Bundle, groups: tuple[NDArray[np.intp], ...]) -> Image.Image:
    """Draw a line of tiles for each group, each with its score."""
    page = Image.new("L", (_COUNT * (_SIDE + 2), len(groups) * (_SIDE + _CAPTION)))
    draw = ImageDraw.Draw(page)
    for line, rows in enumerate(groups):
        for column, row in enumerate(rows.tolist()):
            place = (column * (_SIDE + 2), line * (_SIDE + _CAPTION))
            tile = Image.fromarray(decode_png(bundle.picture(row))).resize((_SIDE, _SIDE))
            page.paste(tile, place)
            text = f"{column + 1}: {bundle.scores[row, 0]:.3f}"
            draw.text((place[0] + 2, place[1] + _SIDE), text, 255)
    return page


def main() -> None:
    """Write the sheet and print the ids."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worst", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    bundle = open_bundle(args.bundle)
    groups = rows_of(bundle, args.labels)
    sheet(bundle, groups).save(args.out)
    for name, rows in zip(("lowest lettering", "highest others"), groups, strict=True):
        print(name)
        for number, row in enumerate(rows.tolist(), start=1):
            print(f"  {number}: {bundle.scores[row, 0]:.3f} {bundle.id(row)}")


if __name__ == "__main__":
    main()

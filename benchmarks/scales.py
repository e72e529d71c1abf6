"""Tiles of other sizes and scales: the ten CBIS-DDSM films cut anew, asked of finished bundles.

    python -m benchmarks.scales --films FILMS --regions lettering.json --bundle NAME=BUNDLE ...

A film of CBIS-DDSM has about 20 pixels a millimetre. Hand-made labels are of the study's
windows only, so those of all windows here come from the hand-drawn regions by one rule.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import record
from benchmarks.screening.arguments import pair
from benchmarks.screening.measures import found_lettering
from benchmarks.screening.ours import ours
from bundle.arrays import Grey, Tiles
from training.cutting.scan_files import find_scans
from training.cutting.scans import read_scan
from training.cutting.windows import Recipe, corners, cut_window, is_blank, without_white
from training.planting.grounds import Polygon, read_regions

_PIXELS_A_MM = 20
_CUTS = ((598, 350), (260, 200))
"""Windows and strides in pixels of the film: the study's, and 13 mm."""
_SIZES = (299, 128)
_BRIGHT = 40
"""Grey level above which a pixel within a region is ink."""
_LETTERING, _SLIVER = 2000, 100
"""Pixels of ink from which a window holds lettering, and from which it holds a sliver, which
counts as neither. On the study's windows this rule finds all 34 that were labelled by hand, one
labelled ambiguous, and the piece of a letter that is labelled "other" (docs/quality.md)."""
_SEED = 42


@dataclass(frozen=True)
class Windows:
    """Windows of all films that are not blank and no slivers, n of them.

    tiles: (n, size, size) uint8. positive: (n,) bool. scans: (n,) numbers.
    """

    tiles: Tiles = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)
    scans: NDArray[np.intp] = field(repr=False)


def cut(films: list[tuple[Grey, NDArray[np.bool_]]], recipe: Recipe) -> Windows:
    """Cut films, each with where its ink is, into labelled windows."""
    found = [
        (np.asarray(tile), ink >= _LETTERING, number)
        for number, (grey, where) in enumerate(films)
        for tile, ink in _shown(grey, where, recipe)
        if not _SLIVER <= ink < _LETTERING
    ]
    tiles, positive, scans = zip(*found, strict=True)
    return Windows(np.stack(tiles), np.array(positive), np.array(scans, dtype=np.intp))


def _shown(
    grey: Grey, where: NDArray[np.bool_], recipe: Recipe
) -> Iterator[tuple[Image.Image, int]]:
    for y, x in corners(grey, recipe):
        about, tile = cut_window(grey, (y, x), recipe)
        if not is_blank(about, recipe):
            yield tile, int(where[y : y + recipe.window, x : x + recipe.window].sum())


def ink_of(grey: Grey, regions: list[Polygon]) -> NDArray[np.bool_]:
    """Return where a film is bright within polygons of shares of its width and height."""
    height, width = grey.shape
    page = Image.new("1", (width, height))
    draw = ImageDraw.Draw(page)
    for polygon in regions:
        draw.polygon([(x * width, y * height) for x, y in polygon], fill=1)
    return np.asarray(page) & (grey > _BRIGHT)


def _measured(windows: Windows, path: Path) -> dict[str, Any]:
    scores, _ = ours(path, windows.tiles)
    return found_lettering(windows.positive, scores, windows.scans, _SEED)


def main() -> None:
    """Write results/scales-cbis-ddsm.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scales", description=__doc__)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--regions", type=Path, required=True)
    parser.add_argument("--bundle", action="append", required=True, metavar="NAME=BUNDLE")
    args = parser.parse_args()
    regions = read_regions(args.regions)
    scans = find_scans(args.films).scans
    greys = [without_white(read_scan(scan.path).grey) for scan in scans]
    films = [
        (grey, ink_of(grey, regions.get(scan.name, [])))
        for grey, scan in zip(greys, scans, strict=True)
    ]
    figures = []
    for window, stride in _CUTS:
        for size in _SIZES:
            windows = cut(films, Recipe(window=window, stride=stride, size=size))
            about = {
                "film_mm": round(window / _PIXELS_A_MM),
                "size": size,
                "tiles": len(windows.tiles),
                "positives": int(windows.positive.sum()),
            }
            bundles = dict(pair(text) for text in args.bundle)
            found = {name: _measured(windows, Path(path)) for name, path in bundles.items()}
            figures.append(about | {"bundles": found})
    command = "python -m benchmarks.scales --films FILMS --regions JSON --bundle NAME=BUNDLE ..."
    record.record("scales-cbis-ddsm", command, {"cuts": figures})


if __name__ == "__main__":
    main()

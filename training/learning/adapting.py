"""The screener's adaptation to the tiles of a fit, by lessons on those very tiles.

Self-training: what the screener surely finds on a tile counts as lettering, of what it doubts
nothing is said, the rest is clean; new annotations are planted on that. What it finds on a place
is the mean over all tiles that see it: one that has a letter whole teaches those that cut it; and
doubt is settled where the tiles beside are sure, since lettering goes on along a film's edge. And
a darker picture says as much as the tile itself, where what JPEG left in black film fades: a
network that believes its own false alarms is taught them.
A second round begins with what the first one found. No label is used. Source: docs/decisions.md.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Maps, Tiles
from bundle.screening import REASONS, peaks
from bundle.views import darker, look_again
from training.learning.backend import has_gpu
from training.learning.config import START
from training.learning.interrupt import held_back
from training.learning.pretraining import Course, pretrain
from training.learning.screener import build_screener, load_start, save_start
from training.overlap import Cells, Overlap
from training.planting.grounds import NO, UNSAID, YES
from training.planting.lesson_folder import Order, make_lessons, save_tiles
from training.progress import StepLog
from training.screening.placing import DOUBT, beside_adds
from training.tiles import TileSet

FEWEST = 100
"""Tiles below which there is too little to adapt to."""
_MOST_TILES = 8_000
"""Tiles that lessons are made on."""
_A_TILE, _MOST = 12, 24_000
"""Lessons for each tile, and in all, of one round. Each is learnt from once: fewer of them, more
often, leave more to chance. Source: docs/decisions.md."""
_RATE = 5e-4
_SURE = 3.0
"""Log-odds of a cell above which it counts as lettering; below DOUBT it is clean."""
_TILE_DOUBT, _TILE_SURE = 0.0, 2.5
"""The same of a tile's peak."""
_AT_ONCE = 64
_LETTERING = REASONS.index("LETTERING")


@dataclass(frozen=True)
class Adaptation:
    """What to adapt to.

    tiles, rows: the tiles and which of them to learn from. overlap: which of them share film.
    rounds: how often; none leaves the starting weights as they are.
    work: folder for what must outlive an interruption.
    mark: settings and data as text; weights adapted with another one are not used.
    """

    tiles: TileSet
    rows: NDArray[np.int64] = field(repr=False)
    rounds: int
    seed: int
    work: Path
    mark: str
    overlap: Overlap | None = field(default=None, repr=False)


def adapt(job: Adaptation, log: StepLog) -> Path:
    """Adapt the screener and return the file of its weights; those of the project for few tiles.

    Weights that an earlier run left in the work folder are not made again.
    """
    start, side = START, job.tiles.inputs.shape[1]
    if len(job.rows) < FEWEST:
        return start
    count = min(_MOST, _A_TILE * len(job.rows))
    rng = np.random.default_rng([job.seed, 3])
    chosen = np.sort(rng.permutation(job.rows)[:_MOST_TILES])
    for number in range(job.rounds):
        made = job.work / f"screener-{_short(job, number)}.npz"
        if not made.exists():
            with TemporaryDirectory(prefix="lessons-", dir=job.work) as folder:
                _believe(job, chosen, start, Path(folder), log)
                order = Order(count, side, (job.seed + number) % 2**32, on_grounds=1.0)
                _learn(Path(folder), order, start, made, log)
        start = made
    return start


def _short(job: Adaptation, number: int) -> str:
    return sha256(f"{number} {job.mark}".encode()).hexdigest()[:16]


def _believe(
    job: Adaptation, chosen: NDArray[np.int64], start: Path, folder: Path, log: StepLog
) -> None:
    """Save the chosen tiles with what the weights so far find on them."""
    screener = build_screener(job.tiles.inputs.shape[1])
    load_start(screener, start)
    rows = np.sort(job.rows) if (job.tiles.positions >= 0).any() else chosen
    found = []
    with log.step("look at your tiles", len(rows)) as bar, held_back() as check_interrupt:
        for at in range(0, len(rows), _AT_ONCE):
            some = job.tiles.read(rows[at : at + _AT_ONCE])
            found.append(_found(screener, some, job.tiles.white))
            bar.update(len(found[-1]))
            check_interrupt()
    maps = np.concatenate(found)
    overlap = job.overlap.among(rows) if job.overlap else None
    maps[:, _LETTERING] = _placed(job.tiles, overlap, rows, maps[:, _LETTERING].astype(np.float32))
    wanted = maps[np.searchsorted(rows, chosen)]
    cells, verdicts = _believed(wanted.astype(np.float32))
    save_tiles(folder, job.tiles.read(chosen), cells, verdicts)


def _placed(tiles: TileSet, overlap: Overlap | None, rows: NDArray[np.int64], maps: Cells) -> Cells:
    """Return lettering's maps as the scan has them: agreed on, and doubt settled by what is beside.

    Args:
        tiles: all of them.
        overlap: of those rows.
        rows: (m,) which the maps are of.
        maps: (m, g, g) log-odds.
    """
    agreed = overlap.agreed(maps) if overlap else maps
    found = peaks(agreed[:, None])[:, 0]
    more = beside_adds(found, tiles.scan_numbers[rows], tiles.positions[rows])
    return agreed + np.where(agreed > DOUBT, more[:, None, None], 0)


def _found(screener: keras.Model, tiles: Tiles, white: int) -> NDArray[np.float16]:
    """(m, side, side) uint8 -> (m, 3, g, g) log-odds, half of them those of a darker picture.

    Halves of precision are kept of what may be many.
    """

    def examine(some: Tiles) -> Maps:
        return np.moveaxis(screener.predict_on_batch(some[..., None])[2], -1, 1)

    maps = look_again(tiles, examine(tiles), examine, white)
    return ((maps + examine(darker(tiles, white))) / 2).astype(np.float16)


def _believed(maps: Maps) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(m, 3, g, g) log-odds -> what is believed of the cells, (m, g, g, 3), and of the tiles."""
    of_tiles = peaks(maps)[:, _LETTERING]
    cells = np.moveaxis(maps, 1, -1)
    return _said(cells, DOUBT, _SURE), _said(of_tiles, _TILE_DOUBT, _TILE_SURE)


def _said(log_odds: NDArray[np.float32], doubt: float, sure: float) -> NDArray[np.uint8]:
    return np.select([log_odds > sure, log_odds > doubt], [YES, UNSAID], NO).astype(np.uint8)


def _learn(folder: Path, order: Order, start: Path, out: Path, log: StepLog) -> None:
    with log.step("lessons on your tiles", order.count) as bar, held_back() as check_interrupt:

        def made(count: int) -> None:
            bar.update(count)
            check_interrupt()

        lessons = make_lessons(folder, order, made)
    with log.step("adapt", order.count) as bar, held_back() as check_interrupt:

        def advance(tiles: int, **losses: float) -> None:
            bar.set_postfix(losses, refresh=False)
            bar.update(tiles)
            check_interrupt()

        course = Course(1.0, order.seed, has_gpu(), start, _RATE)
        new = out.with_suffix(".new")
        save_start(pretrain(lessons, course, advance), new)
        new.replace(out)

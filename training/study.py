"""The `study` command: the notebook's pipeline with its three flaws, one at a time."""

import argparse
import json
import tempfile
import textwrap
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bundle.errors import InputError, UnknownTile
from bundle.spread import spread
from training.learning.config import make_config
from training.learning.data import fingerprint, read_tiles
from training.learning.listing import Listed, list_tiles
from training.measuring.labels import LabelCsv, read_labels
from training.progress import StepLog
from training.report import check_spared, check_writable, write_page
from training.studying.catalogue import Catalogue
from training.studying.comparison import Comparison, compare, encode_views
from training.studying.study_encoder import Task, Trainer, train_encoder
from training.studying.study_page import study_page
from training.studying.variants import GRAPH, Marked
from training.studying.verdicts import legend, sentences, table
from training.tiles import TileSet

_EPILOG = """\
The autoencoder is the study's and is trained once, the right way. Then the steps after it are
repeated: done right, with each flaw alone, and with all three.

  flaw 1  trained on grey pictures, asked about green ones (and resized in another way)
  flaw 2  row numbers looked up as labels of a frame whose index has gaps
  flaw 3  DBSCAN's eps 0.9 where neighbours are several units apart

The study's network learns about 25 tiles/s on two cores: three epochs of 400 tiles take a
minute. The study had 14 epochs of batches of 128; more epochs change the figures somewhat.
With --work the trained encoder is kept, and the same command starts from it.

examples:
  python -m training study build/demo/tiles
  python -m training study TILES --query c311 c578 c596 --report study.html
  python -m training study TILES --labels tiles.csv --epochs 14 --work build/study
"""
_WIDTH = 96


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("tiles", type=Path, metavar="TILES", help="folder of PNG tiles")
    add("--out", type=Path, metavar="JSON", help="write the figures here too")
    add("--report", type=Path, metavar="HTML", help="write a page with the neighbours' pictures")
    add("--query", nargs="+", default=[], metavar="ID", help="tiles whose neighbours it shows")
    add("--labels", type=Path, metavar="CSV", help="labelled tiles as for evaluate: adds P@k")
    add("--positive", default=LabelCsv.positive, metavar="LABEL", help="default: %(default)s")
    add("--leave-out", default=LabelCsv.left_out, metavar="LABEL", help="default: %(default)s")
    add("--epochs", type=int, default=3, help="passes over the tiles (default: %(default)s)")
    add("--batch", type=int, default=32, help="tiles a step (default: %(default)s)")
    add("--limit", type=int, default=2000, help="most tiles, evenly spaced (default: %(default)s)")
    add("--k", type=int, default=5, help="neighbours a tile (default: %(default)s)")
    add("--seed", type=int, default=42, help="of weights, order and gaps (default: %(default)s)")
    add("--work", type=Path, metavar="FOLDER", help="keep decoded tiles and trained encoder here")


def run(args: argparse.Namespace, *, train: Trainer = train_encoder) -> int:
    """Repeat the study and print what each flaw does; return 0.

    Args:
        args: from `configure`.
        train: trains the encoder.

    Raises:
        InputError: tiles, labels, options or places to write cannot be used.
        UnknownTile: an id of --query is of no tile.
    """
    _check_places(args)
    config = make_config("study", seed=args.seed, epochs=args.epochs, batch=args.batch)
    listed, log = _list(args), StepLog()
    with _work_folder(args.work) as folder:
        tiles = read_tiles(listed, Path(folder), side=config.side, log=log)
        _check_k(args.k, tiles)
        catalogue, marked = Catalogue(tiles), _marked(args, tiles)
        queries = _rows(args.query, catalogue)
        task = Task(tiles, config, Path(folder), fingerprint(listed, config.side), log)
        files = {tile.id: tile.file for tile in listed}
        views = encode_views([files[name] for name in tiles.ids], tiles, train(task), log)
        comparison = compare(views, tiles, k=args.k, seed=args.seed, marked=marked)
        _tell(comparison, tiles)
        if args.report:
            queries = queries or _default_queries(tiles, marked)
            write_page(args.report, study_page(comparison, tiles, queries))
            print(f"Pictures: {args.report}")
    if args.out:
        write_page(args.out, json.dumps(_figures(args, comparison), indent=1) + "\n")
        print(f"Figures: {args.out}")
    return 0


def _check_places(args: argparse.Namespace) -> None:
    files = [file for file in (args.out, args.report) if file is not None]
    if len({file.resolve() for file in files}) < len(files):
        raise InputError(f"--out and --report are both {args.out}. Give each a file of its own.")
    for file in files:
        check_writable(file)
        check_spared(file, args.labels)


def _list(args: argparse.Namespace) -> list[Listed]:
    if args.limit < 1:
        raise InputError(f"--limit is {args.limit}; it must be at least 1.")
    listed = list_tiles(args.tiles)
    if len(listed) <= args.limit:
        return listed
    print(f"Taking {args.limit:,} of {len(listed):,} tiles, evenly spaced; --limit takes more.")
    wanted = set(args.query)
    asked = [tile for tile in listed if tile.id in wanted]
    rest = [tile for tile in listed if tile.id not in wanted]
    kept = {rest[at].id for at in spread(len(rest), max(args.limit - len(asked), 1))} | wanted
    return [tile for tile in listed if tile.id in kept]


def _check_k(k: int, tiles: TileSet) -> None:
    if not 1 <= k < len(tiles):
        raise InputError(
            f"--k is {k}; it must be at least 1 and, as a tile is no neighbour of itself, less "
            f"than the number of tiles, {len(tiles)}. Lower it or give more tiles."
        )
    if k > GRAPH:
        raise InputError(f"--k is {k}; at most {GRAPH} neighbours of a tile are found.")


def _work_folder(folder: Path | None) -> AbstractContextManager[str]:
    if folder is None:
        return tempfile.TemporaryDirectory(prefix="tilescreen-study-")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}. Give another --work."
        ) from error
    return nullcontext(str(folder))


def _marked(args: argparse.Namespace, tiles: TileSet) -> Marked | None:
    if args.labels is None:
        return None
    found = read_labels(LabelCsv(args.labels, args.positive, args.leave_out), Catalogue(tiles))
    return Marked(found.rows, found.positive, tiles.scan_numbers)


def _rows(ids: Sequence[str], catalogue: Catalogue) -> list[int]:
    try:
        return [catalogue.row(tile_id) for tile_id in ids]
    except UnknownTile as error:
        raise InputError(
            f"--query: {error} An id is a tile's file name without .png; give one of TILES."
        ) from error


def _default_queries(tiles: TileSet, marked: Marked | None) -> list[int]:
    rows = np.arange(len(tiles)) if marked is None else marked.rows[marked.positive]
    chosen: list[int] = rows[spread(len(rows), 3)].tolist()
    return chosen


def _tell(comparison: Comparison, tiles: TileSet) -> None:
    scans = f" of {len(tiles.scans)} scans" if tiles.scans else ""
    print(f"\n{len(tiles):,} tiles{scans}\n\n{table(comparison)}\n\n{legend(comparison)}")
    for sentence in sentences(comparison):
        print("\n" + textwrap.fill(sentence, _WIDTH))


def _figures(args: argparse.Namespace, comparison: Comparison) -> dict[str, object]:
    return {
        "settings": {name: getattr(args, name) for name in ("epochs", "batch", "k", "seed")},
        "facts": asdict(comparison.facts),
        "variants": {outcome.key: asdict(outcome) for outcome in comparison.outcomes},
        "sentences": sentences(comparison),
    }

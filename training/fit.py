"""`fit`: train an autoencoder on tiles and write a bundle."""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from bundle.bundle import Bundle
from bundle.errors import InputError
from bundle.manifest import Manifest
from bundle.reader import open_bundle
from bundle.screening import VERDICTS
from training.learning.backend import start_tensorflow
from training.learning.config import FitConfig, Profile, make_config
from training.learning.data import fingerprint, read_tiles
from training.learning.listing import Listed, Table, list_tiles
from training.learning.resume import check_same, mark_of
from training.learning.work import open_work
from training.progress import StepLog
from training.tiles import TileSet

_INTERRUPTED = 130
_SHOWN = 10
_EPILOG = """\
TILES is a folder of PNGs, sub-folders included; a tile's id is its file name without .png.
If `python -m training tile` made the folder, its tiles.csv gives scans and positions.
With --manifest the rows of a CSV name the tiles instead: each file is TILES/ID.png, and the
columns scan, patient, y and x are used when they are there. The study's normal tiles:

  python -m training fit tiles --manifest train.csv --where class=0 --out build/bundle

Profiles (figures in docs/decisions.md):
  default  strided network on grey tiles, loss on strokes; made for two cores
  study    the study's network, loss, batch size and epochs, as they were: some six tiles a
           second and 10 GiB of memory on two cores (--batch 32 takes less, and is not the study)

Progress is kept beside BUNDLE, in .BUNDLE.work, until the bundle is written. After Ctrl-C the
same command with --resume goes on where it stopped, after a crash from the last finished epoch.
--resume with other settings or tiles is refused; without it training starts afresh.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `fit`."""
    parser.epilog = _EPILOG
    parser.add_argument("tiles", type=Path, metavar="TILES", help="folder of PNG tiles")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="BUNDLE", help="folder to write; replaced if old"
    )
    which = parser.add_argument_group("which tiles")
    which.add_argument("--manifest", type=Path, metavar="CSV", help="table that names the tiles")
    which.add_argument("--id-column", default="id", metavar="NAME", help="its ids (default: id)")
    which.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only rows with this value; may be repeated",
    )
    how = parser.add_argument_group("how to train")
    how.add_argument("--profile", choices=get_args(Profile), default="default")
    how.add_argument("--seed", type=int, default=42, help="of weights, split and order (42)")
    how.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    how.add_argument("--epochs", type=int, help="most passes over the tiles")
    how.add_argument("--batch", type=int, help="tiles a step")
    how.add_argument("--patience", type=int, help="epochs without progress before it stops early")
    how.add_argument(
        "--adapt-rounds",
        type=int,
        metavar="N",
        help="how often the screener learns on planted copies of your own tiles before the fit "
        "(2; 0 takes it as it comes, in a minute or more less)",
    )
    how.add_argument(
        "--width", type=int, help="filters of the default profile's first layer (16); less is fast"
    )


def run(args: argparse.Namespace) -> int:
    """Fit and write the bundle; 0 when done, 130 when interrupted."""
    start = time.monotonic()
    config = make_config(
        args.profile,
        seed=args.seed,
        epochs=args.epochs,
        batch=args.batch,
        patience=args.patience,
        width=args.width,
        adapt_rounds=args.adapt_rounds,
    )
    listed = list_tiles(args.tiles, _table(args))
    with open_work(args.out, resume=args.resume) as work:
        try:
            _fit(listed, config, args.out, work)
        except KeyboardInterrupt:
            print(
                "\nInterrupted. What was done is kept; the same command with --resume goes on.",
                file=sys.stderr,
            )
            return _INTERRUPTED
        except OSError as error:  # a full disk, mostly
            raise InputError(
                f"{error.filename or work}: {error.strerror or error}. Make room or mend it; the "
                "same command with --resume goes on."
            ) from error
        shutil.rmtree(work, ignore_errors=True)
    print(summary(open_bundle(args.out), time.monotonic() - start))
    return 0


def _fit(listed: Sequence[Listed], config: FitConfig, target: Path, work: Path) -> Manifest:
    mark, log = fingerprint(listed, config.side), StepLog()
    check_same(work, mark_of(config, mark))
    tiles = read_tiles(listed, work, side=config.side, log=log)
    _tell_skipped(tiles)
    gpu = start_tensorflow()
    from training.learning.pipeline import Job, run_job  # noqa: PLC0415  TensorFlow takes seconds

    return run_job(Job(tiles, config, target, work, mark, gpu, log))


def summary(bundle: Bundle, seconds: float) -> str:
    """Return what a fit came to, in a few lines, with the next command."""
    manifest, path = bundle.manifest, bundle.path
    source, found, metrics = manifest.source, manifest.clustering, manifest.metrics
    scans = f" of {source.scans} scans" if source.scans else ""
    skipped = f", {len(source.skipped)} files skipped" if source.skipped else ""
    epochs, loss = len(manifest.history["loss"]), metrics["best_val_loss"]
    best = f"best validation loss {loss:.4f} in epoch {metrics['best_epoch']:.0f}"
    memory = f"at most {metrics['peak_rss_mib']:,.0f} MiB of memory"
    lines = (
        f"Bundle {path} ({manifest.bundle_id})",
        f"  tiles      {source.tiles:,}{scans}{skipped}",
        f"  training   {epochs} epochs, {best}",
        f"  clusters   {found.clusters}, {found.noise_share:.0%} of the tiles in none",
        f"  verdicts   {_verdicts(bundle)}",
        f"  took       {seconds:.0f} s, {memory}",
        f"Next: python -m service --bundle {path}",
    )
    return "\n".join(lines)


def _verdicts(bundle: Bundle) -> str:
    rules = bundle.manifest.screening
    counts = np.bincount(bundle.verdicts, minlength=len(VERDICTS)).tolist()
    told = ", ".join(f"{count:,} {name}" for name, count in zip(VERDICTS, counts, strict=True))
    if not rules.calibrated:
        return f"{told}; {rules.note}"
    return f"{told}; lettering on about {rules.lettering_share:.0%} of the tiles"


def _table(args: argparse.Namespace) -> Table | None:
    if args.manifest is None:
        if args.where:
            raise InputError(
                f"--where chooses rows of a table; say which: --manifest {args.tiles}/tiles.csv."
            )
        return None
    pairs = [condition.partition("=") for condition in args.where]
    for column, equals, value in pairs:
        if not (column and equals):
            raise InputError(
                f"--where {column}{equals}{value} is not COLUMN=VALUE, such as class=0."
            )
    where = tuple((column, value) for column, _, value in pairs)
    return Table(args.manifest, args.id_column, where)


def _tell_skipped(tiles: TileSet) -> None:
    if not tiles.skipped:
        return
    print(f"Skipped {len(tiles.skipped)} files that are no tiles:", file=sys.stderr)
    for name, reason in list(tiles.skipped.items())[:_SHOWN]:
        print(f"  {name}: {reason}", file=sys.stderr)
    if len(tiles.skipped) > _SHOWN:
        print("  and so on; the bundle's manifest.json lists them all.", file=sys.stderr)

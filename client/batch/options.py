"""The batch commands' arguments."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..arguments import Commands, add_service, count, share
from ..plans import Command
from ..sources.lists import Columns

_COMMANDS: dict[Command, str] = {
    "encode": "the latent of every tile: one row a tile, columns l0, l1, ...",
    "neighbors": "the nearest stored tiles of every tile: one row a neighbour",
    "cluster": "the cluster of every tile: one row a tile",
    "screen": "the verdict on every tile, keep, review or drop: one row a tile",
}
_EPILOG = """\
INPUT is a folder, searched for *.png with its sub-folders; a file; a quoted pattern
('tiles/**/c3*.png'); a zip archive (*.zip), read where it is; a manifest (*.csv, *.tsv) with a
column of paths and, if you like, one of ids; or - for a list of paths on standard input, one a
line or each ended by a NUL (find -print0). Several do as well. A tile's id is its file's stem;
the column `file` tells apart two of one stem. Rows are sorted by file.

Answers are kept in OUT.ledger until the table is written, by the content of the tiles. When a run
breaks, the same command with --resume asks for what has no answer, and for nothing else. Tiles
that fail are listed at the end and in OUT.failures.csv, and have a row with the reason in the
column `error`.

exit status: 0 all answered, or no more failed than --max-failure-rate allows; 1 nothing asked
(bad input, no service, another bundle); 2 written, but more failed; 3 broken off, answers so far
are kept; 130 interrupted; 141 nobody reads what is printed"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked for on the command line; every field is an argument of that name."""

    command: Command
    inputs: list[str]
    url: str
    api_key: str | None
    out: Path
    k: int | None
    resume: bool
    ledger: Path | None
    failures: Path | None
    max_failure_rate: float
    path_column: str
    id_column: str
    parallel: int
    timeout: float
    quiet: bool

    @property
    def ledger_file(self) -> Path:
        """Where answers are kept until the table is written."""
        return self.ledger or _beside(self.out, ".ledger")

    @property
    def failures_file(self) -> Path:
        """Where failed tiles are listed."""
        return self.failures or _beside(self.out, ".failures.csv")

    @property
    def columns(self) -> Columns:
        """Which columns of a manifest count."""
        return Columns(self.path_column, self.id_column)


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(out.name + ending)


def add_commands(commands: Commands) -> None:
    """Add the batch commands."""
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _configure(command)
        if name == "neighbors":
            command.add_argument(
                "-k",
                type=count(100),
                default=5,
                metavar="N",
                help="neighbours a tile, 1 to 100 (5)",
            )
        elif name == "screen":
            command.add_argument(
                "-k",
                type=count(20, least=0),
                default=0,
                metavar="N",
                help="tiles of evidence a reason, 0 to 20 (0); only .ndjson holds them",
            )
        else:
            command.set_defaults(k=None)


def checked(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Options:
    """Return the options; leaves with a sentence where two of them do not go together."""
    options = Options(**vars(arguments))
    if options.command == "screen" and options.k and options.out.suffix != ".ndjson":
        parser.error(f"-k: {options.out} has no room for evidence; give --out a name in .ndjson.")
    return options


def _configure(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="folder, file, pattern, zip, manifest, or -")
    add("--out", type=Path, required=True, metavar="FILE", help=".csv, .parquet or .ndjson")
    add_service(command)
    add("--resume", action="store_true", help="keep the answers of a broken run; ask for the rest")
    add("--ledger", type=Path, metavar="FILE", help="keep answers there, and after the run too")
    add("--failures", type=Path, metavar="CSV", help="list failed tiles there (OUT.failures.csv)")
    add(
        "--max-failure-rate",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="share of the tiles that may fail with exit status 0 (0)",
    )
    add("--path-column", default=Columns.path, metavar="NAME", help="a manifest's paths (path)")
    add("--id-column", default=Columns.id, metavar="NAME", help="a manifest's ids (id)")
    add(
        "--parallel",
        type=count(64),
        default=16,
        metavar="N",
        help="requests at a time at most, 1 to 64 (16); fewer when the service is slow or refuses",
    )
    add("--quiet", action="store_true", help="no progress")

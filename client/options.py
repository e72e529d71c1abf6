"""The batch command's arguments."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from client.api import TIMEOUT_S, URL
from client.keys import VARIABLE
from client.plans import Command

_COMMANDS: dict[Command, str] = {
    "encode": "the latent of every tile: one row a tile, columns l0, l1, ...",
    "neighbors": "the nearest stored tiles of every tile: one row a neighbour",
    "cluster": "the cluster of every tile: one row a tile",
    "screen": "the verdict on every tile, keep, review or drop: one row a tile",
}
_LONGEST_S = 86_400.0
_EPILOG = """\
FOLDER is searched for *.png with its sub-folders; single files and quoted patterns
('tiles/**/c3*.png') do as well, and several of them. A tile's id is its file's stem; the
column `file` tells apart two of one stem. Rows are sorted by file.

Answers are kept in FILE.journal until the table is written. When a run breaks, the same
command with --resume goes on where it stopped. Files that fail are listed at the end, and
have a row with the reason in the column `error`.

exit status: 0 all fine; 1 nothing written (bad input, no service, another bundle);
2 written, but some files failed; 130 interrupted"""


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
    failures: Path | None
    parallel: int
    timeout: float
    quiet: bool

    @property
    def journal(self) -> Path:
        """Where answers are kept until the table is written."""
        return self.out.with_name(self.out.name + ".journal")


def parse(argv: Sequence[str] | None) -> Options:
    """Read the arguments, those of the process by default; leaves with a sentence if wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m client",
        description="Send a folder of tiles to a running Tilescreen service; get a table.",
        epilog="python -m client COMMAND --help tells about the options.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
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
                type=_count(100),
                default=5,
                metavar="N",
                help="neighbours a tile, 1 to 100 (5)",
            )
        elif name == "screen":
            command.add_argument(
                "-k",
                type=_count(20, least=0),
                default=0,
                metavar="N",
                help="tiles of evidence a reason, 0 to 20 (0); only .ndjson holds them",
            )
        else:
            command.set_defaults(k=None)
    options = Options(**vars(parser.parse_args(argv)))
    if options.command == "screen" and options.k and options.out.suffix != ".ndjson":
        parser.error(f"-k: {options.out} has no room for evidence; give --out a name in .ndjson.")
    return options


def _configure(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("inputs", nargs="+", metavar="FOLDER", help="folder, file or quoted pattern of PNG tiles")
    add("--out", type=Path, required=True, metavar="FILE", help=".csv, .parquet or .ndjson")
    add("--url", default=URL, help=f"address of the service ({URL})")
    add("--api-key", metavar="KEY", help=f"where the service asks for one (${VARIABLE})")
    add("--resume", action="store_true", help="keep the answers of a broken run; ask for the rest")
    add("--failures", type=Path, metavar="CSV", help="write the failed files and reasons there too")
    add(
        "--parallel",
        type=_count(64),
        default=4,
        metavar="N",
        help="requests at a time, 1 to 64 (4)",
    )
    add(
        "--timeout",
        type=_seconds,
        default=TIMEOUT_S,
        metavar="S",
        help=f"longest silence of the service in seconds ({TIMEOUT_S:g})",
    )
    add("--quiet", action="store_true", help="no progress bar")


def _count(highest: int, *, least: int = 1) -> Callable[[str], int]:
    def count(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= highest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {least} to {highest}"
            )
        return number

    return count


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return number

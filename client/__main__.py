"""`python -m client COMMAND`: tiles into tables, decisions, exports; see docs/client.md."""

import argparse
import sys
from collections.abc import Sequence

import httpx

from . import curating
from .arguments import Parser
from .batch import command as batch
from .batch.options import Options, add_commands, checked
from .exits import DONE, NOTHING_DONE
from .retry import Retry

PACKAGE = __package__ or "client"
"""What this package is called where it is installed; `client` in the repository."""


def main(
    argv: Sequence[str] | None = None,
    *,
    transport: httpx.MockTransport | None = None,
    retry: Retry | None = None,
) -> int:
    """Run a command and return its exit status.

    Args:
        argv: arguments; those of the process by default.
        transport: takes the network's place in tests.
        retry: when to ask again.
    """
    try:
        options = parse(argv)
    except SystemExit as stop:  # argparse leaves with 2, which here means that some tiles failed
        return NOTHING_DONE if stop.code else DONE
    if isinstance(options, Options):
        return batch.run(options, transport=transport, retry=retry)
    return curating.run(options, transport=transport, retry=retry)


def parse(argv: Sequence[str] | None) -> Options | argparse.Namespace:
    """Read the arguments, those of the process by default; leaves with a sentence if wrong."""
    parser: argparse.ArgumentParser = Parser(
        prog=f"python -m {PACKAGE}",
        description="Send tiles to a running Tilescreen service; decide about stored ones.",
        epilog=f"python -m {PACKAGE} COMMAND --help tells about the options.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_commands(commands)
    curating.add_commands(commands)
    arguments = parser.parse_args(argv)
    return arguments if curating.is_one(arguments.command) else checked(parser, arguments)


if __name__ == "__main__":
    sys.exit(main())

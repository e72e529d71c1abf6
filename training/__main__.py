"""`python -m training COMMAND`: one command per step, each a module with two functions.

`configure(parser)` adds the command's arguments, `run(args)` does the work and returns the
exit status. A command's module is imported only when it is asked for, since most of them
bring in large libraries.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from bundle.errors import TilescreenError

COMMANDS = {
    "tile": "cut scans into PNG tiles by the study's recipe",
    "fit": "train on tiles and write a bundle",
    "evaluate": "measure a bundle against labelled tiles",
    "audit": "tell whether lettering predicts the class, and what cleaning changes",
    "screen": "list a bundle's tiles without those that hold lettering",
    "report": "write one self-contained HTML page about a bundle",
    "plant": "plant known lettering on clean tiles, to try a screen on",
    "pretrain": "make the starting weights that come with the project",
    "study": "repeat the study's pipeline and show what each of its flaws does",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 on bad input, 130 when interrupted."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        args = _parse(argv)
        return int(args.run(args))
    except TilescreenError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a file without the right to read it
        name = f"{error.filename}: " if error.filename else ""
        print(
            f"training: {name}{error.strerror or error}. Mend it and give the same command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\ntraining: interrupted", file=sys.stderr)
        return 130


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="From scans to tiles to a bundle, and the measuring of bundles.",
        epilog="python -m training COMMAND --help tells about one command.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in argv[:1]:
            module = import_module(f"training.{name}")
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

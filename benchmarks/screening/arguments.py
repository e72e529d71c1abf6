"""What the commands here read from their command lines."""

import argparse
from pathlib import Path

from bundle.errors import InputError


def parser_of(module: str, about: str | None) -> argparse.ArgumentParser:
    """Return a parser of a module that asks bundles about labelled collections."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--collection", action="append", required=True, metavar="NAME=TILES:CSV")
    parser.add_argument("--bundle", action="append", required=True, metavar="NAME=BUNDLE")
    return parser


def pair(text: str) -> tuple[str, str]:
    """Split NAME=REST.

    Raises:
        InputError: it is not of that form.
    """
    name, equals, rest = text.partition("=")
    if not (name and equals and rest):
        raise InputError(f"{text!r} is not NAME=PATH.")
    return name, rest


def collection_parts(text: str) -> tuple[str, list[Path], Path]:
    """Split NAME=TILES[,TILES]:LABELS.csv into name, folders and labels.

    Raises:
        InputError: it is not of that form.
    """
    name, rest = pair(text)
    folders, colon, labels = rest.rpartition(":")
    if not colon:
        raise InputError(f"{text!r} is not NAME=TILES:LABELS.csv.")
    return name, [Path(folder) for folder in folders.split(",")], Path(labels)

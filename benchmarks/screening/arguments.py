"""What the commands here read from their command lines."""

from pathlib import Path

from bundle.errors import InputError


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

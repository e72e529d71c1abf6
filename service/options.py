"""From flags and the environment to the settings."""

import argparse
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pydantic import ValidationError

from bundle.errors import InputError
from service import VERSION
from service.requests.invalid import in_words
from service.settings import EMPTY, PREFIX, SECRET, Settings


def read_settings(argv: Sequence[str] | None) -> Settings:
    """Build the settings from flags, then the environment, then defaults.

    Raises:
        InputError: a value is not allowed; the message names the setting and the bound.
    """
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Open a bundle and answer about tiles over HTTP.",
        epilog=f"Each flag is an environment variable too: --max-queue-tiles is "
        f"{PREFIX}MAX_QUEUE_TILES. A flag wins.",
    )
    parser.add_argument("--version", action="version", version=f"Tilescreen {VERSION}")
    for name, field in Settings.model_fields.items():
        if name in SECRET:
            continue
        default = "no default" if field.default in EMPTY else f"default {field.default}"
        parser.add_argument(
            "--" + name.replace("_", "-"),
            default=argparse.SUPPRESS,
            metavar=str(field.title).upper(),
            help=f"{field.description} ({default})",
        )
    try:
        return Settings(**vars(parser.parse_args(argv)))
    except ValidationError as error:
        raise InputError(" ".join(_sentence(part) for part in error.errors())) from error


def _sentence(part: object) -> str:
    assert isinstance(part, dict)
    if not part["loc"]:
        return f"The settings do not agree: {part['msg'].removeprefix('Value error, ')}."
    name = str(part["loc"][0])
    flag = "--" + name.replace("_", "-")
    return f"{flag} (or {PREFIX}{name.upper()}) is {str(part['input'])!r}: {in_words(part)}."


def unknown_variables() -> Iterator[str]:
    """Yield a sentence for each environment variable that looks like a setting and is none."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and short not in known:
            near = get_close_matches(short, known, 1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "--help lists all."
            yield f"{name} is no setting and is ignored: {hint}"

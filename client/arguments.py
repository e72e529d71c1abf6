"""Arguments that several commands have, and kinds of values."""

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from .address import URL
from .api import TIMEOUT_S
from .keys import VARIABLE

# It has no other name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
_LONGEST_S = 86_400.0


class Parser(argparse.ArgumentParser):
    """Says what to do about a key that looks like an option."""

    def error(self, message: str) -> NoReturn:
        """Leave with a sentence."""
        if message.startswith("argument --api-key: expected"):
            message += f"; write --api-key=KEY where it begins with -, or set {VARIABLE}"
        super().error(message)


def add_service(command: argparse.ArgumentParser) -> None:
    """Add what says which service is asked, and how patiently."""
    add = command.add_argument
    add("--url", default=URL, help=f"address of the service ({URL})")
    add(
        "--api-key",
        metavar="KEY",
        help=f"where the service asks for one (${VARIABLE}); --api-key=KEY if it begins with -",
    )
    add(
        "--timeout",
        type=seconds,
        default=TIMEOUT_S,
        metavar="S",
        help=f"longest silence of the service in seconds ({TIMEOUT_S:g})",
    )


def count(highest: int, *, least: int = 1) -> Callable[[str], int]:
    """Return the kind of value that is a whole number between two."""

    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= highest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {least} to {highest}"
            )
        return number

    return whole


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    number = _number(text)
    if not 0 < number <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return number


def share(text: str) -> float:
    """Read a share from 0 to 1."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0

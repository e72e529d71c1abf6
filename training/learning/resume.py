"""Whether a fit may go on from the checkpoint of an earlier one."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from bundle.errors import InputError
from training.learning import checkpoint
from training.learning.config import RECIPE, START, FitConfig


def mark_of(config: FitConfig, data_mark: str) -> str:
    """Return as text what runs that may share a checkpoint have in common.

    That is settings, data, recipe and starting weights. The last two come with the project: those
    of another version may give another network.
    """
    start = sha256(START.read_bytes()).hexdigest() if START.exists() else None
    told = {"settings": config.settings(), "tiles": data_mark, "start": start, "recipe": RECIPE}
    return json.dumps(told, sort_keys=True)


def check_same(work: Path, mark: str) -> None:
    """Refuse to go on from a checkpoint of other settings, tiles or starting weights.

    Nothing is said when there is no checkpoint, or none that can be read: then there is
    nothing to lose.

    Raises:
        InputError: there is a checkpoint and it is of another run; the message says how the
            two differ.
    """
    stored = checkpoint.stored_mark(work)
    if stored is not None and stored != mark:
        raise InputError(
            f"--resume does not fit the checkpoint in {work}: {_difference(stored, mark)}. Give "
            "what was given then, or drop --resume to start afresh."
        )


def _difference(stored: str, mark: str) -> str:
    try:
        then, now = json.loads(stored), json.loads(mark)
        old, new = then["settings"], now["settings"]
        parts = [
            f"--{name} was {_shown(old.get(name))} and is {_shown(value)}"
            for name, value in new.items()
            if old.get(name) != value
        ]
        if old["profile"] != new["profile"]:  # all that follows from it is no news
            parts = [f"--profile was {old['profile']} and is {new['profile']}"]
        if then["tiles"] != now["tiles"]:
            parts.append("the tiles changed")
    except (ValueError, TypeError, KeyError):
        parts = []
    return ", ".join(parts) or "another version of this program made it"


def _shown(value: Any) -> str:  # noqa: ANN401  a setting, as JSON gave it
    return "not set" if value is None else str(value)

"""The state of training, on disk without pickle."""

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHECKPOINT = "checkpoint.npz"
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass
class State:
    """How far training has come.

    history: loss and val_loss of each finished epoch.
    seen: tiles trained on in the epoch that is not finished.
    loss_sum: sum of their losses.
    weights: of the network, in Keras' order.
    optimizer: its variables.
    best: weights of the epoch with the lowest val_loss.
    """

    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "val_loss": []})
    seen: int = 0
    loss_sum: float = 0.0
    weights: Sequence[NDArray[Any]] = ()
    optimizer: Sequence[NDArray[Any]] = ()
    best: Sequence[NDArray[Any]] = ()

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.history["loss"])

    @property
    def best_epoch(self) -> int:
        """Number of epochs up to the best one, 0 before the first."""
        losses = self.history["val_loss"]
        return int(np.argmin(losses)) + 1 if losses else 0


def save(work: Path, mark: str, state: State) -> None:
    """Write the state; a crash on the way leaves the one before."""
    arrays = {
        f"{part}_{number:03d}": values
        for part in ("weights", "optimizer", "best")
        for number, values in enumerate(getattr(state, part))
    }
    numbers = {"history": state.history, "seen": state.seen, "loss_sum": state.loss_sum}
    about = json.dumps({"mark": mark, "numbers": numbers})
    new = work / f"{CHECKPOINT}.new"
    with new.open("wb") as stream:
        np.savez(stream, allow_pickle=False, about=np.array(about), **arrays)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(work / CHECKPOINT)


def stored_mark(work: Path) -> str | None:
    """Return the mark of the checkpoint that is there, or None if none can be read."""
    try:
        with (
            (work / CHECKPOINT).open("rb") as stream,
            np.load(stream, allow_pickle=False) as stored,
        ):
            return str(json.loads(str(stored["about"]))["mark"])
    except _UNREADABLE:
        return None


def load(work: Path, mark: str) -> State | None:
    """Return the state of an earlier run with the same mark, or None."""
    try:
        with (
            (work / CHECKPOINT).open("rb") as stream,
            np.load(stream, allow_pickle=False) as stored,
        ):
            about = json.loads(str(stored["about"]))
            if about["mark"] != mark:
                return None
            names = sorted(stored.files)
            parts: dict[str, Any] = {
                part: [stored[name] for name in names if name.startswith(f"{part}_")]
                for part in ("weights", "optimizer", "best")
            }
    except _UNREADABLE:
        return None
    return State(**about["numbers"], **parts)

"""What one fit is told: the profile's values, changed by what the user gave."""

from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Literal, TypeAlias

from bundle.errors import InputError
from bundle.manifest import Setting

Profile: TypeAlias = Literal["study", "default"]
SIDE = 192
"""Pixels of the default profile's square input: letters of six pixels on a tile of 299 have
four there."""
RECIPE = 5
"""Grows when the same settings, tiles and starting weights give other weights than before."""
START = Path(str(files("training.learning").joinpath("screener.npz")))
"""The starting weights that come with the project."""
LossName: TypeAlias = Literal["crossentropy", "strokes"]


@dataclass(frozen=True)
class FitConfig:
    """Settings of one training run.

    profile: which network, see training.learning.network.
    side: pixels of the encoder's square input.
    loss: `crossentropy` (the study's) or `strokes` (training.learning.losses).
    learning_rate: Adam's.
    batch: tiles a step.
    epochs: most passes over the tiles; None takes as many as `tile_passes` allows.
    tile_passes: tiles seen in all when `epochs` is None, at least `MIN_EPOCHS` passes.
    patience: epochs without a better validation loss before training stops.
    validation: share of tiles held out of training, whole patients or scans of them.
    width: filters of the default profile's first layer; the others follow.
    adapt_rounds: how often the screener is adapted to the tiles, see training.learning.adapting.
    seed: of weights, split and order.
    """

    profile: Profile
    side: int = SIDE
    loss: LossName = "strokes"
    learning_rate: float = 2e-3
    batch: int = 16
    epochs: int | None = None
    tile_passes: int = 6_000
    patience: int = 6
    validation: float = 0.15
    width: int = 16
    adapt_rounds: int = 2
    seed: int = 42

    def epochs_for(self, tiles: int) -> int:
        """Return the most epochs for so many training tiles."""
        return self.epochs or max(MIN_EPOCHS, ceil(self.tile_passes / tiles))

    def settings(self) -> dict[str, Setting]:
        """Return all settings as the manifest stores them."""
        return asdict(self)


MIN_EPOCHS = 2
"""Passes over a large set when nobody says otherwise; small sets get more."""

PROFILES: dict[Profile, FitConfig] = {
    "default": FitConfig(profile="default"),
    # Source: the study's notebook. Adam's rate there is Keras' default.
    "study": FitConfig(
        profile="study",
        side=128,
        loss="crossentropy",
        learning_rate=1e-3,
        batch=128,
        epochs=30,
        patience=5,
        width=128,
        adapt_rounds=0,
    ),
}


def make_config(
    profile: Profile,
    *,
    seed: int,
    epochs: int | None = None,
    batch: int | None = None,
    patience: int | None = None,
    width: int | None = None,
    adapt_rounds: int | None = None,
) -> FitConfig:
    """Return the profile's settings with the user's in their place.

    Raises:
        InputError: a number is out of bounds, or the study's network is told a width.
    """
    given = {"epochs": epochs, "batch": batch, "patience": patience, "width": width}
    for name, value in given.items():
        if value is not None and value < 1:
            raise InputError(f"--{name} is {value}; it must be at least 1.")
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed is {seed}; it must be from 0 to {2**32 - 1}.")
    if adapt_rounds is not None and adapt_rounds < 0:
        raise InputError(f"--adapt-rounds is {adapt_rounds}; it must be at least 0.")
    if profile == "study" and (width is not None or adapt_rounds):
        raise InputError(
            "--width and --adapt-rounds are for the default profile; the study's network is fixed."
        )
    given["adapt_rounds"] = adapt_rounds
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(PROFILES[profile], seed=seed, **changes)  # type: ignore[arg-type]

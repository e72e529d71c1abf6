"""Settings of a fit."""

import json

import pytest

from bundle.errors import InputError
from training.learning.config import MIN_EPOCHS, PROFILES, make_config


def test_study_profile_is_the_studys() -> None:
    """Batch, epochs, patience and loss are those of the notebook."""
    study = PROFILES["study"]
    assert (study.batch, study.epochs, study.patience) == (128, 30, 5)
    assert (study.loss, study.side) == ("crossentropy", 128)


def test_small_sets_get_more_epochs() -> None:
    """By default the tiles seen in all are bounded, not the passes."""
    default = PROFILES["default"]
    assert default.epochs_for(100) > default.epochs_for(1_000) >= default.epochs_for(62_000)
    assert default.epochs_for(62_000) == MIN_EPOCHS


def test_what_the_user_says_counts() -> None:
    """Given values replace the profile's, others stay."""
    config = make_config("default", seed=7, epochs=3, width=4)
    assert (config.seed, config.epochs, config.width) == (7, 3, 4)
    assert config.batch == PROFILES["default"].batch
    assert config.epochs_for(10) == 3


@pytest.mark.parametrize("option", ["epochs", "batch", "patience", "width"])
def test_numbers_below_one(option: str) -> None:
    """Zero epochs and the like are refused by the option's name."""
    with pytest.raises(InputError, match=rf"--{option} is 0; it must be at least 1"):
        make_config("default", seed=1, **{option: 0})


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_bounds(seed: int) -> None:
    """A seed that NumPy and Keras do not take is refused before any work."""
    with pytest.raises(InputError, match="--seed"):
        make_config("default", seed=seed)


def test_study_has_one_width() -> None:
    """The study's network is exact, so it takes no width."""
    with pytest.raises(InputError, match="--width and --adapt-rounds are for the default profile"):
        make_config("study", seed=1, width=8)


def test_settings_are_plain_values() -> None:
    """Everything that the manifest stores is a JSON scalar."""
    settings = PROFILES["default"].settings()
    assert json.loads(json.dumps(settings)) == settings

"""Going on from a checkpoint: only with the settings and tiles that it was made with."""

from dataclasses import replace
from pathlib import Path

import pytest

from bundle.errors import InputError
from training.learning import resume
from training.learning.checkpoint import CHECKPOINT, State, save
from training.learning.config import PROFILES, FitConfig
from training.learning.resume import check_same, mark_of

CONFIG = PROFILES["default"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with a checkpoint of the default settings and the tiles `a`."""
    save(tmp_path, mark_of(CONFIG, "a"), State())
    return tmp_path


def test_same_run_goes_on(work: Path) -> None:
    """The same settings and tiles are not refused."""
    check_same(work, mark_of(CONFIG, "a"))


@pytest.mark.parametrize(
    ("config", "tiles", "said"),
    [
        (replace(CONFIG, batch=8), "a", r": --batch was 16 and is 8\. Give"),
        (replace(CONFIG, epochs=9), "a", r": --epochs was not set and is 9\. Give"),
        (CONFIG, "b", r": the tiles changed\. Give"),
        (replace(CONFIG, seed=1), "b", r": --seed was 42 and is 1, the tiles changed\. Give"),
        (PROFILES["study"], "a", r": --profile was default and is study\. Give"),
    ],
)
def test_differences_are_named(work: Path, config: FitConfig, tiles: str, said: str) -> None:
    """What differs stops the fit and is named, with both values and the way out."""
    with pytest.raises(InputError, match=f"{said} .* drop --resume to start afresh"):
        check_same(work, mark_of(config, tiles))
    assert (work / CHECKPOINT).exists()


def test_other_starting_weights_are_another_version(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun on the weights of another version is not gone on with."""
    other = tmp_path / "other.npz"
    other.write_bytes(b"others")
    monkeypatch.setattr(resume, "START", other)
    with pytest.raises(InputError, match="another version of this program made it"):
        check_same(work, mark_of(CONFIG, "a"))


def test_another_recipe_is_another_version(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a fit learns from more lessons than it did: nothing else says so."""
    monkeypatch.setattr(resume, "RECIPE", resume.RECIPE + 1)
    with pytest.raises(InputError, match="another version of this program made it"):
        check_same(work, mark_of(CONFIG, "a"))


def test_checkpoint_of_another_version(work: Path) -> None:
    """A mark that is no such text is refused as well."""
    save(work, "0123abcd", State())
    with pytest.raises(InputError, match="another version of this program made it"):
        check_same(work, mark_of(CONFIG, "a"))


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_nothing_to_lose(work: Path, damage: str) -> None:
    """Without a checkpoint that can be read, --resume is a start."""
    (work / CHECKPOINT).unlink()
    if damage == "empty":
        (work / CHECKPOINT).touch()
    check_same(work, mark_of(CONFIG, "b"))

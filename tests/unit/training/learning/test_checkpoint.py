"""The state of training on disk."""

from pathlib import Path

import numpy as np
import pytest

from training.learning.checkpoint import CHECKPOINT, State, load, save


def state() -> State:
    """Return a state after three epochs, the second one the best."""
    history = {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 1.0, 2.0]}
    arrays = [np.full((2, 2), number, np.float32) for number in range(12)]
    return State(history, 64, 0.5, arrays, [np.array(7), *arrays], arrays[::-1])


def test_state_comes_back(tmp_path: Path) -> None:
    """What is saved is loaded, arrays in their order."""
    save(tmp_path, "mark", state())
    back = load(tmp_path, "mark")
    assert back is not None
    assert back.history == state().history
    assert (back.seen, back.loss_sum) == (64, 0.5)
    assert [int(values.flat[0]) for values in back.weights] == list(range(12))
    assert [int(values.flat[0]) for values in back.best] == list(range(12))[::-1]
    assert int(back.optimizer[0]) == 7


def test_best_epoch() -> None:
    """The best epoch is the one of the lowest validation loss, counted from one."""
    assert state().epochs == 3
    assert state().best_epoch == 2
    assert State().best_epoch == 0


def test_another_run_s_checkpoint_is_not_taken(tmp_path: Path) -> None:
    """Other settings or data have another mark, and their weights are left alone."""
    save(tmp_path, "mark", state())
    assert load(tmp_path, "other") is None


@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_unusable_checkpoint_is_none(tmp_path: Path, damage: str) -> None:
    """Without a sound checkpoint training begins anew."""
    save(tmp_path, "mark", state())
    file = tmp_path / CHECKPOINT
    content = b"" if damage == "empty" else file.read_bytes()[:-200]
    file.unlink() if damage == "missing" else file.write_bytes(content)
    assert load(tmp_path, "mark") is None


def test_crash_while_saving_leaves_the_last_one(tmp_path: Path) -> None:
    """The new checkpoint takes the old one's place only when it is whole."""
    save(tmp_path, "mark", state())
    broken = state()
    broken.optimizer = [np.array([object()])]  # what only pickle could write
    with pytest.raises(ValueError, match=r"(?i)object array"):
        save(tmp_path, "mark", broken)
    assert load(tmp_path, "mark") is not None

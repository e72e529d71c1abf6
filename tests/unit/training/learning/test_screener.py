"""The screener's weights: they come with the project, and nothing else is taken for them."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from bundle.errors import InputError
from tests.tile_folders import stroke_tiles
from training.learning.config import START
from training.learning.screener import build_screener, load_start, read_trunk, save_start

SIDE = 32


@pytest.fixture(scope="module")
def screener() -> keras.Model:
    """A small screener with the weights that come with the project."""
    screener = build_screener(SIDE)
    load_start(screener)
    return screener


def test_outputs_are_deep_features_and_maps(screener: keras.Model) -> None:
    """Every cell of eight pixels has 104 features and three log-odds; cells of 16 have 96."""
    deep, features, maps = screener(stroke_tiles(2, side=SIDE)[..., None])
    assert deep.shape == (2, 2, 2, 96)
    assert features.shape == (2, 4, 4, 104)
    assert maps.shape == (2, 4, 4, 3)
    assert {values.dtype for values in (deep, features, maps)} == {tf.float32}


def test_the_same_weights_do_for_every_side(screener: keras.Model) -> None:
    """Nothing in the file depends on the side of the tiles."""
    larger = build_screener(3 * SIDE)
    load_start(larger)
    for one, other in zip(larger.get_weights(), screener.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_come_back_from_a_file(screener: keras.Model, tmp_path: Path) -> None:
    """Half precision is what the file holds, whatever it is called, and reading it keeps that."""
    file = tmp_path / "weights.of.mine"
    save_start(screener, file)
    again = build_screener(SIDE)
    load_start(again, file)
    for one, other in zip(again.get_weights(), screener.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.of.mine"]


def test_weights_beyond_half_precision_keep_their_value(tmp_path: Path) -> None:
    """A number too large for half precision does not become infinite."""
    screener = build_screener(SIDE)
    screener.get_layer("maps").bias.assign([1e6, 0.0, 0.0])
    save_start(screener, tmp_path / "w.npz")
    again = build_screener(SIDE)
    load_start(again, tmp_path / "w.npz")
    assert again.get_layer("maps").bias.numpy().tolist() == [1e6, 0.0, 0.0]


def test_the_file_that_comes_along_is_small() -> None:
    """At most 6 MB, so that the repository stays light."""
    assert START.stat().st_size <= 6_000_000


@pytest.mark.parametrize("content", ["missing", "empty", "text", "torn", "array", "other"])
def test_what_holds_no_weights_is_refused(tmp_path: Path, content: str) -> None:
    """A file that is missing, damaged or of another network is told with what to do."""
    file = tmp_path / "w.npz"
    with file.open("wb") as stream:
        if content == "array":
            np.save(stream, np.zeros(3))
        elif content == "other":
            np.savez(stream, w000=np.zeros(3))
        else:
            stream.write({"text": b"weights", "torn": START.read_bytes()[:5000]}.get(content, b""))
    if content == "missing":
        file.unlink()
    with pytest.raises(InputError, match=r"does not hold the starting weights .*Restore it from"):
        load_start(build_screener(SIDE), file)


def test_the_trunk_stays_as_it_came(screener: keras.Model) -> None:
    """Nothing of it learns, neither kernels nor what normalises their values."""
    learns = [bool(layer.trainable) for layer in screener.layers if layer.weights]
    frozen = learns.index(True)
    assert not any(learns[:frozen])
    assert all(learns[frozen:])
    held = sum(layer.count_params() for layer in screener.layers if not layer.trainable)
    assert held == 721_952


@pytest.mark.parametrize("content", [None, b"", b"weights"])
def test_what_holds_no_trunk_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """The sentence says how the file is made."""
    file = tmp_path / "trunk.npz"
    if content is not None:
        file.write_bytes(content)
    wrong = r"does not hold the weights of a trunk .*Make it: "
    with pytest.raises(InputError, match=wrong) as refused:
        read_trunk(file)
    assert "unsafe" not in str(refused.value)


def test_an_archive_of_something_else_holds_no_trunk(tmp_path: Path) -> None:
    """A zip opens, but what is in it is no array."""
    file = tmp_path / "trunk.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(InputError, match="does not hold the weights of a trunk"):
        read_trunk(file)


def test_a_trunk_must_be_whole(tmp_path: Path) -> None:
    """It comes back as it is; less, more, or another order is refused."""
    screener = build_screener(original=True)
    count = sum(len(layer.weights) for layer in screener.layers if not layer.trainable)
    weights = screener.get_weights()
    file = tmp_path / "trunk.npz"

    def write(some: list[np.ndarray]) -> None:
        np.savez(file, **{f"w{number:03d}": values for number, values in enumerate(some)})

    write(weights[:count])
    for one, wanted in zip(read_trunk(file), weights[:count], strict=True):
        np.testing.assert_array_equal(one, wanted)
    for wrong in ([], weights[:10], weights[: count + 1], weights[1 : count + 1]):
        write(wrong)
        with pytest.raises(InputError, match="does not hold the weights of a trunk"):
            read_trunk(file)

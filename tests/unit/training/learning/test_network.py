"""The networks: what is in them, and what goes in and comes out."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from tests.tile_folders import stroke_tiles
from training.indexing.scaler import sureness
from training.learning.network import (
    LAYOUT,
    Autoencoder,
    default_autoencoder,
    study_autoencoder,
)
from training.learning.screener import build_screener, load_start

SIDE = 64
# Layer by layer as in the notebook; kernels are 3 x 3, BatchNormalization has four a filter.
STUDY_ENCODER = [
    9 * 3 * 128, 4 * 128, 9 * 128 * 64, 4 * 64, 9 * 64 * 32, 4 * 32,
    (16 * 16 * 32 + 1) * 256, (256 + 1) * 150,
]  # fmt: skip
STUDY_DECODER = [
    (150 + 1) * 256, (256 + 1) * 8192, 9 * 32 * 32, 4 * 32, 9 * 32 * 64, 4 * 64,
    (9 * 64 + 1) * 128, (128 + 1) * 3,
]  # fmt: skip


@pytest.fixture(scope="module")
def study() -> Autoencoder:
    """The study's network, untrained."""
    return study_autoencoder()


@pytest.fixture(scope="module")
def default() -> Autoencoder:
    """The default network at a small side, its layout untrained."""
    return default_autoencoder(SIDE, 2)


@pytest.fixture
def mixed_precision() -> Iterator[None]:
    """Build layers in half precision, as with a GPU."""
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


def counts(model: keras.Model) -> list[int]:
    """Return the parameters of each layer that has any."""
    return [layer.count_params() for layer in model.layers if layer.count_params()]


def learnt(model: keras.Model) -> int:
    """Return the number of parameters that training changes."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_study_has_its_parameters_layer_by_layer(study: Autoencoder) -> None:
    """Each layer has the study's number of parameters, and so have the sums."""
    assert counts(study.encoder) == STUDY_ENCODER
    assert counts(study.decoder) == STUDY_DECODER
    assert study.encoder.count_params() == 2_232_470
    assert study.decoder.count_params() == 2_246_275


def test_study_trains_what_it_trained(study: Autoencoder) -> None:
    """4,478,105 of 4,478,745 parameters are trainable: all but BatchNormalization's means."""
    models = (study.encoder, study.decoder)
    assert sum(map(learnt, models)) == 4_478_105
    assert sum(model.count_params() for model in models) == 4_478_745


def test_study_activations(study: Autoencoder) -> None:
    """The latent is a ReLU, its neighbours in both halves are linear, the picture a sigmoid."""
    dense = [layer for layer in study.encoder.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.activation.__name__ for layer in dense] == ["linear", "relu"]
    dense = [layer for layer in study.decoder.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.activation.__name__ for layer in dense] == ["linear", "relu"]
    assert study.decoder.layers[-1].activation.__name__ == "sigmoid"


def test_grey_becomes_three_equal_channels(study: Autoencoder) -> None:
    """The study's flaw, green tiles, cannot come back: its first convolution sees R = G = B."""
    first = next(layer for layer in study.encoder.layers if "conv" in layer.name)
    seen = keras.Model(study.encoder.input, first.input)
    tiles = stroke_tiles(2, side=128)
    red, green, blue = np.moveaxis(seen(tiles[..., None]).numpy(), -1, 0)
    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(red, blue)
    np.testing.assert_allclose(red, tiles / np.float32(255), rtol=1e-6)


@pytest.mark.parametrize("side", [32, 192])
def test_default_gives_back_the_tiles_size(side: int) -> None:
    """The default network follows the side; pictures lie in [0, 1]."""
    network = default_autoencoder(side, 2)
    latents = network.encoder(stroke_tiles(3, side=side)[..., None])
    pictures = network.decoder(latents).numpy()
    assert pictures.shape == (3, side, side, 1)
    assert 0 <= pictures.min() <= pictures.max() <= 1


def test_width_is_the_price_of_the_layout() -> None:
    """Fewer filters make less to learn; the latent never has more than the study's 150."""
    narrow, wide = default_autoencoder(96, 4), default_autoencoder(96, 16)
    assert learnt(narrow.encoder) < learnt(wide.encoder) / 3
    assert narrow.encoder.output_shape == wide.encoder.output_shape == (None, 150)


def test_default_latent_joins_layout_features_and_certainty(default: Autoencoder) -> None:
    """After 45 of the layout come the features' highest values, and last how sure it is."""
    tiles = stroke_tiles(4, side=SIDE)[..., None]
    screener = build_screener(SIDE)
    load_start(screener)
    _, features, maps = (values.numpy() for values in screener(tiles))
    latents = default.encoder(tiles).numpy()
    np.testing.assert_allclose(latents[:, LAYOUT:-1], features.max(axis=(1, 2)), rtol=1e-5)
    peak = np.sort(maps[..., 0].reshape(4, -1), axis=1)[:, -6:].mean(axis=1)
    np.testing.assert_allclose(latents[:, -1], sureness(peak), rtol=1e-4)


def test_examiner_gives_the_latents_and_the_maps(default: Autoencoder) -> None:
    """What is looked at beside the latents is what the screener sees; the study has none."""
    tiles = stroke_tiles(4, side=SIDE)[..., None]
    assert default.examiner is not None
    latents, maps = default.examiner(tiles)
    np.testing.assert_array_equal(latents, default.encoder(tiles))
    assert maps.shape == (4, SIDE // 8, SIDE // 8, 3)
    assert study_autoencoder().examiner is None


def test_only_the_layout_is_learnt(default: Autoencoder) -> None:
    """The screener is frozen: one convolution, its normalisation and the dense layout learn."""
    names = {weight.path.split("/")[0] for weight in default.encoder.trainable_weights}
    assert {name.rstrip("_0123456789") for name in names} == {
        "conv2d",
        "batch_normalization",
        "layout",
    }
    assert len(names) == 3


@pytest.mark.usefixtures("mixed_precision")
def test_half_precision_stays_inside() -> None:
    """With a GPU's precision latents and pictures are still float32."""
    network = default_autoencoder(32, 2)
    kinds = {layer.compute_dtype for layer in network.encoder.layers if "conv" in layer.name}
    assert kinds == {"float16"}
    assert network.encoder.output.dtype == "float32"
    assert network.decoder.output.dtype == "float32"

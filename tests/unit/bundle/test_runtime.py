"""The encoder that serves is the one that made the latents, or it does not serve."""

from pathlib import Path

import numpy as np
import pytest

from bundle import Bundle, BundleDamaged, OnnxDecoder, OnnxEncoder, SelfTestFailed, self_test
from bundle.arrays import Latents, Tiles
from tests.tiny import tiny_latents, tiny_tiles


class Drifting:
    """The tiny encoder, off by a constant."""

    def __init__(self, drift: float) -> None:
        self.drift = np.float32(drift)

    def encode(self, tiles: Tiles) -> Latents:
        return np.asarray(tiny_latents(tiles) + self.drift)


def test_the_encoder_gives_the_stored_latents(tiny_bundle: Bundle) -> None:
    """Encoding the tiles again gives what the bundle holds."""
    latents = OnnxEncoder(tiny_bundle.path, threads=1).encode(tiny_tiles())
    assert np.allclose(latents, tiny_bundle.latents, atol=1e-6)
    assert latents.dtype == np.float32


def test_a_batch_changes_nothing(tiny_bundle: Bundle) -> None:
    """A tile's latent is the same alone and among others."""
    encoder = OnnxEncoder(tiny_bundle.path)
    together = encoder.encode(tiny_tiles())
    alone = np.concatenate([encoder.encode(tile[None]) for tile in tiny_tiles()])
    assert np.array_equal(alone, together)


def test_the_decoder_gives_pictures(tiny_bundle: Bundle) -> None:
    """Latents come back as (n, side, side) uint8; the tiny decoder is exact."""
    pictures = OnnxDecoder(tiny_bundle.path).decode(np.array(tiny_bundle.latents))
    assert np.array_equal(pictures, tiny_tiles())
    assert pictures.dtype == np.uint8


def test_pictures_stay_in_range(tiny_bundle: Bundle) -> None:
    """A latent far outside gives black or white, not a wrapped number."""
    decoder = OnnxDecoder(tiny_bundle.path)
    pictures = decoder.decode(np.array([[-9, 9, 0, 1]], dtype=np.float32))
    assert np.unique(pictures).tolist() == [0, 255]
    assert pictures[0, 0, [0, 15]].tolist() == [0, 255]


def test_a_right_encoder_passes(tiny_bundle: Bundle) -> None:
    """The self-test gives the largest difference, within the threshold."""
    assert self_test(tiny_bundle, Drifting(5e-5)) == pytest.approx(5e-5, rel=0.01)


@pytest.mark.parametrize("drift", [0.01, float("nan")])
def test_a_wrong_encoder_fails(tiny_bundle: Bundle, drift: float) -> None:
    """An encoder that drifted, or gives NaN, is refused with both numbers."""
    with pytest.raises(SelfTestFailed, match=r"encoder\.onnx.*differ by.*allowed is 0\.0001"):
        self_test(tiny_bundle, Drifting(drift))


def test_an_encoder_of_another_size_fails(tiny_bundle: Bundle) -> None:
    """Latents of a wrong shape are told apart from wrong numbers."""

    class Narrow:
        def encode(self, tiles: Tiles) -> Latents:
            return tiny_latents(tiles)[:, :3]

    with pytest.raises(SelfTestFailed, match=r"shape \(4, 3\).*\(4, 4\)"):
        self_test(tiny_bundle, Narrow())


@pytest.mark.parametrize(("model", "name"), [(OnnxEncoder, "encoder"), (OnnxDecoder, "decoder")])
def test_bytes_that_are_no_model(
    tmp_path: Path, model: type[OnnxEncoder | OnnxDecoder], name: str
) -> None:
    """A file that does not run is called damaged, by its name."""
    (tmp_path / f"{name}.onnx").write_bytes(b"not a model")
    with pytest.raises(BundleDamaged, match=rf"{name}\.onnx is not a model"):
        model(tmp_path)

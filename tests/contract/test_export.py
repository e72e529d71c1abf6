"""The encoder that serves is the encoder that was trained."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from bundle import OnnxDecoder, OnnxEncoder
from bundle.arrays import Tiles
from bundle.manifest import Precision
from bundle.openvino_encoder import OpenVinoEncoder, is_installed
from tests.tile_folders import stroke_tiles
from training.learning.config import PROFILES, FitConfig
from training.learning.export import export, folded
from training.learning.halves import split_first
from training.learning.network import Autoencoder, build
from training.learning.quantize import quantize

CASES = {
    "default": PROFILES["default"],
    "narrow": replace(PROFILES["default"], side=64, width=2),
    "study": PROFILES["study"],
}


def trained(config: FitConfig) -> Autoencoder:
    """Return a network whose normalisations have something to fold, as after training."""
    keras.utils.set_random_seed(1)
    network, rng = build(config), np.random.default_rng(1)
    for layer in [*network.encoder.layers, *network.decoder.layers]:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return network


@pytest.fixture(scope="module", params=CASES)
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Autoencoder, Path, int]:
    """A network, the folder with its ONNX files, and its side."""
    config, folder = CASES[request.param], tmp_path_factory.mktemp(request.param)
    network = trained(config)
    export(network, folder)
    return network, folder, config.side


def seen(network: Autoencoder, tiles: Tiles, *, rounded: bool) -> list[NDArray[np.float32]]:
    """Return latents and maps by Keras, with the kernels as they are or as they are exported."""
    examiner = network.examiner
    model = folded(examiner, rounded=True) if examiner and rounded else examiner
    found = (
        model(tiles[..., None], training=False) if model else [network.encoder(tiles[..., None])]
    )
    return [values.numpy() for values in found]


def test_encoders_agree(exported: tuple[Autoencoder, Path, int]) -> None:
    """Keras' latents and the bundle's encoder's differ by next to nothing."""
    network, folder, side = exported
    probes = stroke_tiles(6, side=side)
    latents = OnnxEncoder(folder, threads=1).encode(probes)
    expected = seen(network, probes, rounded=True)[0]
    assert latents.dtype == np.float32
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(latents, expected, rtol=1e-4, atol=1e-4)


def test_folding_changes_nothing(exported: tuple[Autoencoder, Path, int]) -> None:
    """Normalisations, of depthwise kernels too, are taken in by the kernels before them."""
    network, _, side = exported
    probes = stroke_tiles(6, side=side)
    model = network.examiner or network.encoder
    found = folded(model)(probes[..., None], training=False)
    for values, expected in zip(
        found if network.examiner else [found], seen(network, probes, rounded=False), strict=True
    ):
        np.testing.assert_allclose(values, expected, rtol=1e-3, atol=2e-3)


def test_rounded_kernels_change_little(exported: tuple[Autoencoder, Path, int]) -> None:
    """Eight bits of precision move latents and maps by a part of what differs between places."""
    network, _, side = exported
    if network.examiner is None:
        pytest.skip("what makes no maps is not rounded")
    probes = stroke_tiles(6, side=side)
    both = (seen(network, probes, rounded=rounded) for rounded in (False, True))
    for before, after in zip(*both, strict=True):
        assert not np.array_equal(before, after)
        assert np.abs(after - before).mean() < 0.2 * before.std()


@pytest.mark.parametrize(("threads", "count"), [(1, 7), (2, 19)])
def test_a_tiles_bits_do_not_depend_on_its_batch(
    exported: tuple[Autoencoder, Path, int], threads: int, count: int
) -> None:
    """Release-blocking: latent and map of a tile have the same bits alone and in any company."""
    _, folder, side = exported
    encoder, probes = OnnxEncoder(folder, threads=threads), stroke_tiles(count, side=side)
    alone = [encoder.examine(probe[None]) for probe in probes]
    for size in range(1, len(probes) + 1, threads):
        found = encoder.examine(probes[:size])
        for place in range(size):
            assert np.array_equal(found.latents[place], alone[place].latents[0])
            assert np.array_equal(found.maps[place], alone[place].maps[0])


def test_maps_agree(exported: tuple[Autoencoder, Path, int]) -> None:
    """The bundle's maps are Keras', layers first; the study's encoder has none."""
    network, folder, side = exported
    probes = stroke_tiles(6, side=side)
    maps = OnnxEncoder(folder, threads=1).examine(probes).maps
    if network.examiner is None:
        assert maps.shape == (6, 0, 0, 0)
        return
    expected = seen(network, probes, rounded=True)[1]
    assert maps.dtype == np.float32
    assert maps.shape == (6, 3, side // 8, side // 8)
    assert expected.std() > 0.1
    np.testing.assert_allclose(maps, expected.transpose(0, 3, 1, 2), rtol=1e-4, atol=1e-4)


def test_decoders_agree(exported: tuple[Autoencoder, Path, int]) -> None:
    """The bundle's decoder paints the mean of Keras' channels."""
    network, folder, side = exported
    latents = np.random.default_rng(2).normal(size=(3, network.encoder.output_shape[-1]))
    pictures = OnnxDecoder(folder, threads=1).decode(latents.astype(np.float32))
    expected = network.decoder(latents, training=False).numpy().mean(-1) * 255
    assert pictures.shape == (3, side, side)
    assert np.abs(pictures - expected).max() <= 0.51


def test_one_tile_is_a_batch(exported: tuple[Autoencoder, Path, int]) -> None:
    """Any number of tiles goes through, and a tile's latent is the same alone."""
    _, folder, side = exported
    probes = stroke_tiles(5, side=side)
    encoder = OnnxEncoder(folder, threads=1)
    np.testing.assert_allclose(encoder.encode(probes[3:4])[0], encoder.encode(probes)[3], atol=1e-5)


def test_nothing_is_left_to_fold(exported: tuple[Autoencoder, Path, int]) -> None:
    """No normalisation remains, and equal channels are one: the study's grey, not three tones."""
    network, folder, _ = exported
    graph = onnx.load(folder / "encoder.onnx").graph
    assert "BatchNormalization" not in {node.op_type for node in graph.node}
    kernel = next(node.input[1] for node in graph.node if node.op_type == "Conv")
    channels = 3 if network.examiner else 1
    assert {init.name: list(init.dims) for init in graph.initializer}[kernel][1] == channels


def before_the_first_convolution(file: Path) -> list[str]:
    """Return the operations that make what the first convolution sees."""
    nodes = [node.op_type for node in onnx.load(file).graph.node]
    return nodes[: nodes.index("Conv")]


def test_bytes_reach_the_first_convolution_in_few_steps(
    exported: tuple[Autoencoder, Path, int],
) -> None:
    """A step over a pixel at a time costs more than the convolutions."""
    network, folder, _ = exported
    steps = ["Unsqueeze", "Cast", "Mul"] + (["Min"] if network.examiner else [])
    assert before_the_first_convolution(folder / "encoder.onnx") == steps


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_a_picture_is_enlarged_in_one_step(
    exported: tuple[Autoencoder, Path, int], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Places are repeated by one node, of which the runtime has nothing to say."""
    network, folder, _ = exported
    keras_model = (network.examiner or network.encoder) if name[0] == "e" else network.decoder
    enlarging = [one for one in keras_model.layers if isinstance(one, keras.layers.UpSampling2D)]
    nodes = [node.op_type for node in onnx.load(folder / name).graph.node]
    assert nodes.count("Resize") == len(enlarging)
    assert "Tile" not in nodes
    assert OnnxDecoder(folder, threads=1)
    assert OnnxEncoder(folder, threads=1)
    assert "deprecated" not in capfd.readouterr().err


@pytest.fixture(scope="module")
def int8(exported: tuple[Autoencoder, Path, int]) -> OnnxEncoder:
    """The exported encoder, quantised."""
    _, folder, side = exported
    quantize(folder / "encoder.onnx", folder / "encoder-int8.onnx", stroke_tiles(9, side=side))
    return OnnxEncoder(folder, threads=1, precision="int8")


def test_int8_is_near_float(exported: tuple[Autoencoder, Path, int], int8: OnnxEncoder) -> None:
    """Latents and maps of an untrained network, the worst case, still follow the float ones."""
    _, folder, side = exported
    probes = stroke_tiles(6, side=side)[3:]
    expected = OnnxEncoder(folder, threads=1).examine(probes)
    for one, other in zip(expected, int8.examine(probes), strict=True):
        assert one.shape == other.shape
        if one.size:
            assert not np.array_equal(one, other)
            assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


def test_int8_does_not_depend_on_the_batch(
    exported: tuple[Autoencoder, Path, int], int8: OnnxEncoder
) -> None:
    """Scales are fixed at fit: a tile alone and beside a white one has the same latent."""
    side = exported[2]
    probes = stroke_tiles(4, side=side)
    probes[3] = 255
    alone, among = int8.encode(probes[1:2])[0], int8.encode(probes)[1]
    np.testing.assert_allclose(alone, among, atol=1e-5)


def test_int8_weights_are_bytes(exported: tuple[Autoencoder, Path, int], int8: OnnxEncoder) -> None:
    """The study's bytes go in as they are; where there are maps the first convolution is float."""
    network, folder, side = exported
    assert int8.encode(stroke_tiles(1, side=side)).shape[0] == 1
    first = before_the_first_convolution(folder / "encoder-int8.onnx")
    assert ("Cast" in first) == bool(network.examiner)
    kernels = kernels_in_bytes(folder)
    assert len(kernels) == (3 if network.examiner is None else 32)


def kernels_in_bytes(folder: Path) -> list[NDArray[np.int8]]:
    """Return those of the convolutions in int8."""
    return [
        numpy_helper.to_array(constant)
        for constant in onnx.load(folder / "encoder-int8.onnx").graph.initializer
        if constant.data_type == onnx.TensorProto.INT8 and len(constant.dims) == 4
    ]


def test_two_products_of_bytes_fit_in_16_bits(
    exported: tuple[Autoencoder, Path, int], int8: OnnxEncoder
) -> None:
    """Processors without VNNI add them so; of kernels with all eight bits they cut the sum."""
    network, folder, side = exported
    assert int8.encode(stroke_tiles(1, side=side)).shape[0] == 1
    largest = max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels_in_bytes(folder))
    fits = 2 * 255 * largest < 2**15
    assert fits == (network.examiner is None)


def test_what_the_last_convolution_gives_is_not_rounded(
    exported: tuple[Autoencoder, Path, int], int8: OnnxEncoder
) -> None:
    """Dense layers see floats: nothing is rounded after the last convolution in bytes."""
    _, folder, side = exported
    assert int8.encode(stroke_tiles(1, side=side)).shape[0] == 1
    nodes = [node.op_type for node in onnx.load(folder / "encoder-int8.onnx").graph.node]
    after = nodes[len(nodes) - nodes[::-1].index("Conv") :]
    assert not {"QuantizeLinear", "DequantizeLinear"} & {*after}


def test_the_encoder_for_bfloat16_is_the_float_one(
    exported: tuple[Autoencoder, Path, int], tmp_path: Path
) -> None:
    """In float it gives the same; whole numbers of 8 bits and kernels of 8 bits go in first."""
    network, folder, side = exported
    split_first(folder / "encoder.onnx", tmp_path / "encoder-bf16.onnx")
    probes = stroke_tiles(6, side=side)
    expected = OnnxEncoder(folder, threads=1).examine(probes)
    found = OnnxEncoder(tmp_path, threads=1, precision="bf16").examine(probes)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)
    graph = onnx.load(tmp_path / "encoder-bf16.onnx").graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    count = 1 if network.examiner is None else 3
    first = next(node for node in graph.node if node.op_type == "Conv")
    high, low = np.split(stored[first.input[1]], 2, axis=1)
    assert high.shape[1] == count
    assert not (high.view(np.uint32) & 0xFFFF).any()
    assert (np.abs(low) <= np.abs(high) / 256 + 1e-9).all()
    assert (stored["gains"] == np.round(stored["gains"])).all()


@pytest.mark.skipif(not is_installed(), reason="needs OpenVINO: make install")
@pytest.mark.parametrize(("threads", "count"), [(1, 16), (2, 24)])
@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_openvinos_bits_do_not_depend_on_the_batch(
    exported: tuple[Autoencoder, Path, int],
    int8: OnnxEncoder,
    precision: Precision,
    threads: int,
    count: int,
) -> None:
    """Release-blocking, as for float: alone, in a run of any length, and in short runs apart."""
    _, folder, side = exported
    probes = stroke_tiles(count, side=side)
    assert int8.encode(probes[:1]).shape[0] == 1
    split_first(folder / "encoder.onnx", folder / "encoder-bf16.onnx")
    encoder = OpenVinoEncoder(folder, threads=threads, precision=precision)
    alone = [encoder.examine(probe[None]) for probe in probes]
    for size in range(1, count + 1, threads):
        found = encoder.examine(probes[:size])
        for place in range(size):
            assert np.array_equal(found.latents[place], alone[place].latents[0])
            assert np.array_equal(found.maps[place], alone[place].maps[0])

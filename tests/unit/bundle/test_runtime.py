"""The encoder that serves is the one that made the latents, or it does not serve."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from bundle import (
    Bundle,
    BundleDamaged,
    OnnxDecoder,
    OnnxEncoder,
    SelfTestFailed,
    open_bundle,
    self_test,
)
from bundle.arrays import Tiles
from bundle.runtime import Examined, no_maps
from tests.forge import reseal
from tests.tiny import tiny_latents, tiny_maps, tiny_tiles, write_encoder, write_tiny_bundle


class Drifting:
    """The tiny encoder, off by a constant."""

    def __init__(self, drift: float) -> None:
        self.drift = np.float32(drift)

    def examine(self, tiles: Tiles) -> Examined:
        return Examined(tiny_latents(tiles) + self.drift, tiny_maps(tiles))


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
        def examine(self, tiles: Tiles) -> Examined:
            return Examined(tiny_latents(tiles)[:, :3], tiny_maps(tiles))

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


@pytest.mark.parametrize(
    ("model", "name", "other", "words"),
    [
        (
            OnnxEncoder,
            "encoder",
            "decoder",
            r"takes tensor\(float\) of rank 2, not tensor\(uint8\)",
        ),
        (
            OnnxDecoder,
            "decoder",
            "encoder",
            r"takes tensor\(uint8\) of rank 3, not tensor\(float\)",
        ),
    ],
)
def test_another_model(
    copy: Path, model: type[OnnxEncoder | OnnxDecoder], name: str, other: str, words: str
) -> None:
    """A valid model of another kind is refused when it is loaded, with what to do."""
    shutil.copy(copy / f"{other}.onnx", copy / f"{name}.onnx")
    reseal(copy)
    with pytest.raises(
        BundleDamaged, match=rf"{name}\.onnx is another model: it {words}"
    ) as caught:
        model(copy)
    assert str(caught.value).endswith(f"Copy the bundle {copy} again, or fit it anew.")


def test_a_decoder_that_gives_no_pictures(tmp_path: Path) -> None:
    """What comes out is checked as well as what goes in."""
    node = onnx.helper.make_node("Identity", ["latents"], ["same"])
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4])
        for name in ("latents", "same")
    ]
    graph = onnx.helper.make_graph([node], "same", ports[:1], ports[1:])
    opset = onnx.helper.make_opsetid("", 15)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.save(model, tmp_path / "decoder.onnx")
    with pytest.raises(BundleDamaged, match=r"gives .* of rank 2, not .* of rank 3"):
        OnnxDecoder(tmp_path)


def test_an_encoder_that_cannot_take_the_probes(tiny_bundle: Bundle) -> None:
    """An encoder for tiles of another size fails its self-test with a sentence, not a traceback."""

    class Larger:
        def examine(self, tiles: Tiles) -> Examined:
            raise RuntimeError(f"Got invalid dimensions for input: {tiles.shape}")

    words = r"encoder\.onnx cannot encode the probe tiles: Got invalid .* or fit it anew\.$"
    with pytest.raises(SelfTestFailed, match=words):
        self_test(tiny_bundle, Larger())


def test_maps_come_with_the_latents(tiny_bundle: Bundle) -> None:
    """The encoder's second output is the evidence, the same alone and among others."""
    encoder = OnnxEncoder(tiny_bundle.path)
    found = encoder.examine(tiny_tiles())
    alone = np.concatenate([encoder.examine(tile[None]).maps for tile in tiny_tiles()])
    assert np.array_equal(found.maps, alone)
    assert np.allclose(found.maps, tiny_maps(tiny_tiles()), atol=1e-5)


def test_an_encoder_without_maps(tmp_path: Path) -> None:
    """The study's encoder gives latents alone: its maps are empty."""
    write_encoder(tmp_path / "encoder.onnx", maps=False)
    found = OnnxEncoder(tmp_path).examine(tiny_tiles())
    assert found.maps.shape == (12, 0, 0, 0)
    assert np.allclose(found.latents, tiny_latents(tiny_tiles()), atol=1e-6)


def write_encoder_with(file: Path, *extra: tuple[str, int]) -> None:
    """Write the encoder without maps, with more outputs of these names and ranks."""
    write_encoder(file, maps=False)
    model = onnx.load(file)
    for name, rank in extra:
        axes = onnx.helper.make_tensor(
            f"{name} axes", onnx.TensorProto.INT64, [rank - 2], [*range(2, rank)]
        )
        model.graph.initializer.append(axes)
        model.graph.node.append(onnx.helper.make_node("Unsqueeze", ["latents", axes.name], [name]))
        port = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * rank)
        model.graph.output.append(port)
    onnx.save(model, file)


@pytest.mark.parametrize("extra", [[("maps", 3)], [("maps", 5)], [("maps", 4), ("more", 4)]])
def test_outputs_that_are_no_maps(tmp_path: Path, extra: list[tuple[str, int]]) -> None:
    """A second output of another rank, or a third one, is another model."""
    write_encoder_with(tmp_path / "encoder.onnx", *extra)
    with pytest.raises(BundleDamaged, match=r"gives .* of rank 2 or .* of rank 2, .* of rank 4"):
        OnnxEncoder(tmp_path)


def test_altered_maps_fail_the_self_test(tiny_bundle: Bundle) -> None:
    """Right latents do not make up for wrong evidence."""

    class Sees:
        def examine(self, tiles: Tiles) -> Examined:
            return Examined(tiny_latents(tiles), tiny_maps(tiles) + np.float32(0.5))

    with pytest.raises(SelfTestFailed, match=r"does not give the maps.*differ by 0\.5"):
        self_test(tiny_bundle, Sees())


def test_maps_that_overflow_fail_the_self_test(tiny_bundle: Bundle) -> None:
    """What is no number is never close enough."""

    class Overflows:
        def examine(self, tiles: Tiles) -> Examined:
            return Examined(tiny_latents(tiles), tiny_maps(tiles) * np.float32(np.nan))

    with pytest.raises(SelfTestFailed, match=r"does not give the maps.*differ by nan"):
        self_test(tiny_bundle, Overflows())


def test_a_bundle_without_maps_passes_the_self_test(tmp_path: Path) -> None:
    """Empty maps are equal to empty maps."""
    write_tiny_bundle(tmp_path / "study", maps=False)
    bundle = open_bundle(tmp_path / "study")
    assert self_test(bundle, OnnxEncoder(bundle.path, threads=1)) <= 1e-6


def test_an_encoder_that_lost_its_maps_fails(tiny_bundle: Bundle) -> None:
    """Maps of another shape are told apart from wrong numbers."""

    class Blind:
        def examine(self, tiles: Tiles) -> Examined:
            return Examined(tiny_latents(tiles), no_maps(len(tiles)))

    with pytest.raises(SelfTestFailed, match=r"maps of shape \(4, 0, 0, 0\).*\(4, 3, 2, 2\)"):
        self_test(tiny_bundle, Blind())


def test_an_encoder_of_one_size_of_batch_fails(copy: Path) -> None:
    """The probes go in pieces of four, so a model for just four would pass, and fail on one."""
    model = onnx.load(copy / "encoder.onnx")
    for port in (*model.graph.input, *model.graph.output):
        port.type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(model, copy / "encoder.onnx")
    reseal(copy)
    with pytest.raises(SelfTestFailed, match=r"encoder\.onnx cannot encode the probe tiles"):
        self_test(open_bundle(copy), OnnxEncoder(copy, threads=1))


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_weights_in_a_file_beside_are_not_read(
    copy: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hash covers them, so they may be anything by the next start."""
    node = onnx.helper.make_node("Identity", ["weights"], ["latents"])
    weights = onnx.numpy_helper.from_array(np.ones((4, 4), dtype=np.float32), "weights")
    port = onnx.helper.make_tensor_value_info("latents", onnx.TensorProto.FLOAT, [4, 4])
    graph = onnx.helper.make_graph([node], "beside", [], [port], [weights])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 15)])
    file = str(copy / f"{name}.onnx")
    onnx.save(model, file, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (copy / "weights.bin").stat().st_size == 64
    monkeypatch.chdir(copy)
    with pytest.raises(BundleDamaged, match=r"is not a model that can be run: .*[Ee]xternal"):
        (OnnxEncoder if name == "encoder" else OnnxDecoder)(copy, threads=1)


def test_an_encoder_is_read_once(copy: Path) -> None:
    """Another one in the folder changes nothing, also for the first batch of many tiles."""
    encoder = OnnxEncoder(copy, threads=2)
    expected = tiny_latents(tiny_tiles())
    write_encoder(copy / "encoder.onnx", drift=1.0)
    assert np.allclose(encoder.encode(tiny_tiles()), expected, atol=1e-6)

"""The encoder that serves is the one that the manifest's figures, or the user, choose."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bundle import (
    Bundle,
    BundleDamaged,
    BundleError,
    OnnxEncoder,
    SelfTestFailed,
    choose_precision,
    open_bundle,
    open_encoder,
    self_test,
)
from bundle.encoders import PrecisionChoice
from bundle.manifest import Precision
from tests.forge import reseal
from tests.tiny import tiny_latents, tiny_quantization, tiny_tiles, write_encoder, write_tiny_bundle


@pytest.fixture
def two(tmp_path: Path) -> Bundle:
    """A bundle with both encoders; int8 changes nothing that matters."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    return open_bundle(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("auto", "int8"), ("fp32", "fp32"), ("int8", "int8")]
)
def test_the_user_may_choose(two: Bundle, wanted: PrecisionChoice, chosen: Precision) -> None:
    """int8 serves unasked where it is harmless, and either one when it is asked for."""
    assert choose_precision(two, wanted) == chosen


@pytest.mark.parametrize(
    "figures", [{"verdict_flips": 0.002}, {"neighbor_overlap": 0.97}, {"tiles": 5}]
)
def test_int8_that_changes_answers(tmp_path: Path, figures: dict[str, float]) -> None:
    """One figure out of bounds is enough to stay with float; asked for, it serves."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization(**figures))
    bundle = open_bundle(tmp_path / "bundle")
    assert choose_precision(bundle, "auto") == "fp32"
    assert choose_precision(bundle, "int8") == "int8"


def test_no_int8_encoder(tiny_bundle: Bundle) -> None:
    """A bundle from before serves float; int8 is refused with what to do."""
    assert choose_precision(tiny_bundle, "auto") == "fp32"
    with pytest.raises(BundleError, match=r"has no int8 encoder\. Fit it anew"):
        choose_precision(tiny_bundle, "int8")


def test_the_encoder_of_the_precision_is_loaded(two: Bundle) -> None:
    """The tiny int8 encoder is off by a thousandth, and so are its latents."""
    tiles = tiny_tiles()
    float_, int8 = (
        open_encoder(two, threads=1, precision="fp32").examine(tiles).latents,
        open_encoder(two, threads=1, precision="int8").examine(tiles).latents,
    )
    np.testing.assert_allclose(float_, tiny_latents(tiles), rtol=1e-5)
    np.testing.assert_allclose(int8, tiny_latents(tiles) * 1.001, rtol=1e-5)


def test_each_precision_has_its_own_tolerance(two: Bundle) -> None:
    """What int8 may differ by is too much for the float encoder."""
    int8 = OnnxEncoder(two.path, threads=1, precision="int8")
    assert 1e-4 < self_test(two, int8, "int8") < 0.04
    with pytest.raises(SelfTestFailed, match=r"allowed is 0\.0001"):
        self_test(two, int8)


def test_a_wrong_int8_encoder_fails(two: Bundle) -> None:
    """The self-test names the file that is wrong."""
    write_encoder(two.path / "encoder-int8.onnx", drift=0.2)
    with pytest.raises(SelfTestFailed, match=r"encoder-int8\.onnx does not give.*is 0\.04"):
        self_test(two, OnnxEncoder(two.path, threads=1, precision="int8"), "int8")


def test_figures_and_file_belong_together(two: Bundle) -> None:
    """Neither figures without the encoder, nor an encoder that nothing is known of."""
    files = two.manifest.model_dump(mode="json")["files"]
    without = {name: entry for name, entry in files.items() if name != "encoder-int8.onnx"}
    reseal(two.path, files=without)
    with pytest.raises(BundleDamaged, match=r"does not list encoder-int8\.onnx"):
        open_bundle(two.path)


def test_a_file_without_figures(two: Bundle, tiny_bundle: Bundle) -> None:
    """An encoder of which nothing is known is no file of a bundle."""
    manifest = two.manifest.model_copy(update={"quantization": None})
    manifest = manifest.model_copy(update={"bundle_id": manifest.expected_id()})
    (two.path / "manifest.json").write_text(manifest.model_dump_json())
    with pytest.raises(BundleDamaged, match=r"'encoder-int8\.onnx', which is no file"):
        open_bundle(two.path)
    assert "quantization" not in tiny_bundle.manifest.model_dump(mode="json")


needs_openvino = pytest.mark.skipif(
    not find_spec("openvino"), reason="needs OpenVINO: make openvino"
)


@needs_openvino
def test_openvino_runs_int8_without_maps(tmp_path: Path) -> None:
    """It gives what ONNX Runtime gives, for any number of tiles; maps and floats stay there."""
    write_tiny_bundle(tmp_path / "study", maps=False, int8=tiny_quantization())
    study = open_bundle(tmp_path / "study")
    encoder = open_encoder(study, threads=1, precision="int8")
    assert type(encoder).__name__ == "OpenVinoEncoder"
    for count in (12, 1, 20):  # 20 tiles are two pieces
        tiles = tiny_tiles(count)
        found = encoder.examine(tiles)
        expected = OnnxEncoder(study.path, threads=1, precision="int8").examine(tiles)
        np.testing.assert_allclose(found.latents, expected.latents, rtol=1e-5)
        assert found.maps.shape == expected.maps.shape
    assert isinstance(open_encoder(study, threads=1), OnnxEncoder)
    assert self_test(study, encoder, "int8") < 0.04


def test_maps_stay_in_onnx_runtime(two: Bundle) -> None:
    """OpenVINO runs the default encoder no faster."""
    assert isinstance(open_encoder(two, threads=1, precision="int8"), OnnxEncoder)


@needs_openvino
def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """Its telemetry module is not loaded, even where it is installed."""
    write_encoder(tmp_path / "encoder.onnx", maps=False)
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('it reports')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from pathlib import Path; "
        "from bundle.openvino_encoder import OpenVinoEncoder; "
        f"OpenVinoEncoder(Path({str(tmp_path)!r}), threads=1); print('quiet')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "quiet\n", done.stderr

"""The service serves the encoder that is set, and proves itself by that one's tolerance."""

from pathlib import Path

import pytest

from bundle import BundleError, SelfTestFailed
from tests.api import running
from tests.forge import reseal
from tests.pictures import png
from tests.tiny import (
    tiny_latents,
    tiny_quantization,
    tiny_tiles,
    write_encoder,
    write_tiny_bundle,
)


@pytest.mark.parametrize(("precision", "drift"), [("auto", 1e-3), ("int8", 1e-3), ("fp32", 0.0)])
def test_the_encoder_that_is_set(tmp_path: Path, precision: str, drift: float) -> None:
    """Latents are those of the encoder; the service is ready with either, int8 within its own."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    tile = tiny_tiles()[:1]
    with running(tmp_path / "bundle", precision=precision) as api:
        assert api.get("/readyz").status_code == 200
        found = api.post("/encode", png(tile[0])).json()["results"][0]["latent"]
    assert found == pytest.approx(tiny_latents(tile)[0] * (1 + drift), rel=1e-5)


def test_int8_that_this_processor_gets_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Float serves, and the log says why; who asks for int8 by name is refused."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    write_encoder(tmp_path / "bundle" / "encoder-int8.onnx", drift=0.2)
    reseal(tmp_path / "bundle")
    tile = tiny_tiles()[:1]
    with caplog.at_level("WARNING"), running(tmp_path / "bundle") as api:
        assert api.get("/readyz").status_code == 200
        assert api.serving.precision == "fp32"
        found = api.post("/encode", png(tile[0])).json()["results"][0]["latent"]
    assert found == pytest.approx(tiny_latents(tile)[0], rel=1e-5)
    (told,) = [line for line in caplog.records if "passed over" in line.message]
    assert "encoder-int8.onnx does not give the" in str(told.__dict__["fields"])
    with (
        pytest.raises(
            SelfTestFailed, match=r"encoder-int8\.onnx does not give.*precision auto serves"
        ),
        running(tmp_path / "bundle", precision="int8"),
    ):
        pass


def test_int8_of_a_bundle_without_it(tiny_path: Path) -> None:
    """The service does not start with an encoder that is not there."""
    with (
        pytest.raises(BundleError, match="has no int8 encoder"),
        running(tiny_path, precision="int8"),
    ):
        pass

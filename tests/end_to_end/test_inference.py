"""The Open Inference Protocol, spoken by a client that others wrote."""

from pathlib import Path

import numpy as np
import pytest

from tests.pictures import png
from tests.serving import serving
from tests.tiny import tiny_latents, tiny_tiles

triton = pytest.importorskip("tritonclient.http")


def test_tritonclient_asks_and_infers(tiny_path: Path) -> None:
    """Health, metadata, both kinds of input, and errors, in its own binary form."""
    tiles = tiny_tiles()
    with (
        serving(tiny_path) as url,
        triton.InferenceServerClient(url.removeprefix("http://")) as one,
    ):
        assert one.is_server_live()
        assert one.is_server_ready()
        assert one.is_model_ready("tilescreen")
        assert one.get_server_metadata()["name"] == "tilescreen"
        assert one.get_model_metadata("tilescreen")["inputs"][0]["name"] == "png"

        files = np.array([png(tiles[0]), b"no picture", png(tiles[2])], dtype=object)
        sent = triton.InferInput("png", [3], "BYTES")
        sent.set_data_from_numpy(files)
        found = one.infer("tilescreen", [sent])
        assert found.as_numpy("error").tolist() == [b"", b"not_a_png", b""]
        assert found.as_numpy("latent")[[0, 2]] == pytest.approx(tiny_latents(tiles[[0, 2]]))
        assert found.as_numpy("score").shape == (3,)

        for binary in (True, False):
            greys = triton.InferInput("tiles", tiles.shape, "UINT8")
            greys.set_data_from_numpy(tiles, binary_data=binary)
            latent = triton.InferRequestedOutput("latent", binary_data=binary)
            found = one.infer("tilescreen", [greys], outputs=[latent])
            assert found.as_numpy("latent") == pytest.approx(tiny_latents(tiles))

        with pytest.raises(triton.InferenceServerException, match="There is no model 'x'"):
            one.infer("x", [sent])

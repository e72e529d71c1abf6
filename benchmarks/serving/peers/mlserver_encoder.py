"""MLServer with a custom runtime and adaptive batching.

python -m benchmarks.serving.peers.mlserver_encoder MODEL PORT
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.serving.peers.onnx_model import OnnxModel
from benchmarks.serving.peers.tiles import decode


class Encoder(MLModel):
    """Takes an input `tiles` of PNGs, in base64 as the V2 protocol wants bytes in JSON."""

    async def load(self) -> bool:
        """Load the model."""
        self.model = OnnxModel(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Encode a batch, which may come from several requests."""
        tiles = [decode(data) for data in Base64Codec.decode_input(payload.inputs[0])]
        latents = self.model.encode(np.stack(tiles))
        output = NumpyCodec.encode_output("latents", latents)
        return InferenceResponse(model_name=self.name, outputs=[output])


def write_settings(folder: Path, model: str, port: int) -> None:
    """Write the two files that `mlserver start` reads."""
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    (folder / "settings.json").write_text(json.dumps({"debug": False, **ports}))
    settings = {
        "name": "encoder",
        "implementation": "benchmarks.serving.peers.mlserver_encoder.Encoder",
        "max_batch_size": 64,
        "max_batch_time": 0.005,
        "parameters": {"uri": model},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    home = Path(tempfile.gettempdir()) / f"mlserver-{sys.argv[2]}"
    home.mkdir(exist_ok=True)
    write_settings(home, sys.argv[1], int(sys.argv[2]))
    os.environ["PYTHONPATH"] = str(Path.cwd())
    command = str(Path(sys.executable).with_name("mlserver"))
    os.execv(command, [command, "start", str(home)])  # noqa: S606  no shell

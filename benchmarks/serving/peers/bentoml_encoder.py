"""BentoML with adaptive batching.

python -m benchmarks.serving.peers.bentoml_encoder MODEL PORT
"""

import os
import sys

import bentoml
import numpy as np
from PIL.Image import Image, Resampling

from benchmarks.serving.peers.onnx_model import OnnxModel
from benchmarks.serving.peers.tiles import SIDE


@bentoml.service(
    traffic={"timeout": 120, "max_concurrency": 1024},
    logging={"access": {"enabled": False}},
)
class Encoder:
    """One service, one batchable endpoint."""

    def __init__(self) -> None:
        """Load the model."""
        self.model = OnnxModel(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=60_000)
    def encode(self, images: list[Image]) -> np.ndarray:
        """Encode the tiles of a batch, of one request or of several."""
        tiles = [image.convert("L").resize((SIDE, SIDE), Resampling.BILINEAR) for image in images]
        return self.model.encode(np.stack([np.asarray(tile) for tile in tiles]))


if __name__ == "__main__":
    os.environ |= {"MODEL": sys.argv[1], "BENTOML_DO_NOT_TRACK": "True"}
    service = "benchmarks.serving.peers.bentoml_encoder:Encoder"
    command = ["-m", "bentoml", "serve", service, "--port", sys.argv[2]]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606  no shell

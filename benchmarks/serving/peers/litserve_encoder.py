"""LitServe with its dynamic batching.

python -m benchmarks.serving.peers.litserve_encoder MODEL PORT
"""

import sys
from typing import Any

import litserve
import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from benchmarks.serving.peers.onnx_model import OnnxModel
from benchmarks.serving.peers.tiles import decode


class EncoderAPI(litserve.LitAPI):
    """Decode, batch, predict, unbatch, encode: the steps of its documents."""

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        del device  # there is only the processor
        self.model = OnnxModel(sys.argv[1])

    def decode_request(self, request: Request) -> NDArray[np.uint8]:
        """Take the tile of a form."""
        return decode(request["request"].file.read())

    def batch(self, inputs: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Stack what came together."""
        return np.stack(inputs)

    def predict(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode a batch."""
        return self.model.encode(x)

    def unbatch(self, output: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Give each request its row."""
        return list(output)

    def encode_response(self, output: NDArray[np.float32]) -> dict[str, Any]:
        """Write JSON."""
        return {"latent": output.tolist()}


if __name__ == "__main__":
    api = EncoderAPI(max_batch_size=64, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", timeout=120, fast_queue=True)
    server.run(port=int(sys.argv[2]), log_level="warning", generate_client_file=False)

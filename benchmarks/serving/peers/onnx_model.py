"""The bundle's fp32 encoder in ONNX Runtime as it comes."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray


class OnnxModel:
    """The bundle's fp32 encoder in ONNX Runtime as it comes."""

    def __init__(self, folder: str) -> None:
        """Load `encoder.onnx` from a folder."""
        self._session = onnxruntime.InferenceSession(str(Path(folder) / "encoder.onnx"))
        self._input = self._session.get_inputs()[0].name

    def encode(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 128, 128) uint8 -> (n, 150) float32."""
        latents: NDArray[np.float32] = self._session.run(None, {self._input: tiles})[0]
        return latents

"""An encoder of a bundle in OpenVINO, an optional package."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from bundle.arrays import Latents, Tiles
from bundle.errors import BundleDamaged, naming
from bundle.layout import ENCODERS
from bundle.manifest import Precision
from bundle.runtime import PIECE, Examined, no_maps


class OpenVinoEncoder:
    """An encoder without maps; ONNX Runtime has checked what it takes and gives."""

    def __init__(
        self, bundle_path: Path, *, threads: int = 0, precision: Precision = "fp32"
    ) -> None:
        """Load the encoder of a precision; `threads` 0 lets the runtime choose.

        Raises:
            BundleDamaged: the file is not a model that can be run.
        """
        name = ENCODERS[precision]
        # Without the hint it takes bfloat16 for float where the processor has it.
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            model = _openvino().Core().compile_model(str(bundle_path / name), "CPU", settings)
        except RuntimeError as error:
            with naming(bundle_path):
                raise BundleDamaged(f"{name} is not a model that can be run: {error}.") from error
        self._request = model.create_infer_request()

    def examine(self, tiles: Tiles) -> Examined:
        """(n, side, side) uint8 -> latents, and no maps."""
        latents = self.encode(tiles)
        return Examined(latents, no_maps(len(latents)))

    def encode(self, tiles: Tiles) -> Latents:
        """(n, side, side) uint8 -> (n, d) float32."""
        pieces = range(0, max(1, len(tiles)), PIECE)
        # Copied: the request's answer lies in memory that its next run writes to.
        return np.concatenate(
            [np.array(self._request.infer([tiles[at : at + PIECE]])[0]) for at in pieces]
        )


def _openvino() -> ModuleType:
    """Import it without the module through which it would report that to its makers."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    return import_module("openvino")

"""The encoder and decoder that serve, and the test that they are the right ones."""

from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bundle.arrays import Latents, Tiles
from bundle.bundle import Bundle
from bundle.errors import BundleDamaged, SelfTestFailed


class Encoder(Protocol):
    """Whatever turns tiles into latents."""

    def encode(self, tiles: Tiles) -> Latents:
        """(n, side, side) uint8 -> (n, d) float32."""
        ...


class _Model:
    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = onnxruntime.get_available_providers()
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # the runtime raises a dozen classes of its own
            raise BundleDamaged(f"{path.name} is not a model that can be run: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def _run(self, batch: NDArray[np.generic]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return result


class OnnxEncoder(_Model):
    """`encoder.onnx` in ONNX Runtime."""

    def __init__(self, bundle_path: Path, *, threads: int = 0) -> None:
        """Load the encoder; `threads` 0 lets the runtime choose.

        Raises:
            BundleDamaged: the file is not a model that can be run.
        """
        super().__init__(bundle_path / "encoder.onnx", threads)

    def encode(self, tiles: Tiles) -> Latents:
        """(n, side, side) uint8 -> (n, d) float32."""
        return self._run(tiles)


class OnnxDecoder(_Model):
    """`decoder.onnx` in ONNX Runtime."""

    def __init__(self, bundle_path: Path, *, threads: int = 0) -> None:
        """Load the decoder; `threads` 0 lets the runtime choose.

        Raises:
            BundleDamaged: the file is not a model that can be run.
        """
        super().__init__(bundle_path / "decoder.onnx", threads)

    def decode(self, latents: Latents) -> Tiles:
        """(n, d) float32 latents -> (n, side, side) uint8 pictures."""
        return (self._run(latents) * 255).round().clip(0, 255).astype(np.uint8)


def self_test(bundle: Bundle, encoder: Encoder) -> float:
    """Encode the bundle's probe tiles and compare with the stored latents.

    Returns: the largest difference, in latent units.

    Raises:
        SelfTestFailed: it exceeds the manifest's threshold `self_test`.
    """
    expected = bundle.arrays["probe_latents.npy"]
    latents = encoder.encode(np.array(bundle.arrays["probes.npy"]))
    if latents.shape != expected.shape:
        raise SelfTestFailed(
            f"encoder.onnx gives latents of shape {latents.shape}; "
            f"probe_latents.npy has {expected.shape}."
        )
    difference = float(np.abs(latents - expected).max())
    allowed = bundle.manifest.thresholds["self_test"].value
    if not difference <= allowed:
        raise SelfTestFailed(
            f"encoder.onnx does not give the latents stored in probe_latents.npy: "
            f"they differ by {difference:.3g}, allowed is {allowed:.3g}."
        )
    return difference

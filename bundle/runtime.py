"""The encoder and decoder that serve, and the test that they are the right ones."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bundle.arrays import Latents, Maps, Tiles
from bundle.bundle import Bundle
from bundle.errors import BundleDamaged, SelfTestFailed, naming
from bundle.layout import ENCODERS
from bundle.manifest import Precision
from bundle.pools import running_pool

_PIECE = 4
"""Tiles of a run: longer ones gain nothing on a CPU and keep their memory."""
_GPU_PIECE = 64
"""The same on a GPU, which does all tiles of a run at once."""
APART = 4
"""Tiles a thread from which each has runs of its own. Source: docs/decisions.md."""
_OTHER_PROCESSOR = " (not every processor rounds alike: precision auto serves what is right here)"
_NONE = "/nonexistent"
_CPU = "CPUExecutionProvider"
_PROVIDERS: dict[str, dict[str, str]] = {
    "CUDAExecutionProvider": {"use_tf32": "0"},  # its ten bits would fail the self-test
    _CPU: {},
}
"""Where a model may run, the first that is there; TensorRT would build an engine for minutes."""


class Examined(NamedTuple):
    """What an encoder says of n tiles: latents (n, d) and maps (n, 3 or 0, g, g), float32."""

    latents: Latents
    maps: Maps


class Encoder(Protocol):
    """Whatever turns tiles into latents and maps."""

    def examine(self, tiles: Tiles) -> Examined:
        """(n, side, side) uint8 -> latents and maps."""
        ...


@dataclass(frozen=True)
class _Port:
    """One input or output of a model: element type as the runtime calls it, and rank."""

    kind: str
    rank: int

    def __str__(self) -> str:
        return f"{self.kind} of rank {self.rank}"


_TILES = _Port("tensor(uint8)", 3)
_LATENTS = _Port("tensor(float)", 2)
_MAPS = _Port("tensor(float)", 4)
_PICTURES = _Port("tensor(float)", 3)


class _Model:
    _side_by_side = False
    """Whether it is given so many tiles that runs of one thread each are worth a pool."""
    _pool: ThreadPoolExecutor | None = None

    def __init__(
        self,
        path: Path,
        threads: int,
        source: _Port,
        *results: list[_Port],
        content: bytes | None = None,
    ) -> None:
        """Load a model that takes `source` and gives one of the lists of `results`.

        content: the file's, where it is not to be read anew.
        """
        with naming(path.parent):
            self._load(path, threads, content)
            self._check(path.name, source, results)

    def _load(self, path: Path, threads: int, content: bytes | None) -> None:
        self._threads = threads or len(os.sched_getaffinity(0))
        try:
            model = path.read_bytes() if content is None else content
            self._session = _session(model, self._threads)
            self._on_gpu = self._session.get_providers()[0] != _CPU
            if self._side_by_side and self._threads > 1 and not self._on_gpu:
                # Now, as another bundle may be in the folder by the first large batch.
                self._single = _session(model, 1)
                self._pool = running_pool(self._threads, "pieces")
        except Exception as error:  # the runtime raises a dozen classes of its own
            reason = str(error).rstrip(".\n")
            raise BundleDamaged(f"{path.name} is not a model that can be run: {reason}.") from error
        self._piece = _GPU_PIECE if self._on_gpu else _PIECE

    def _check(self, name: str, source: _Port, results: tuple[list[_Port], ...]) -> None:
        # Any valid model loads; the wrong one would fail on the first request instead.
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        for side, ports, wanted in (("takes", inputs, ([source],)), ("gives", outputs, results)):
            found = [_Port(port.type, len(port.shape)) for port in ports]
            if found not in wanted:
                told = ", ".join(map(str, found)) or "nothing"
                needed = " or ".join(", ".join(map(str, ports)) for ports in wanted)
                raise BundleDamaged(f"{name} is another model: it {side} {told}, not {needed}.")
        self._input = inputs[0].name

    def _run(self, batch: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Run the model over pieces of the batch: the study's first layer alone takes 8 MiB a tile.

        A longer run is no faster on a CPU, and the runtime keeps what it once allocated. A few
        tiles have all threads for one run; of more, each thread runs pieces of its own, which
        loses less to waiting. The bits are the same.
        """
        starts = range(0, max(1, len(batch)), self._piece)
        pieces = [batch[at : at + self._piece] for at in starts]
        if self._pool and len(batch) >= APART * self._threads:
            found = list(self._pool.map(partial(self._ask, self._single), pieces))
        else:
            found = [self._ask(self._session, piece) for piece in pieces]
        return (
            found[0]
            if len(found) == 1
            else [np.concatenate(parts) for parts in zip(*found, strict=True)]
        )

    def _ask(
        self, session: onnxruntime.InferenceSession, piece: NDArray[np.generic]
    ) -> list[NDArray[np.float32]]:
        answer: list[NDArray[np.float32]] = session.run(None, {self._input: piece})
        return answer


def _session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin for the next run take the core of whoever would send it.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # What a model keeps beside itself is in no hash: it is looked for where nothing is.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NONE)
    there = onnxruntime.get_available_providers()
    providers = [pair for pair in _PROVIDERS.items() if pair[0] in there]
    return onnxruntime.InferenceSession(model, options, providers=providers)


def no_maps(count: int) -> Maps:
    """Return what stands for the maps of an encoder that makes none."""
    return np.empty((count, 0, 0, 0), dtype=np.float32)


class OnnxEncoder(_Model):
    """An encoder of a bundle in ONNX Runtime."""

    _side_by_side = True

    def __init__(
        self, bundle_path: Path, *, threads: int = 0, precision: Precision = "fp32"
    ) -> None:
        """Load the encoder of a precision; `threads` 0 is one a core.

        Raises:
            BundleDamaged: the file is not a model that can be run, or is another one.
        """
        super().__init__(
            bundle_path / ENCODERS[precision], threads, _TILES, [_LATENTS], [_LATENTS, _MAPS]
        )

    def examine(self, tiles: Tiles) -> Examined:
        """(n, side, side) uint8 -> latents and maps; (n, 0, 0, 0) where the model makes none."""
        latents, *maps = self._run(tiles)
        return Examined(latents, maps[0] if maps else no_maps(len(tiles)))

    def encode(self, tiles: Tiles) -> Latents:
        """(n, side, side) uint8 -> (n, d) float32."""
        return self.examine(tiles).latents


class OnnxDecoder(_Model):
    """`decoder.onnx` in ONNX Runtime."""

    def __init__(
        self, bundle_path: Path, *, threads: int = 0, content: bytes | None = None
    ) -> None:
        """Load the decoder; `threads` 0 is one a core, `content` the file's if it was read.

        Raises:
            BundleDamaged: the file is not a model that can be run, or is another one.
        """
        path = bundle_path / "decoder.onnx"
        super().__init__(path, threads, _LATENTS, [_PICTURES], content=content)

    def decode(self, latents: Latents) -> Tiles:
        """(n, d) float32 latents -> (n, side, side) uint8 pictures."""
        return (self._run(latents)[0] * 255).round().clip(0, 255).astype(np.uint8)


def precisions(bundle: Bundle) -> list[Precision]:
    """Return the precisions that the bundle has an encoder of."""
    return ["fp32", *bundle.manifest.rounded]


def allowed_difference(bundle: Bundle, precision: Precision) -> float:
    """Return how far latents and maps of the probes may be from the stored ones.

    The stored ones are the float encoder's.
    """
    made = bundle.manifest.rounded.get(precision)
    return (
        bundle.manifest.thresholds["self_test"].value if made is None else made.allowed_difference
    )


def self_test(bundle: Bundle, encoder: Encoder, precision: Precision = "fp32") -> float:
    """Encode the bundle's probe tiles and compare with the stored latents.

    Returns: the largest difference, in latent units.

    Raises:
        SelfTestFailed: it exceeds what the manifest allows the precision, or the encoder
            cannot take the probe tiles at all.
    """
    with naming(bundle.path):
        return _self_test(bundle, encoder, precision)


def _self_test(bundle: Bundle, encoder: Encoder, precision: Precision) -> float:
    file = ENCODERS[precision]
    probes = np.array(bundle.arrays["probes.npy"])
    try:
        seen = [encoder.examine(some) for some in (probes, probes[:1])]  # a model may take but four
    except Exception as error:  # as above: the runtime's classes have no base of their own
        reason = str(error).rstrip(".\n")
        raise SelfTestFailed(f"{file} cannot encode the probe tiles: {reason}.") from error
    allowed = allowed_difference(bundle, precision)
    return max(
        _difference(file, name, values, bundle.arrays[f"probe_{name}.npy"][:count], allowed)
        for count, found in zip((len(probes), 1), seen, strict=True)
        for name, values in (("latents", found.latents), ("maps", found.maps))
    )


def _difference(
    file: str, name: str, found: NDArray[np.float32], expected: NDArray[np.float32], allowed: float
) -> float:
    if found.shape != expected.shape:
        raise SelfTestFailed(
            f"{file} gives {name} of shape {found.shape}; probe_{name}.npy has {expected.shape}."
        )
    difference = float(np.abs(found - expected).max(initial=0))
    if not difference <= allowed:
        other = "" if file == ENCODERS["fp32"] else _OTHER_PROCESSOR
        raise SelfTestFailed(
            f"{file} does not give the {name} stored in probe_{name}.npy: "
            f"they differ by {difference:.3g}, allowed is {allowed:.3g}{other}."
        )
    return difference

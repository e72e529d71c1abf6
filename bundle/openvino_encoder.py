"""An encoder of a bundle in OpenVINO, faster than ONNX Runtime at what is no float."""

import os
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Latents, Tiles
from bundle.errors import BundleDamaged, BundleError, naming
from bundle.layout import ENCODERS
from bundle.manifest import Precision
from bundle.runtime import APART, Examined, no_maps

_SHORT = 2**16
"""Pixels of a run that one thread does, about: who loses its core holds up no long one.

What a run needs is kept: longer ones gain 2 % and take 2 MiB more for each tile of 192 px.
"""
_PIECE = 2 * _SHORT
"""The same of a run that threads do together."""
_SPARE = 1
"""Runs beyond one a core: whoever loses its core to a decoder leaves none idle meanwhile."""
_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
_ONE_CORE = Lock()
_Found = list[NDArray[np.float32]]


class OpenVinoEncoder:
    """An encoder for one caller at a time; ONNX Runtime has checked what it takes and gives."""

    def __init__(
        self, bundle_path: Path, *, threads: int = 0, precision: Precision = "fp32"
    ) -> None:
        """Load the encoder of a precision; `threads` 0 is one a core.

        Raises:
            BundleDamaged: the file is not a model that can be run.
            BundleError: OpenVINO is there and cannot be loaded.
        """
        self._threads = threads or len(os.sched_getaffinity(0))
        name = ENCODERS[precision]
        with _ONE_CORE:
            core = _core()
        # Without the hint it takes bfloat16 for float where the processor has it.
        hint = "bf16" if precision == "bf16" else "f32"
        # A thread that is tied to a core waits for it while another is free.
        settings = {"INFERENCE_PRECISION_HINT": hint, "ENABLE_CPU_PINNING": "NO"}
        apart = self._threads + _SPARE if self._threads > 1 else 1
        try:
            model = core.read_model(str(bundle_path / name))
            compiled = [
                core.compile_model(model, "CPU", settings | _threads(streams, threads))
                for streams, threads in sorted({(1, self._threads), (apart, apart)})
            ]
        except RuntimeError as error:
            with naming(bundle_path):
                raise BundleDamaged(f"{name} is not a model that can be run: {error}.") from error
        self._request = compiled[0].create_infer_request()
        self._queue = load().AsyncInferQueue(compiled[-1], apart)
        self._queue.set_callback(_keep)

    def examine(self, tiles: Tiles) -> Examined:
        """(n, side, side) uint8 -> latents and maps; (n, 0, 0, 0) where the model makes none."""
        if self._threads > 1 and len(tiles) >= APART * self._threads:
            found = self._apart(tiles)
        else:
            size = _tiles_of(_PIECE if self._threads > 1 else _SHORT, tiles)
            pieces = range(0, max(1, len(tiles)), size)
            found = [self._together(tiles[at : at + size]) for at in pieces]
        latents, *maps = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Examined(latents, maps[0] if maps else no_maps(len(latents)))

    def encode(self, tiles: Tiles) -> Latents:
        """(n, side, side) uint8 -> (n, d) float32."""
        return self.examine(tiles).latents

    def _together(self, piece: Tiles) -> _Found:
        """Have all threads do one run."""
        self._request.infer([piece])
        return _outputs(self._request)

    def _apart(self, tiles: Tiles) -> list[_Found]:
        """Have each thread do short runs of its own. The bits are the same."""
        found: dict[int, _Found] = {}
        share = -(-len(tiles) // self._threads)
        size = min(share, _tiles_of(_SHORT, tiles))
        for at in range(0, len(tiles), size):
            self._queue.start_async([tiles[at : at + size]], (found, at))
        self._queue.wait_all()
        return [found[at] for at in sorted(found)]


def _tiles_of(pixels: int, tiles: Tiles) -> int:
    """Return how many of such tiles have about so many pixels, at least one."""
    return max(1, round(pixels * len(tiles) / max(1, tiles.size)))


def _threads(streams: int, threads: int) -> dict[str, str]:
    """Return the settings for so many runs at once, done by so many threads in all."""
    return {"NUM_STREAMS": str(streams), "INFERENCE_NUM_THREADS": str(threads)}


def _keep(request: Any, place: tuple[dict[int, _Found], int]) -> None:  # noqa: ANN401  untyped
    found, at = place
    found[at] = _outputs(request)


def _outputs(request: Any) -> _Found:  # noqa: ANN401  untyped
    # Copied: the answer lies in memory that the next run writes to.
    return [np.array(output.data) for output in request.output_tensors]


def is_installed() -> bool:
    """Tell whether OpenVINO is there."""
    return find_spec("openvino") is not None


@cache
def multiplies_bfloat16() -> bool:
    """Tell whether OpenVINO is there and the processor multiplies bfloat16."""
    information = Path("/proc/cpuinfo")
    flags = information.read_text().split() if information.exists() else []
    return is_installed() and not _BFLOAT16.isdisjoint(flags)


@cache
def _core() -> Any:  # noqa: ANN401  untyped
    """Return the one core of this process, which is never given up.

    The first compilation gives the thread that asks for it a stack for its signal handlers, and
    the end of that core takes it away in whatever thread that happens, or puts the stack of
    another core back that has ended already: the next signal would be a segmentation fault.
    """
    return load().Core()


def preload() -> None:
    """Load all that reads, compiles and runs models, without a model; no thread begins."""
    _core().get_property("CPU", "FULL_DEVICE_NAME")
    load().frontend.FrontEndManager().load_by_framework("onnx")


def load() -> Any:  # noqa: ANN401  untyped
    """Import OpenVINO without the module through which it would report that to its makers.

    Raises:
        BundleError: it is there and cannot be loaded.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        return import_module("openvino")
    except (ImportError, OSError) as error:  # the latter of a library that it lacks
        raise BundleError(
            f"OpenVINO is installed and cannot be loaded ({error}). Install it anew, or remove it "
            "(pip uninstall openvino): encoders run in ONNX Runtime then."
        ) from error

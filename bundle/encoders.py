"""Which encoder of a bundle serves, in which runtime."""

from importlib.util import find_spec
from typing import Literal, TypeAlias

import onnxruntime

from bundle.bundle import Bundle
from bundle.errors import BundleError
from bundle.manifest import Precision
from bundle.runtime import Encoder, OnnxEncoder

PrecisionChoice: TypeAlias = Literal["auto", "fp32", "int8"]


def choose_precision(bundle: Bundle, wanted: PrecisionChoice) -> Precision:
    """Return the precision to serve.

    `auto` takes int8 where the manifest says that it changes nothing that matters, but on a
    GPU, which multiplies floats faster.

    Raises:
        BundleError: int8 is wanted and the bundle has no such encoder.
    """
    made = bundle.manifest.quantization
    if wanted == "int8" and made is None:
        raise BundleError(
            f"The bundle {bundle.path} has no int8 encoder. Fit it anew, or set the "
            "precision to auto or fp32."
        )
    if wanted != "auto":
        return wanted
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return "int8" if made is not None and made.harmless and not has_gpu else "fp32"


def open_encoder(bundle: Bundle, *, threads: int = 0, precision: Precision = "fp32") -> Encoder:
    """Load the bundle's encoder of a precision in the runtime that is fastest for it.

    That is ONNX Runtime but for the int8 encoder of the study, which OpenVINO, where it is
    installed, runs 1.4 times as fast (docs/decisions.md).

    Raises:
        BundleDamaged: the file is not a model that can be run, or is another one.
    """
    # Always loaded: its checks are the reader's, and it takes over where OpenVINO is not.
    encoder = OnnxEncoder(bundle.path, threads=threads, precision=precision)
    has_maps = bundle.arrays["probe_maps.npy"].shape[1] > 0
    if precision == "int8" and not has_maps and find_spec("openvino"):
        from bundle.openvino_encoder import OpenVinoEncoder  # noqa: PLC0415  takes 0.3 s

        return OpenVinoEncoder(bundle.path, threads=threads, precision=precision)
    return encoder

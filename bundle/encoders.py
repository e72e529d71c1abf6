"""Which encoder of a bundle serves, in which runtime."""

from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import onnxruntime

from bundle import openvino_encoder
from bundle.bundle import Bundle
from bundle.errors import BundleError
from bundle.layout import ENCODERS
from bundle.manifest import Precision
from bundle.openvino_encoder import OpenVinoEncoder
from bundle.reader import Prove, at_once, state_of
from bundle.runtime import Encoder, OnnxEncoder

PrecisionChoice: TypeAlias = Literal["auto", "fp32", "bf16", "int8"]


def choose_precision(bundle: Bundle, wanted: PrecisionChoice) -> Precision:
    """Return the first of `choose_precisions`."""
    return choose_precisions(bundle, wanted)[0]


def choose_precisions(bundle: Bundle, wanted: PrecisionChoice) -> list[Precision]:
    """Return the precisions to serve; the first that proves itself on this processor does.

    `auto` takes the fastest that can run here of which the manifest says that it changes nothing
    that matters, and float at last; on a GPU, which multiplies floats faster, that alone.

    Raises:
        BundleError: the bundle has no encoder of the one that is wanted, or it cannot run here.
    """
    made = bundle.manifest.rounded
    if wanted == "auto":
        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            return ["fp32"]
        good = [one for one, seen in made.items() if seen.harmless and _runs(one)]
        return [*good, "fp32"]
    if wanted != "fp32" and wanted not in made:
        raise BundleError(
            f"The bundle {bundle.path} has no {wanted} encoder. Fit it anew, or set the "
            "precision to auto or fp32."
        )
    if not _runs(wanted):
        raise BundleError(
            f"An encoder in {wanted} takes OpenVINO and a processor that multiplies bfloat16. "
            "Set the precision to auto, fp32 or int8."
        )
    return [wanted]


def _runs(precision: Precision) -> bool:
    return precision != "bf16" or openvino_encoder.multiplies_bfloat16()


def load_runtimes(wanted: PrecisionChoice) -> None:
    """Load what runs encoders into this process, so that those forked from it have it in common.

    No model is read, and no thread begun: neither would outlive a fork.
    """
    if wanted != "fp32" and openvino_encoder.is_installed():
        openvino_encoder.preload()


def open_encoder(
    bundle: Bundle, *, threads: int = 0, precision: Precision = "fp32", prove: Prove = at_once
) -> Encoder:
    """Load the encoder of a precision in the runtime that is fastest for it.

    That is ONNX Runtime for floats, and OpenVINO, where it is installed, for all else
    (docs/decisions.md). `prove` is as in `open_bundle`.

    Raises:
        BundleDamaged: the file is not a model that can be run, or is another one.
    """
    if not _in_openvino(precision):
        return OnnxEncoder(bundle.path, threads=threads, precision=precision)
    prove_encoder(bundle, precision, prove)
    return OpenVinoEncoder(bundle.path, threads=threads, precision=precision)


def prove_encoder(bundle: Bundle, precision: Precision, prove: Prove) -> None:
    """Prove that the encoder which OpenVINO runs is a model that takes and gives what it should.

    The checks are ONNX Runtime's, and nothing of them stays: another runtime takes its memory.
    One that ONNX Runtime runs is proved as it is loaded.

    Raises:
        BundleDamaged: as `open_encoder`.
    """
    if _in_openvino(precision):
        model = partial(OnnxEncoder, bundle.path, threads=1, precision=precision)
        prove(b"model" + state_of(bundle.path / ENCODERS[precision]), model)


def runtime_of(precision: Precision) -> Literal["onnxruntime", "openvino"]:
    """Return what an encoder of a precision runs in here."""
    return "openvino" if _in_openvino(precision) else "onnxruntime"


def _in_openvino(precision: Precision) -> bool:
    return precision != "fp32" and openvino_encoder.is_installed() and _runs(precision)


def encoders_in(folder: Path, *, threads: int = 0, precision: Precision = "fp32") -> list[Encoder]:
    """Load the encoder of a precision in each runtime that can run it here, the fastest last.

    Raises:
        BundleDamaged: the file is not a model that can be run, or is another one.
    """
    found: list[Encoder] = [OnnxEncoder(folder, threads=threads, precision=precision)]
    if _in_openvino(precision):
        found.append(OpenVinoEncoder(folder, threads=threads, precision=precision))
    return found

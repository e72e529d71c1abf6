"""TensorFlow, started without its chatter and asked for a GPU."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

_CHATTER = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog|E\d{4} .*failed call to cuInit"
)
_PACKAGES = (
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "pillow",
    "scikit-learn",
    "tensorflow",
    "tf2onnx",
)


def start_tensorflow() -> bool:
    """Import TensorFlow, quietly; return whether there is a GPU."""
    # What it calls errors are hints ("oneDNN supports ..."); true ones come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _without_chatter():
        import tensorflow as tf  # noqa: PLC0415  takes seconds, and its greetings are caught here

        return bool(tf.config.list_physical_devices("GPU"))


def has_fast_half() -> bool:
    """Tell whether bfloat16 is fast here: by a GPU, or a processor with instructions for it."""
    import tensorflow as tf  # noqa: PLC0415  as above

    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        flags = ""
    instructions = "avx512_bf16" in flags or "amx_bf16" in flags
    return instructions or bool(tf.config.list_physical_devices("GPU"))


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what TensorFlow's libraries write to the file descriptor while they start.

    They write before any setting of theirs is read, and turning off what the greetings
    tell of (oneDNN) would turn off speed. All other lines are passed on.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not _CHATTER.match(line):
                    os.write(2, line)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide the outcome."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    return found | {name: version(name) for name in _PACKAGES}

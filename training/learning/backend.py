"""TensorFlow, started without its chatter and asked for a GPU."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from training.learning.interrupt import held_back

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
    """Import TensorFlow, quietly; return whether there is a GPU.

    A Ctrl-C meanwhile counts afterwards: some of what is imported would pass over it.
    """
    # What it calls errors are hints ("oneDNN supports ..."); true ones come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with held_back(), _without_chatter():
        return has_gpu()


def has_gpu() -> bool:
    """Tell whether there is a GPU, where bfloat16 is faster."""
    import tensorflow as tf  # noqa: PLC0415  takes seconds

    return bool(tf.config.list_physical_devices("GPU"))


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

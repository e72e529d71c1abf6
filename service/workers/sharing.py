"""Lets worker processes share their figures: Prometheus' client wants a folder before it loads."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bundle.errors import InputError
from service.options import read_settings

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_held: list[TemporaryDirectory[str]] = []


def share_metrics(argv: Sequence[str] | None) -> None:
    """Name a folder for the figures of several workers, unless the user named one.

    It is removed when this process ends. Without a place for it, each worker tells its own.

    Raises:
        SystemExit: what the user named is no folder, which the client would not say in words.
    """
    named = os.environ.get(FOLDER)
    if named is not None and not Path(named).is_dir():
        raise SystemExit(
            f"service: {FOLDER} names {named}, which is no folder. Make it, or leave it out."
        )
    with suppress(InputError, OSError):  # what is wrong with the settings is told later
        if FOLDER not in os.environ and read_settings(argv).workers > 1:
            _held.append(TemporaryDirectory(prefix="tilescreen-metrics-"))
            os.environ[FOLDER] = _held[0].name

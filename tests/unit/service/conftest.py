"""Fixtures of the service's tests."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)

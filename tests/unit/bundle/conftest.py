"""A bundle that a test may damage."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copy(tiny_path: Path, tmp_path: Path) -> Path:
    """The folder of a 12-tile bundle that belongs to one test."""
    return Path(shutil.copytree(tiny_path, tmp_path / "copy"))

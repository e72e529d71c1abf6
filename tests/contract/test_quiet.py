"""Nothing leaves the machine: what the libraries would tell their makers stays off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SILENCING = {"ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "GITHUB_ACTIONS", "TF_BUILD"}
"""Variables that would silence ONNX Runtime on their own."""


@pytest.mark.parametrize("module", ["bundle", "service.app", "training.learning.quantize"])
def test_onnx_runtime_reports_to_nobody(module: str, tmp_path: Path) -> None:
    """It makes no identifier of this machine and no queue of events, as it does unasked."""
    plain = {name: value for name, value in os.environ.items() if name not in SILENCING}
    subprocess.run(
        [sys.executable, "-c", f"import {module}, onnxruntime"],
        cwd=ROOT,
        env=plain | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=True,
        capture_output=True,
    )
    assert list(tmp_path.rglob("*")) == []

"""`make bench` runs all that this machine can."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench


@pytest.mark.parametrize("there", [True, False])
def test_a_missing_generator_ends_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    there: bool,
) -> None:
    """What takes h2load is left out with a sentence where it is not installed."""
    (tmp_path / "c1.png").write_bytes(b"")
    ran: list[str] = []

    def run(command: list[str], **_: Any) -> None:
        ran.append(command[2].removeprefix("benchmarks."))

    monkeypatch.setattr(bench, "TILES", tmp_path)
    monkeypatch.setattr(bench, "has_h2load", lambda: there)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert bench.main() == 0
    assert ("stored" in ran) == there
    assert {"fit", "serving", "large", "overload"} <= set(ran)
    assert ("nghttp2-client" in capsys.readouterr().err) != there

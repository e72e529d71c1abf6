"""The command line: what the system refuses is a sentence, not a traceback."""

from pathlib import Path

import pytest

from training.__main__ import main


def test_system_error_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no command foresaw ends in the file, the reason and status 1."""
    tiles = tmp_path / ("x" * 300)  # longer than any file system takes
    assert main(["fit", str(tiles), "--out", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"training: {tiles}: File name too long. ")
    assert "Traceback" not in error

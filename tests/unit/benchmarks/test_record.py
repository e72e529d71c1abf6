"""Result files tell how they came about, and nothing of the machine's folders."""

import pytest

from benchmarks import record


def test_whole_paths_are_told_by_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths from the root of the project and options stay."""
    arguments = ["bundle", "build/grown", "--tile", "/home/someone/tiles/a.png", "--starts", "3"]
    monkeypatch.setattr("sys.argv", ["large.py", *arguments])
    told = "python -m benchmarks.large bundle build/grown --tile a.png --starts 3"
    assert record.invoked("large") == told

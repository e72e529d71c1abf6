"""The examples run as they stand."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT, serving


@pytest.fixture(scope="module")
def url(tiny_path: Path) -> Iterator[str]:
    """The address of a service of the tiny bundle."""
    with serving(tiny_path) as url:
        yield url


def _python(*args: str) -> subprocess.CompletedProcess[str]:
    # From elsewhere, as the example finds client/ by itself.
    command = [sys.executable, str(ROOT / "examples" / "find_neighbors.py"), *args]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


def test_find_neighbors_of_a_stored_tile(url: str) -> None:
    """Five lines, nearest first."""
    done = _python(url, "c306")
    assert done.returncode == 0, done.stderr
    assert [line[:2] for line in done.stdout.splitlines()] == ["1.", "2.", "3.", "4.", "5."]


def test_find_neighbors_of_an_unknown_tile(url: str) -> None:
    """A sentence with near matches, no traceback."""
    done = _python(url, "c307")
    assert done.returncode == 1
    assert done.stderr.startswith("No stored tile has the id 'c307'. Near matches: c3")


def test_find_neighbors_says_what_it_wants() -> None:
    """Without arguments its description is shown."""
    assert "examples/find_neighbors.py URL TILE" in _python().stderr


def test_try_sh_asks_the_main_questions(url: str) -> None:
    """Every answer comes, from the probes to a form with two tiles."""
    script = str(ROOT / "examples" / "try.sh")
    done = subprocess.run([script, url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for part in ('"status":"ready"', '"medoid":', '"latent":', '"id":"two"', '"reach":'):
        assert part in done.stdout


def test_try_sh_fails_where_nobody_answers() -> None:
    """curl's own sentence and its status come through."""
    script = str(ROOT / "examples" / "try.sh")
    command = [script, "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "curl:" in done.stderr

"""The examples run as they stand."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import Bundle
from tests.serving import ROOT, serving


@pytest.fixture(scope="module")
def url(tiny_path: Path) -> Iterator[str]:
    """The address of a service of the tiny bundle."""
    with serving(tiny_path) as url:
        yield url


def _python(*args: str, script: str = "find_neighbors.py") -> subprocess.CompletedProcess[str]:
    # From elsewhere, as the example finds client/ by itself.
    command = [sys.executable, str(ROOT / "examples" / script), *args]
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


def test_screen_folder_names_what_to_look_at(url: str, tmp_path: Path, tiny_bundle: Bundle) -> None:
    """A line for each tile that is not kept, with its reasons, and for a file that is no tile."""
    for row in range(len(tiny_bundle)):
        (tmp_path / f"{tiny_bundle.id(row)}.png").write_bytes(tiny_bundle.picture(row))
    (tmp_path / "a.png").write_bytes(b"no picture")
    done = _python(url, str(tmp_path), script="screen_folder.py")
    assert done.returncode == 0, done.stderr
    broken, *lines = done.stdout.splitlines()
    assert broken.startswith("a: The bytes are not a PNG")
    assert all(re.fullmatch(r"c\d+: (review|drop), [A-Z_]+ [01]\.\d\d.*", line) for line in lines)
    assert lines


def test_screen_folder_with_an_address_that_is_none(tmp_path: Path) -> None:
    """A sentence about the address, no traceback."""
    done = _python("ftp://nowhere", str(tmp_path), script="screen_folder.py")
    assert done.returncode == 1
    assert done.stderr.startswith("'ftp://nowhere' is no address of a service")


def test_screen_folder_says_what_it_wants() -> None:
    """Without arguments its description is shown."""
    assert "examples/screen_folder.py URL FOLDER" in _python(script="screen_folder.py").stderr


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

"""The client as a distribution of its own: `pip install ./client` into an empty environment."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bundle import Bundle
from tests.serving import ROOT, serving


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the client's wheel and what that asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, ROOT / "client"], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "--python", python, "install", wheel], check=True)
    return python


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_it_brings_httpx_and_little_else(python: Path, tmp_path: Path) -> None:
    """No NumPy, no Arrow, no tqdm; and no package with a name that others may have."""
    code = (
        "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"
    )
    names = set(_run(python, "-c", code, cwd=tmp_path).stdout.split())
    ours = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "tilescreen-client"}
    assert ours <= names <= ours | {"typing_extensions", "typing-extensions"}
    assert "No module named 'client'" in _run(python, "-c", "import client", cwd=tmp_path).stderr


def test_it_is_typed(python: Path, tmp_path: Path) -> None:
    """Type checkers look into it, and every public name is there."""
    code = (
        "import tilescreen_client as t, pathlib; from tilescreen_client import *\n"
        "print((pathlib.Path(t.__file__).parent / 'py.typed').exists(), Client, AsyncClient)"
    )
    done = _run(python, "-c", code, cwd=tmp_path)
    assert done.stdout.startswith("True "), done.stderr


def test_its_command_works(
    python: Path, tmp_path: Path, tiny_path: Path, tiny_bundle: Bundle
) -> None:
    """A folder into a CSV, by either name of the command; Parquet says what is missing."""
    for row in range(3):
        (tmp_path / f"t{row}.png").write_bytes(tiny_bundle.picture(row))
    with serving(tiny_path) as url:
        for command in ([python, "-m", "tilescreen_client"], [python.with_name("tilescreen")]):
            asked = [*command, "screen", tmp_path, "--url", url, "--out"]
            done = _run(*asked, tmp_path / "out.csv", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            assert len((tmp_path / "out.csv").read_text().splitlines()) == 4
            done = _run(*asked, tmp_path / "out.parquet", cwd=tmp_path)
            assert done.returncode == 1
            assert "pip install './client[tables]'" in done.stderr

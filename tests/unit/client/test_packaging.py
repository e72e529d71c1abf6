"""What the client is made of."""

import ast
import subprocess
import sys
from pathlib import Path

import client

ALLOWED = {"httpx", "numpy", "pandas"}
"""NumPy and pandas are named for type checkers, and loaded when somebody asks for them."""


def _imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def test_the_client_stands_alone() -> None:
    """It imports httpx and itself; all else only when asked for."""
    files = Path(client.__path__[0]).rglob("*.py")
    imported = set().union(*map(_imported, files))
    assert imported - set(sys.stdlib_module_names) == ALLOWED


def test_numpy_is_not_loaded_before_it_is_needed() -> None:
    """The batch command starts without it."""
    root = Path(client.__file__).parents[1]
    code = "import sys, client; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_public_names_are_listed_sorted() -> None:
    """`__all__` is what can be imported, in order."""
    modules = {name for name in vars(client) if type(getattr(client, name)) is type(sys)}
    public = {name for name in vars(client) if not name.startswith("_")} - modules
    assert client.__all__ == sorted(public)


def test_a_python_without_httpx_is_told_what_to_do() -> None:
    """One sentence and status 1; -S leaves out what is installed."""
    command = [sys.executable, "-S", "-m", "client", "--help"]
    root = Path(client.__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("client: This Python lacks httpx. Use .venv/bin/python")
    assert done.stderr.count("\n") == 1

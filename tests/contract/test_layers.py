"""Who may import whom: service -> bundle <- training; the client stands alone."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import service

ROOT = Path(__file__).parents[2]
OURS = {"bundle", "service", "training", "client", "tests", "benchmarks"}
MAY = {"bundle": set[str](), "service": {"bundle"}, "training": {"bundle"}, "client": set[str]()}
HEAVY = {"tensorflow", "keras", "sklearn", "onnx", "tf2onnx", "training", "pydicom"}
SELDOM = {"cryptography", "alembic", "openvino"}


def imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # The client alone may: it has another name where it is installed.
            relative = node.level and ROOT / "client" not in file.parents
            assert not relative, f"{file}:{node.lineno} imports relatively"
            if not node.level:
                yield node.lineno, node.module or ""


def loaded_by(module: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after one import."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("package", MAY)
def test_imports_go_one_way(package: str) -> None:
    """A package imports itself and those below it, wherever in a file the import stands."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        for line, name in imports(file)
        if name.partition(".")[0] in OURS - MAY[package] - {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["service.app", "service.workers.server", "bundle"])
def test_the_service_loads_no_training_library(module: str) -> None:
    """Importing the service in a fresh interpreter loads none of the libraries for training."""
    assert loaded_by(module) & HEAVY == set()


def test_the_service_loads_what_is_seldom_used_when_it_is() -> None:
    """Each of these takes 7 to 15 MiB of every process that does not need it."""
    assert loaded_by("service.workers.server") & SELDOM == set()


def test_making_lessons_loads_no_tensorflow() -> None:
    """Each process that draws lessons starts in a moment and takes little memory."""
    assert loaded_by("training.planting.lesson_folder") & {"tensorflow", "keras"} == set()


def test_the_service_searches_in_one_thread() -> None:
    """Importing the service leaves numpy's products one thread: the pool has one a core already."""
    threads = "{one['num_threads'] for one in threadpoolctl.threadpool_info()}"
    look = f"import service.app, threadpoolctl; print(*{threads})"
    done = subprocess.run(
        [sys.executable, "-c", look],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if "NUM_THREADS" not in name},
    )
    assert done.stdout.split() == ["1"]


def test_service_is_ours() -> None:
    """`import service` finds the checkout's, whatever else is installed."""
    assert Path(str(service.__file__)).parent == ROOT / "service"

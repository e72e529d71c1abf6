"""Fixtures shared by all tests, few and named for what they are."""

import gc
import signal
from pathlib import Path

import pytest

from bundle import Bundle, open_bundle
from tests.tiny import write_tiny_bundle


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--browser", action="store_true", help="run the headless Chromium tests")


def pytest_configure() -> None:
    """Hear Ctrl-C again where a shell that ran this in the background has it ignored.

    Tests send it to programs that they start, which inherit what is set here.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--browser"):
        return
    skip = pytest.mark.skip(reason="needs --browser and Chromium")
    for item in items:
        if "browser" in item.keywords:
            item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of each search for garbage: services make one at start."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a 12-tile bundle; read-only by agreement: copy it before damaging it."""
    target = tmp_path_factory.mktemp("tiny") / "bundle"
    write_tiny_bundle(target)
    return target


@pytest.fixture(scope="session")
def tiny_bundle(tiny_path: Path) -> Bundle:
    """A 12-tile bundle, opened."""
    return open_bundle(tiny_path)

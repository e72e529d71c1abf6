"""Fixtures of the service's tests."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.forge import forge_array
from tests.postgres import Postgres, postgres
from tests.tiny import write_tiny_bundle


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture(scope="session")
def found_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 12-tile bundle on which every reason was found, with scores and boxes known by hand.

    c300, c303, c306: LETTERING 0.99, 0.95, 0.95, dropped. c309: LETTERING 0.4, for review.
    c312: BLANK, dropped. c315: MASKED, for review. c318: FILM_EDGE, kept. c321: OFF_TOPIC, for
    review, and FILM_EDGE in the very box of c318. The rest are kept, with a score of 0.01.
    c306 was given 30 pixels high and 50 wide, the others 16 x 16 as the encoder's input.
    """
    target = tmp_path_factory.mktemp("found") / "bundle"
    write_tiny_bundle(target)
    scores = np.full((12, 5), 0.01, dtype=np.float32)
    scores[:4, 0] = 0.99, 0.95, 0.95, 0.4
    scores[4, 3], scores[5, 2], scores[6, 1], scores[7, 4], scores[7, 1] = 0.9, 0.8, 0.7, 0.6, 0.55
    boxes = np.zeros((12, 3, 4), dtype=np.int16)
    boxes[:4, 0] = [4, 8, 12, 16], [0, 0, 4, 4], [2, 4, 10, 8], [0, 0, 8, 16]
    boxes[5, 2], boxes[6, 1], boxes[7, 1] = [8, 0, 16, 16], [0, 0, 4, 16], [0, 0, 4, 16]
    sizes = np.full((12, 2), 16, dtype=np.int32)
    sizes[2] = 30, 50
    verdicts = np.array([2, 2, 2, 1, 2, 1, 0, 1, 0, 0, 0, 0], dtype=np.uint8)
    forge_array(target, "scores.npy", scores)
    forge_array(target, "boxes.npy", boxes)
    forge_array(target, "tile_sizes.npy", sizes)
    forge_array(target, "verdicts.npy", verdicts)
    return target


@pytest.fixture(scope="session")
def study_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 12-tile bundle of the study's kind: no maps, judged by outlier distance."""
    target = tmp_path_factory.mktemp("study") / "bundle"
    write_tiny_bundle(target, maps=False)
    return target


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that all tests share; each makes a database of its own in it."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings that keep decisions in an empty place: a folder, then PostgreSQL."""
    folder = {"decisions": tmp_path / "kept"}
    if request.param == "sqlite":
        return folder
    server: Postgres = request.getfixturevalue("server")
    return {"database_url": server.new(), **folder}

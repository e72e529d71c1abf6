"""SelfClean: its ranking of off-topic pictures, and what it learns from the tiles alone.

Its starting weights lie on a server that a machine without the internet cannot ask, so it
runs here in two ways: its ranking on EfficientNet-lite0's ImageNet features, and its own
training (DINO, a tiny vision transformer, ten epochs) from random weights.
"""

import copy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.screening.peers import exchange, imagenet_features
from benchmarks.screening.peers.exchange import Answer, Tiles

# The index has no torchvision for a torch without CUDA; the operators that this module
# describes are missing from it, and SelfClean uses none of them.
sys.modules["torchvision._meta_registrations"] = ModuleType("nothing")

from selfclean import SelfClean  # noqa: E402
from selfclean.cleaner.issue_manager import IssueTypes  # noqa: E402
from selfclean.cleaner.selfclean import DINO_STANDARD_HYPERPARAMETERS  # noqa: E402

_SIDE = "224"


def load(option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; `option` is `ranking` or `training`."""
    torch.set_num_threads(1)
    if option == "training":
        return train
    features = imagenet_features.load(_SIDE)
    return lambda tiles: rank(features(tiles).features)


def rank(spaces: dict[str, NDArray[np.float32]]) -> Answer:
    """Return the off-topic ranking in each space of features."""
    with tempfile.TemporaryDirectory() as folder:
        return Answer({name: _off_topic(Path(folder), space) for name, space in spaces.items()})


def _off_topic(folder: Path, space: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(space, axis=1, keepdims=True)
    cleaner = SelfClean(memmap=True, memmap_path=folder, log_level="ERROR").cleaner
    cleaner.fit(emb_space=space / np.maximum(lengths, 1e-9))
    return _scores(cleaner.predict(issues_to_detect=[IssueTypes.OFF_TOPIC_SAMPLES]), len(space))


def _scores(issues: dict[str, dict[str, NDArray[np.float64]]], count: int) -> NDArray[np.float64]:
    found = issues["off_topic_samples"]
    scores = np.full(count, -np.inf)
    scores[found["indices"].astype(int)] = -np.arange(len(found["indices"]))  # the worst first
    return scores


class _Pictures(torch.utils.data.Dataset):  # type: ignore[misc]
    """The tiles as a data set of three-channel pictures, all of one class."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self.transform: Callable[[Image.Image], object] = lambda picture: picture

    def __len__(self) -> int:
        return len(self._tiles)

    def __getitem__(self, row: int) -> tuple[object, int]:
        return self.transform(Image.fromarray(self._tiles[row]).convert("RGB")), 0


def train(tiles: Tiles) -> Answer:
    """Train as SelfClean does, but from random weights; return its ranking and features."""
    settings = copy.deepcopy(DINO_STANDARD_HYPERPARAMETERS)
    settings["model"]["base_model"] = "vit_tiny"
    with tempfile.TemporaryDirectory() as folder:
        engine = SelfClean(memmap=True, memmap_path=folder, log_level="ERROR")
        issues = engine.run_on_dataset(
            _Pictures(tiles),
            work_dir=folder,
            num_workers=0,
            hyperparameters=settings,
            issues_to_detect=[IssueTypes.OFF_TOPIC_SAMPLES],
        )
        learned = np.array(engine.cleaner.emb_space)
        return Answer({"learned": _scores(issues, len(tiles))}, {"learned": learned})


if __name__ == "__main__":
    exchange.answer(load)

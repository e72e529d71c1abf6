"""Talks to a running service over HTTP; imports nothing of the other packages.

`Client` and `AsyncClient` are for scripts; `python -m client --help` is the batch command.
"""

import importlib.util
import sys

if sys.argv[:1] == ["-m"] and not all(map(importlib.util.find_spec, ("httpx", "tqdm"))):
    # `python -m client` imports this file before its own, so here is the place for the sentence.
    sys.exit(
        "client: This Python lacks httpx or tqdm. Use .venv/bin/python -m client, which `make run` "
        "sets up, or install them: pip install -r requirements/client.txt"
    )

from client.api import Client
from client.async_api import AsyncClient
from client.errors import (
    BundleChanged,
    ClientError,
    InputUnusable,
    NotFound,
    Overloaded,
    ServiceRefused,
    ServiceUnreachable,
    TileRefused,
    UnexpectedAnswer,
)
from client.payload import Payload
from client.problem import Problem
from client.results import (
    BundleInfo,
    Cluster,
    ClusterOf,
    Encoded,
    FailedTile,
    Neighbor,
    Neighbors,
    StoredTile,
)
from client.retry import Retry
from client.screenings import AlikeTile, Box, Evidence, Reason, ScreenedTile, Screening
from client.vectors import Vectors

__all__ = [
    "AlikeTile",
    "AsyncClient",
    "Box",
    "BundleChanged",
    "BundleInfo",
    "Client",
    "ClientError",
    "Cluster",
    "ClusterOf",
    "Encoded",
    "Evidence",
    "FailedTile",
    "InputUnusable",
    "Neighbor",
    "Neighbors",
    "NotFound",
    "Overloaded",
    "Payload",
    "Problem",
    "Reason",
    "Retry",
    "ScreenedTile",
    "Screening",
    "ServiceRefused",
    "ServiceUnreachable",
    "StoredTile",
    "TileRefused",
    "UnexpectedAnswer",
    "Vectors",
]

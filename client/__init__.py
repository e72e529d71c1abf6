"""Talks to a running service over HTTP; imports nothing of the other packages.

`Client` and `AsyncClient` are for scripts; `python -m client --help` is the batch command.
"""

import importlib.util
import sys

if sys.argv[:1] == ["-m"] and importlib.util.find_spec("httpx") is None:
    # `python -m client` imports this file before its own, so here is the place for the sentence.
    sys.exit(
        "client: This Python lacks httpx. Use .venv/bin/python -m client, which `make run` "
        "sets up, or install the client: pip install ./client"
    )

from .api import Client
from .async_api import AsyncClient
from .decisions import BatchDecided, Decided, Imported, NewDecision, TileDecisions
from .errors import (
    BundleChanged,
    ClientError,
    InputUnusable,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    ServiceRefused,
    ServiceUnreachable,
    TileRefused,
    UnexpectedAnswer,
)
from .exports import Checked, verify
from .payload import Payload
from .problem import Problem
from .results import (
    BundleInfo,
    Cluster,
    ClusterOf,
    Encoded,
    FailedTile,
    Neighbor,
    Neighbors,
    StoredTile,
)
from .retry import Retry
from .screenings import AlikeTile, Box, Evidence, Reason, ScreenedTile, Screening
from .shown import Results
from .vectors import Vectors

__all__ = [
    "AlikeTile",
    "AsyncClient",
    "BatchDecided",
    "Box",
    "BundleChanged",
    "BundleInfo",
    "Checked",
    "Client",
    "ClientError",
    "Cluster",
    "ClusterOf",
    "Decided",
    "Encoded",
    "Evidence",
    "FailedTile",
    "Imported",
    "InputUnusable",
    "Neighbor",
    "Neighbors",
    "NewDecision",
    "NotFound",
    "OutcomeUnknown",
    "Overloaded",
    "Payload",
    "Problem",
    "Reason",
    "Results",
    "Retry",
    "ScreenedTile",
    "Screening",
    "ServiceRefused",
    "ServiceUnreachable",
    "StoredTile",
    "TileDecisions",
    "TileRefused",
    "UnexpectedAnswer",
    "Vectors",
    "verify",
]

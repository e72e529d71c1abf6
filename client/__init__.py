"""Talks to a running service over HTTP; imports nothing of the other packages.

`Client` and `AsyncClient` are for scripts; `python -m client --help` is the batch command.
"""

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

__all__ = [
    "AsyncClient",
    "BundleChanged",
    "BundleInfo",
    "Client",
    "ClientError",
    "Cluster",
    "ClusterOf",
    "Encoded",
    "FailedTile",
    "InputUnusable",
    "Neighbor",
    "Neighbors",
    "NotFound",
    "Overloaded",
    "Payload",
    "Problem",
    "Retry",
    "ServiceRefused",
    "ServiceUnreachable",
    "StoredTile",
    "TileRefused",
    "UnexpectedAnswer",
]

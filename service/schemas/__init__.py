"""The shapes of the answers: for the API document, and for the tests that hold answers to it.

Answers themselves are built as plain objects (`service.facts`): checking each of a thousand
answers a second against its model would cost more than making it.
"""

from service.schemas.bundles import (
    Activated,
    BrokenBundle,
    BundleDiff,
    BundleList,
    BundleSummary,
    ClusterMatched,
    ClustersCompared,
    Flip,
    NeighborsCompared,
    TilesCompared,
    VerdictsCompared,
)
from service.schemas.problem import InvalidPart, Problem
from service.schemas.results import (
    ClusterAnswer,
    ClusterResult,
    DbscanLabel,
    EncodeAnswer,
    EncodeResult,
    FailedResult,
    Membership,
    NearestCluster,
    Neighbor,
    NeighborsAnswer,
    NeighborsResult,
)
from service.schemas.screening import (
    AlikeTile,
    Box,
    Evidence,
    FoundReason,
    ScreenAnswer,
    ScreenCounts,
    ScreenedTile,
    ScreenPage,
    ScreenResult,
)
from service.schemas.status import Alive, BundleManifest, Ready, Workers
from service.schemas.stored import (
    ClusterDetail,
    ClusterList,
    ClusterSummary,
    TileDetail,
    TilePage,
    TileSummary,
)

__all__ = [
    "Activated",
    "AlikeTile",
    "Alive",
    "Box",
    "BrokenBundle",
    "BundleDiff",
    "BundleList",
    "BundleManifest",
    "BundleSummary",
    "ClusterAnswer",
    "ClusterDetail",
    "ClusterList",
    "ClusterMatched",
    "ClusterResult",
    "ClusterSummary",
    "ClustersCompared",
    "DbscanLabel",
    "EncodeAnswer",
    "EncodeResult",
    "Evidence",
    "FailedResult",
    "Flip",
    "FoundReason",
    "InvalidPart",
    "Membership",
    "NearestCluster",
    "Neighbor",
    "NeighborsAnswer",
    "NeighborsCompared",
    "NeighborsResult",
    "Problem",
    "Ready",
    "ScreenAnswer",
    "ScreenCounts",
    "ScreenPage",
    "ScreenResult",
    "ScreenedTile",
    "TileDetail",
    "TilePage",
    "TileSummary",
    "TilesCompared",
    "VerdictsCompared",
    "Workers",
]

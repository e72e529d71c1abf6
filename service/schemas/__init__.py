"""The shapes of the answers: for the API document, and for the tests that hold answers to it.

Answers themselves are built as plain objects (`service.facts`): checking each of a thousand
answers a second against its model would cost more than making it.
"""

from service.schemas.inference import (
    InferAnswer,
    Live,
    ModelMetadata,
    ModelReady,
    OutputTensor,
    ServerMetadata,
    ServerReady,
    TensorMetadata,
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
from service.schemas.status import Alive, BundleManifest, DriftReport, Ready
from service.schemas.stored import (
    ClusterDetail,
    ClusterList,
    ClusterSummary,
    TileDetail,
    TilePage,
    TileSummary,
)

__all__ = [
    "AlikeTile",
    "Alive",
    "Box",
    "BundleManifest",
    "ClusterAnswer",
    "ClusterDetail",
    "ClusterList",
    "ClusterResult",
    "ClusterSummary",
    "DbscanLabel",
    "DriftReport",
    "EncodeAnswer",
    "EncodeResult",
    "Evidence",
    "FailedResult",
    "FoundReason",
    "InferAnswer",
    "InvalidPart",
    "Live",
    "Membership",
    "ModelMetadata",
    "ModelReady",
    "NearestCluster",
    "Neighbor",
    "NeighborsAnswer",
    "NeighborsResult",
    "OutputTensor",
    "Problem",
    "Ready",
    "ScreenAnswer",
    "ScreenCounts",
    "ScreenPage",
    "ScreenResult",
    "ScreenedTile",
    "ServerMetadata",
    "ServerReady",
    "TensorMetadata",
    "TileDetail",
    "TilePage",
    "TileSummary",
]

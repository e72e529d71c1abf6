"""The shapes of the answers: for the API document, and for the tests that hold answers to it.

Answers themselves are built as plain objects (`service.facts`): checking each of a thousand
answers a second against its model would cost more than making it.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InvalidPart(_Shape):
    """One part of a request that is not valid."""

    where: str = Field(
        description="Where it stands: `query.k`, `path.label`.", examples=["query.k"]
    )
    message: str = Field(
        description="What is wrong with it.", examples=["Input should be less than or equal to 100"]
    )


class Problem(_Shape):
    """What went wrong, as RFC 9457 has it; every error of the service has this shape."""

    type: str = Field(
        description="URI of the kind of problem.", examples=["urn:tilescreen:problem:unknown-tile"]
    )
    title: str = Field(description="The kind of problem in words.", examples=["No such tile"])
    status: int = Field(description="HTTP status.", examples=[404])
    code: str = Field(
        description="The kind of problem, stable, to switch on.", examples=["unknown_tile"]
    )
    detail: str = Field(
        description="What is wrong here and what to do.",
        examples=["No stored tile has the id 'c310'. Near matches: c311."],
    )
    instance: str | None = Field(
        description="The request's id, as in X-Request-Id; not in errors of single tiles.",
        examples=["0d8f6f5f0c9b4a35-0000002a"],
        default=None,
    )
    index: int | None = Field(
        description="Position of the tile in the request; only in errors of single tiles.",
        examples=[1],
        default=None,
    )
    near: list[str] | None = Field(
        description="Stored ids that look like the unknown one.", examples=[["c311"]], default=None
    )
    errors: list[InvalidPart] | None = Field(
        description="Each part of the request that is not valid.",
        examples=[[{"where": "query.k", "message": "Input should be less than or equal to 100"}]],
        default=None,
    )


class _Result(_Shape):
    index: int = Field(description="Position of the tile in the request, from 0.", examples=[0])
    id: str | None = Field(
        description="The stored tile's id, or the stem of the file's name, or X-Tile-Id.",
        examples=["c311"],
    )


class FailedResult(_Result):
    """A tile that cannot be answered about; the others of the request can."""

    error: Problem = Field(
        description="What is wrong with this tile.",
        examples=[
            {
                "type": "urn:tilescreen:problem:not-a-png",
                "title": "Not a PNG",
                "status": 415,
                "code": "not_a_png",
                "detail": "The bytes are not a PNG: the PNG signature is missing.",
                "index": 1,
            }
        ],
    )


class EncodeResult(_Result):
    """A tile's latent."""

    latent: list[float] = Field(
        description="The encoder's output, float32, not scaled.", examples=[[0.117, -0.52]]
    )


class Neighbor(_Shape):
    """A stored tile near the one asked about."""

    rank: int = Field(description="1 is the nearest.", examples=[1])
    id: str = Field(description="The stored tile's id.", examples=["c578"])
    distance: float = Field(
        description="Euclidean distance between scaled latents.", examples=[3.25]
    )
    rarity: float = Field(
        description="Share of random pairs of stored tiles that lie closer: small is remarkable.",
        examples=[0.0004],
    )
    cluster: int | None = Field(
        description="Label of its cluster; null for a stray tile.", examples=[2]
    )
    scan: str | None = Field(
        description="The scan it was cut from; null when not known.", examples=["film-a"]
    )


class NeighborsResult(_Result):
    """A tile's nearest stored tiles, nearest first."""

    self_excluded: bool = Field(
        description="True for a stored tile, which is left out of its own neighbours.",
        examples=[True],
    )
    neighbors: list[Neighbor] = Field(
        description="The nearest stored tiles.",
        examples=[
            [
                {
                    "rank": 1,
                    "id": "c578",
                    "distance": 3.25,
                    "rarity": 0.0004,
                    "cluster": 2,
                    "scan": "film-a",
                }
            ]
        ],
    )
    note: str | None = Field(
        description="Why there are fewer than k; absent otherwise.",
        examples=["Only 11 other tiles are stored; all of them are listed."],
        default=None,
    )


class NearestCluster(_Shape):
    """The nearest cluster, in reach or not."""

    label: int = Field(description="Its label.", examples=[2])
    distance: float = Field(
        description="Euclidean distance to its nearest core tile, scaled latents.", examples=[1.75]
    )


class Membership(_Shape):
    """Where a tile belongs, by the nearest-core rule."""

    label: int = Field(
        description="Its cluster, or -1 for a stray tile, which is in no cluster.", examples=[2]
    )
    stray: bool = Field(description="True when the tile is in no cluster.", examples=[False])
    confidence: float = Field(
        description=(
            "d2 / (d1 + d2) for the distances to the nearest and the second cluster: 0.5 is a "
            "toss-up, 1 beyond doubt; 0 when the nearest is out of reach."
        ),
        examples=[0.83],
    )
    nearest: NearestCluster | None = Field(
        description="The nearest cluster, however far; null only when there are no clusters.",
        examples=[{"label": 2, "distance": 1.75}],
    )
    reach: float = Field(
        description="The distance up to which a tile belongs to a cluster.", examples=[4.5]
    )


class DbscanLabel(_Shape):
    """The label that the study's DBSCAN gave a stored tile."""

    label: int = Field(description="The label; -1 when `noise` is true.", examples=[-1])
    noise: bool = Field(description="True when DBSCAN calls the tile noise.", examples=[True])
    eps: float | None = Field(description="Its radius; null when not known.", examples=[7.0])
    noise_share: float = Field(
        description="Share of all stored tiles that it calls noise.", examples=[0.73]
    )


class ClusterResult(_Result):
    """A tile's cluster."""

    cluster: Membership = Field(
        description="By the nearest-core rule; for a stored tile, `label` is the stored one.",
        examples=[
            {
                "label": 2,
                "stray": False,
                "confidence": 0.83,
                "nearest": {"label": 2, "distance": 1.75},
                "reach": 4.5,
            }
        ],
    )
    dbscan: DbscanLabel | None = Field(
        description="The study's label; of stored tiles only.",
        examples=[{"label": -1, "noise": True, "eps": 7.0, "noise_share": 0.73}],
        default=None,
    )


class _Answer(_Shape):
    bundle: str = Field(
        description="Id of the bundle that answered, as in X-Bundle.", examples=["d58c69737ebf73dd"]
    )


class EncodeAnswer(_Answer):
    """Latents, in the order of the request."""

    results: list[EncodeResult | FailedResult] = Field(
        description="One a tile.", examples=[[{"index": 0, "id": "c311", "latent": [0.117, -0.52]}]]
    )


class NeighborsAnswer(_Answer):
    """Neighbours, in the order of the request."""

    results: list[NeighborsResult | FailedResult] = Field(
        description="One a tile.",
        examples=[
            [
                {
                    "index": 0,
                    "id": "c311",
                    "self_excluded": True,
                    "neighbors": [
                        {
                            "rank": 1,
                            "id": "c578",
                            "distance": 3.25,
                            "rarity": 0.0004,
                            "cluster": 2,
                            "scan": "film-a",
                        }
                    ],
                }
            ]
        ],
    )


class ClusterAnswer(_Answer):
    """Clusters of tiles, in the order of the request."""

    results: list[ClusterResult | FailedResult] = Field(
        description="One a tile.",
        examples=[
            [
                {
                    "index": 0,
                    "id": "c311",
                    "cluster": {
                        "label": -1,
                        "stray": True,
                        "confidence": 0.0,
                        "nearest": {"label": 2, "distance": 6.1},
                        "reach": 4.5,
                    },
                }
            ]
        ],
    )


class TileSummary(_Shape):
    """A stored tile in a list."""

    id: str = Field(description="Its id.", examples=["c311"])
    cluster: int | None = Field(
        description="Label of its cluster; null for a stray tile.", examples=[2]
    )
    scan: str | None = Field(
        description="The scan it was cut from; null when not known.", examples=["film-a"]
    )


class TilePage(_Answer):
    """One page of stored tiles, ascending by id."""

    total: int = Field(description="Tiles on all pages together.", examples=[12])
    tiles: list[TileSummary] = Field(
        description="The page's tiles.", examples=[[{"id": "c311", "cluster": 2, "scan": "film-a"}]]
    )
    next: str | None = Field(
        description="`cursor` of the next page; null on the last.", examples=["c311"]
    )


class TileDetail(TileSummary):
    """All that is stored of a tile but its latent and picture."""

    bundle: str = Field(
        description="Id of the bundle that answered, as in X-Bundle.", examples=["d58c69737ebf73dd"]
    )
    patient: str | None = Field(
        description="The patient of its scan; null when not known.", examples=["p1"]
    )
    y: int | None = Field(
        description="Upper edge in the scan in pixels; null when not known.", examples=[350]
    )
    x: int | None = Field(
        description="Left edge in the scan in pixels; null when not known.", examples=[0]
    )
    dbscan: DbscanLabel = Field(
        description="The study's label.",
        examples=[{"label": -1, "noise": True, "eps": 7.0, "noise_share": 0.73}],
    )


class ClusterSummary(_Shape):
    """A cluster, or (label -1) the stray tiles, which are none."""

    label: int = Field(description="Its label; -1 stands for the stray tiles.", examples=[2])
    stray: bool = Field(description="True for the stray tiles.", examples=[False])
    size: int = Field(description="Number of tiles.", examples=[6])
    share: float = Field(description="Share of all stored tiles.", examples=[0.5])
    medoid: str | None = Field(
        description="Id of the tile nearest to the cluster's mean; null for the stray tiles.",
        examples=["c311"],
    )


class ClusterList(_Answer):
    """All clusters, and the stray tiles apart."""

    method: str = Field(description="How the clusters were made.", examples=["hdbscan"])
    clusters: list[ClusterSummary] = Field(
        description="Ascending by label.",
        examples=[[{"label": 2, "stray": False, "size": 6, "share": 0.5, "medoid": "c311"}]],
    )
    stray: ClusterSummary = Field(
        description="The tiles in no cluster.",
        examples=[{"label": -1, "stray": True, "size": 1, "share": 0.083, "medoid": None}],
    )


class ClusterDetail(ClusterSummary):
    """A cluster with one page of its members, ascending by id."""

    bundle: str = Field(
        description="Id of the bundle that answered, as in X-Bundle.", examples=["d58c69737ebf73dd"]
    )
    members: list[TileSummary] = Field(
        description="The page's tiles.", examples=[[{"id": "c311", "cluster": 2, "scan": "film-a"}]]
    )
    next: str | None = Field(
        description="`cursor` of the next page; null on the last.", examples=["c311"]
    )


class BundleManifest(BaseModel):
    """The bundle's manifest, as docs/bundle-format.md describes it; these and more members."""

    model_config = ConfigDict(extra="allow")

    bundle_id: str = Field(
        description="Hash over everything in the bundle.", examples=["d58c69737ebf73dd"]
    )
    format_version: int = Field(description="Version of the bundle's format.", examples=[1])
    created: datetime = Field(description="When it was fitted.", examples=["2026-01-01T00:00:00Z"])
    profile: str = Field(description="The profile it was fitted with.", examples=["default"])
    seed: int = Field(description="The seed it was fitted with.", examples=[42])
    latent_dim: int = Field(description="Numbers in a latent.", examples=[150])
    neighbors: int = Field(description="Stored neighbours of each tile.", examples=[100])
    source: dict[str, Any] = Field(
        description="The tiles it was fitted on.",
        examples=[{"tiles": 12, "scans": 3, "skipped": {}}],
    )
    files: dict[str, Any] = Field(
        description="Size and SHA-256 of every file.",
        examples=[
            {"encoder.onnx": {"sha256": "0" * 64, "size": 1024, "dtype": None, "shape": None}}
        ],
    )


class Alive(_Shape):
    """The process answers."""

    status: str = Field(description="Always `alive`.", examples=["alive"])


class Ready(_Answer):
    """Tiles can be encoded: a probe tile has just come back as stored."""

    status: str = Field(description="Always `ready`.", examples=["ready"])
    tiles: int = Field(description="Number of stored tiles.", examples=[12])
    probe_difference: float = Field(
        description="Largest difference of the probe tile's latent from the stored one.",
        examples=[1e-7],
    )
    queue_tiles: int = Field(description="Tiles that wait for the encoder.", examples=[0])
    queue_limit: int = Field(description="Tiles that may wait.", examples=[4096])

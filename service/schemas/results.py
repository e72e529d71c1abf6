"""Answers about tiles: latents, neighbours, clusters."""

from pydantic import Field

from service.schemas.problem import Problem, Shape


class Answer(Shape):
    """What every answer about the bundle begins with."""

    bundle: str = Field(
        description="Id of the bundle that answered, as in X-Bundle.", examples=["d58c69737ebf73dd"]
    )


class Result(Shape):
    """What every result begins with."""

    index: int = Field(description="Position of the tile in the request, from 0.", examples=[0])
    id: str | None = Field(
        description="The stored tile's id, or the stem of the file's name, or X-Tile-Id.",
        examples=["c311"],
    )


class FailedResult(Result):
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


class EncodeResult(Result):
    """A tile's latent."""

    latent: list[float] = Field(
        description="The encoder's output, float32, not scaled.", examples=[[0.117, -0.52]]
    )


class EncodeAnswer(Answer):
    """Latents, in the order of the request."""

    results: list[EncodeResult | FailedResult] = Field(
        description="One a tile.", examples=[[{"index": 0, "id": "c311", "latent": [0.117, -0.52]}]]
    )


class Neighbor(Shape):
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


class NeighborsResult(Result):
    """A tile's nearest stored tiles, nearest first."""

    self_excluded: bool = Field(
        description="True for a stored tile, which is left out of its own neighbours.",
        examples=[True],
    )
    exact: bool = Field(
        description="False where the index may have missed one: ask with exact=true.",
        examples=[True],
    )
    neighbors: list[Neighbor] = Field(
        description="The nearest stored tiles; with examples, to the nearest positive one.",
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


class NeighborsAnswer(Answer):
    """Neighbours, in the order of the request."""

    results: list[NeighborsResult | FailedResult] = Field(
        description="One a tile.",
        examples=[
            [
                {
                    "index": 0,
                    "id": "c311",
                    "self_excluded": True,
                    "exact": True,
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


class NearestCluster(Shape):
    """The nearest cluster, in reach or not."""

    label: int = Field(description="Its label.", examples=[2])
    distance: float = Field(
        description="Euclidean distance to its nearest core tile, scaled latents.", examples=[1.75]
    )


class Membership(Shape):
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


class DbscanLabel(Shape):
    """The label that the study's DBSCAN gave a stored tile."""

    label: int = Field(description="The label; -1 when `noise` is true.", examples=[-1])
    noise: bool = Field(description="True when DBSCAN calls the tile noise.", examples=[True])
    eps: float | None = Field(description="Its radius; null when not known.", examples=[7.0])
    noise_share: float = Field(
        description="Share of all stored tiles that it calls noise.", examples=[0.73]
    )


class ClusterResult(Result):
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


class ClusterAnswer(Answer):
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

"""Lists of what is stored, and each thing in them."""

from pydantic import Field

from service.schemas.problem import Shape
from service.schemas.results import Answer, DbscanLabel


class TileSummary(Shape):
    """A stored tile in a list."""

    id: str = Field(description="Its id.", examples=["c311"])
    cluster: int | None = Field(
        description="Label of its cluster; null for a stray tile.", examples=[2]
    )
    scan: str | None = Field(
        description="The scan it was cut from; null when not known.", examples=["film-a"]
    )


class TilePage(Answer):
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


class ClusterSummary(Shape):
    """A cluster, or (label -1) the stray tiles, which are none."""

    label: int = Field(description="Its label; -1 stands for the stray tiles.", examples=[2])
    stray: bool = Field(description="True for the stray tiles.", examples=[False])
    size: int = Field(description="Number of tiles.", examples=[6])
    share: float = Field(description="Share of all stored tiles.", examples=[0.5])
    medoid: str | None = Field(
        description="Id of the tile nearest to the cluster's mean; null for the stray tiles.",
        examples=["c311"],
    )
    name: str | None = Field(
        description="What people call it; null where nobody has named it.", examples=["letters"]
    )


class ClusterList(Answer):
    """All clusters, and the stray tiles apart."""

    method: str = Field(description="How the clusters were made.", examples=["hdbscan"])
    clusters: list[ClusterSummary] = Field(
        description="Ascending by label.",
        examples=[
            [{"label": 2, "stray": False, "size": 6, "share": 0.5, "medoid": "c311", "name": None}]
        ],
    )
    stray: ClusterSummary = Field(
        description="The tiles in no cluster.",
        examples=[
            {"label": -1, "stray": True, "size": 1, "share": 0.083, "medoid": None, "name": None}
        ],
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

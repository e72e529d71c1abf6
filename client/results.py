"""Typed answers, and how to read them from JSON.

Members that a newer service may add are left out; one that is missing is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .answers import Json
from .errors import UnexpectedAnswer
from .problem import Problem
from .shown import Row, Shown

T = TypeVar("T")


@dataclass(frozen=True)
class Encoded(Shown):
    """A tile's latent: the encoder's output, d numbers of float32 precision, not scaled."""

    latent: tuple[float, ...] = field(repr=False)

    def rows(self) -> list[Row]:
        """Return one row, with a column for each number."""
        return [{"id": self.id} | {f"l{at}": value for at, value in enumerate(self.latent)}]


@dataclass(frozen=True)
class Neighbor:
    """A stored tile near the one asked about.

    rank: 1 is the nearest. distance: euclidean, between scaled latents.
    rarity: share of random pairs of stored tiles that lie closer; small is remarkable.
    cluster: None for a stray tile. scan: None when not known.
    """

    id: str
    rank: int
    distance: float
    rarity: float
    cluster: int | None
    scan: str | None


@dataclass(frozen=True)
class Neighbors(Shown):
    """A tile's nearest stored tiles, nearest first.

    self_excluded: True for a stored tile, which is never its own neighbour.
    note: why there are fewer than were asked for; None otherwise.
    exact: False where the bundle's index may have missed one.
    """

    neighbors: tuple[Neighbor, ...]
    self_excluded: bool
    note: str | None = None
    exact: bool = True

    def rows(self) -> list[Row]:
        """Return one row a neighbour."""
        return [
            {"id": self.id, "rank": hit.rank, "neighbor": hit.id}
            | {"distance": hit.distance, "rarity": hit.rarity}
            | {"cluster": hit.cluster, "scan": hit.scan}
            for hit in self.neighbors
        ]


@dataclass(frozen=True)
class ClusterOf(Shown):
    """Where a tile belongs.

    label: its cluster, -1 for a stray tile. confidence: 0.5 is a toss-up, 1 beyond doubt,
    0 when no cluster is in reach. nearest: label of the nearest cluster, in reach or not, and
    distance to it; None when there are no clusters. reach: distance up to which a tile belongs.
    """

    label: int
    confidence: float
    nearest: int | None
    distance: float | None
    reach: float

    def rows(self) -> list[Row]:
        """Return one row."""
        names = ("id", "label", "confidence", "nearest", "distance", "reach")
        return [{name: getattr(self, name) for name in names}]

    @property
    def stray(self) -> bool:
        """Whether the tile is in no cluster."""
        return self.label < 0


@dataclass(frozen=True)
class FailedTile(Shown):
    """A tile that was sent among others and cannot be answered about."""

    problem: Problem

    def rows(self) -> list[Row]:
        """Return one row, with the reason."""
        return [{"id": self.id, "error": f"{self.problem.code}: {self.problem.detail}"}]


@dataclass(frozen=True)
class StoredTile:
    """A stored tile in a list. cluster: None for a stray tile. scan: None when not known."""

    id: str
    cluster: int | None
    scan: str | None


@dataclass(frozen=True)
class Cluster:
    """A cluster; medoid: id of the tile nearest to its mean."""

    label: int
    size: int
    share: float
    medoid: str | None


@dataclass(frozen=True)
class BundleInfo:
    """What the service answers from; `manifest` holds everything it says of its bundle."""

    id: str
    tiles: int
    latent_dim: int
    profile: str
    manifest: Json = field(repr=False)


def read(reader: Callable[[Json], T], raw: Json) -> T:
    """Apply one of the readers below.

    Raises:
        UnexpectedAnswer: a member is missing or of another type.
    """
    try:
        return reader(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        name = reader.__name__.replace("_", " ")
        raise UnexpectedAnswer(
            f"The answer does not read as {name} ({type(error).__name__}: {error}). "
            "Are client and service of one version?"
        ) from error


def encoded(raw: Json) -> Encoded:
    """Read a result of /encode."""
    return Encoded(str(raw["id"]), tuple(map(float, raw["latent"])))


def neighbors(raw: Json) -> Neighbors:
    """Read a result of /neighbors."""
    return Neighbors(
        id=str(raw["id"]),
        neighbors=tuple(map(_neighbor, raw["neighbors"])),
        self_excluded=bool(raw["self_excluded"]),
        note=raw.get("note"),
        exact=bool(raw.get("exact", True)),
    )


def _neighbor(raw: Json) -> Neighbor:
    return Neighbor(
        id=str(raw["id"]),
        rank=int(raw["rank"]),
        distance=float(raw["distance"]),
        rarity=float(raw["rarity"]),
        cluster=raw["cluster"],
        scan=raw["scan"],
    )


def cluster_of(raw: Json) -> ClusterOf:
    """Read a result of /cluster."""
    member = raw["cluster"]
    near = member["nearest"] or {"label": None, "distance": None}
    return ClusterOf(
        id=str(raw["id"]),
        label=int(member["label"]),
        confidence=float(member["confidence"]),
        nearest=near["label"],
        distance=near["distance"],
        reach=float(member["reach"]),
    )


def stored_tile(raw: Json) -> StoredTile:
    """Read a tile of a page of /tiles."""
    return StoredTile(str(raw["id"]), raw["cluster"], raw["scan"])


def cluster(raw: Json) -> Cluster:
    """Read a cluster of /clusters."""
    return Cluster(int(raw["label"]), int(raw["size"]), float(raw["share"]), raw["medoid"])


def clusters(raw: Json) -> list[Cluster]:
    """Read /clusters: every cluster, and last the stray tiles as label -1."""
    return [*map(cluster, raw["clusters"]), cluster(raw["stray"])]


def tile_page(raw: Json) -> tuple[list[StoredTile], str | None]:
    """Read a page of /tiles, and the cursor of the next one."""
    return [stored_tile(tile) for tile in raw["tiles"]], raw["next"]


def bundle_info(raw: Json) -> BundleInfo:
    """Read /bundle."""
    return BundleInfo(
        id=str(raw["bundle_id"]),
        tiles=int(raw["source"]["tiles"]),
        latent_dim=int(raw["latent_dim"]),
        profile=str(raw["profile"]),
        manifest=raw,
    )

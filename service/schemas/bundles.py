"""Answers about bundles: which there are, what a change gave, what differs."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bundle.screening import Verdict
from service.schemas.problem import Shape
from service.schemas.results import Answer


class BundleSummary(Shape):
    """A bundle that can be served."""

    id: str = Field(description="Its id.", examples=["d58c69737ebf73dd"])
    name: str = Field(description="Name of its folder.", examples=["2026-01"])
    state: Literal["active", "previous", "stored"] = Field(
        description="Whether it answers now, did before and is still loaded, or is on disk only.",
        examples=["active"],
    )
    profile: str = Field(description="The profile it was fitted with.", examples=["default"])
    created: datetime = Field(description="When it was fitted.", examples=["2026-01-01T00:00:00Z"])
    tiles: int = Field(description="Stored tiles.", examples=[12])
    scans: int = Field(description="Scans they were cut from; 0 if not known.", examples=[3])


class BrokenBundle(Shape):
    """A folder whose manifest cannot be read."""

    name: str = Field(description="Name of the folder.", examples=["2026-02"])
    detail: str = Field(
        description="What is wrong and what to do.",
        examples=["manifest.json was altered: its id does not fit its content."],
    )


class BundleList(Answer):
    """Every bundle that can be served."""

    bundles: list[BundleSummary] = Field(
        description="The active one first, then the previous one, then by name.",
        examples=[
            [
                {
                    "id": "d58c69737ebf73dd",
                    "name": "2026-01",
                    "state": "active",
                    "profile": "default",
                    "created": "2026-01-01T00:00:00Z",
                    "tiles": 12,
                    "scans": 3,
                }
            ]
        ],
    )
    broken: list[BrokenBundle] = Field(
        description="Folders that hold no sound manifest. Files are checked when one is activated.",
        examples=[[]],
    )


class Activated(Answer):
    """The bundle that answers now, in every worker process."""

    old: str = Field(description="The bundle that answered before.", examples=["d58c69737ebf73dd"])
    new: str = Field(description="The bundle that answers now.", examples=["7cc3bb2a32d96fb4"])
    lasting: bool = Field(
        description="Whether it will answer after a restart too: false where `--bundle` names a "
        "folder, or `current` is none that the service may move; then name the new one at the next "
        "start, or move the link yourself.",
        examples=[True],
    )


class TilesCompared(Shape):
    """How many tiles two bundles share."""

    both: int = Field(description="Tiles in both; all else is about these.", examples=[12])
    only_a: int = Field(description="Tiles in the first only.", examples=[0])
    only_b: int = Field(description="Tiles in the second only.", examples=[3])


class Flip(Shape):
    """A tile with another verdict."""

    id: str = Field(description="Its id in the first bundle.", examples=["c324"])
    a: Verdict = Field(description="Verdict in the first.", examples=["drop"])
    b: Verdict = Field(description="Verdict in the second.", examples=["review"])
    score_a: float = Field(description="Lettering score in the first.", examples=[0.97])
    score_b: float = Field(description="Lettering score in the second.", examples=[0.71])


class VerdictsCompared(Shape):
    """Verdicts beside one another."""

    flips: int = Field(description="Tiles whose verdict is another.", examples=[1])
    share: float | None = Field(
        description="Their share of the tiles in both; null where there is none.",
        examples=[0.0833],
    )
    table: dict[Verdict, dict[Verdict, int]] = Field(
        description="Tiles by verdict in the first, then in the second.",
        examples=[{"drop": {"drop": 4, "review": 1, "keep": 0}}],
    )
    largest: list[Flip] = Field(
        description="Up to 100 tiles with another verdict, the largest change of score first.",
        examples=[[{"id": "c324", "a": "drop", "b": "review", "score_a": 0.97, "score_b": 0.71}]],
    )


class NeighborsCompared(Shape):
    """Nearest tiles beside one another."""

    k: int = Field(description="Nearest tiles compared of each.", examples=[10])
    overlap: float | None = Field(
        description="Mean share of a tile's nearest, among tiles of both, that are the same; null "
        "where there is none.",
        examples=[0.98],
    )
    unchanged: float | None = Field(
        description="Share of tiles whose nearest are all the same.", examples=[0.9]
    )


class ClusterMatched(Shape):
    """A cluster of the first bundle and the one of the second that is most like it."""

    label: int = Field(description="Label in the first.", examples=[0])
    tiles: int = Field(description="Its tiles, of those in both.", examples=[6])
    best: int | None = Field(
        description="Label in the second; null where all its tiles are stray there.", examples=[1]
    )
    shared: int = Field(description="Tiles in both clusters.", examples=[6])
    jaccard: float = Field(
        description="Shared tiles over tiles of either; 1 is the same cluster.", examples=[1.0]
    )


class ClustersCompared(Shape):
    """How clusters changed; their labels mean nothing across bundles."""

    adjusted_rand: float | None = Field(
        description="Agreement over tiles that are stray in neither: 1 is the same, 0 chance; "
        "null where fewer than two such tiles are.",
        examples=[1.0],
    )
    matches: list[ClusterMatched] = Field(
        description="Each cluster of the first with tiles in both.",
        examples=[[{"label": 0, "tiles": 6, "best": 1, "shared": 6, "jaccard": 1.0}]],
    )


class BundleDiff(Answer):
    """What differs between two bundles on the tiles that both hold."""

    a: str = Field(description="The first bundle.", examples=["d58c69737ebf73dd"])
    b: str = Field(description="The second bundle.", examples=["7cc3bb2a32d96fb4"])
    match: Literal["id", "content"] = Field(
        description="What makes two tiles the same one.", examples=["id"]
    )
    tiles: TilesCompared = Field(
        description="Which tiles they hold.", examples=[{"both": 12, "only_a": 0, "only_b": 3}]
    )
    verdicts: VerdictsCompared = Field(
        description="How verdicts changed.",
        examples=[{"flips": 0, "share": 0.0, "table": {}, "largest": []}],
    )
    neighbors: NeighborsCompared = Field(
        description="How the nearest tiles changed.",
        examples=[{"k": 10, "overlap": 0.98, "unchanged": 0.9}],
    )
    clusters: ClustersCompared = Field(
        description="How clusters changed.", examples=[{"adjusted_rand": 1.0, "matches": []}]
    )

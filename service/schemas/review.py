"""Answers of the review page's list."""

from datetime import datetime

from pydantic import Field

from bundle.screening import Code, Verdict
from service.schemas.decisions import Decision, State
from service.schemas.problem import Shape
from service.schemas.results import Answer
from service.schemas.screening import Box, FoundReason
from service.schemas.stored import TileSummary

_BOX = {"left": 14, "top": 140, "right": 126, "bottom": 224}
_TILE = {
    "id": "c311",
    "cluster": 2,
    "scan": "film-a",
    "height": 299,
    "width": 299,
    "verdict": "drop",
    "score": 0.97,
    "reasons": ["LETTERING"],
    "concept_names": [],
    "box": _BOX,
    "state": "drop",
}
_NEAR = [{"id": "c578", "distance": 3.25, "score": 0.99, "scan": "film-a"}]


MOST_IDS = 1_000_000
"""Ids in one selection."""


class TileIds(Shape):
    """Tiles by their ids, such as those that a lasso chose."""

    ids: list[str] = Field(
        max_length=MOST_IDS,
        fail_fast=True,
        description="Ids of stored tiles.",
        examples=[["c311", "c578"]],
    )


class ReviewTile(TileSummary):
    """A stored tile as the review grid shows it."""

    height: int = Field(
        description="Height of the tile as it was given, in pixels.", examples=[299]
    )
    width: int = Field(description="Width of the tile as it was given, in pixels.", examples=[299])
    verdict: Verdict = Field(description="What screening says.", examples=["drop"])
    score: float = Field(description="Its calibrated score of lettering.", examples=[0.97])
    reasons: list[Code] = Field(
        description="What was found, the highest score first.", examples=[["LETTERING"]]
    )
    concept_names: list[str] = Field(
        description="The concepts that the CONCEPTs among `reasons` stand for, in their order.",
        examples=[[]],
    )
    box: Box | None = Field(
        description="Place of the surest reason that has one, in pixels of the tile as it was "
        "given; null without one.",
        examples=[_BOX],
    )
    state: State | None = Field(
        description="What its reviewers decided, `conflict` where they differ; null where nobody "
        "has.",
        examples=["drop"],
    )


class ReviewPage(Answer):
    """A piece of the review list."""

    total: int = Field(description="Tiles in the whole list.", examples=[12])
    as_of: int = Field(
        description="Number of the last decision that the list knows of.", examples=[7]
    )
    offset: int = Field(description="Tiles of the list before this piece.", examples=[0])
    tiles: list[ReviewTile] = Field(description="The piece's tiles, in order.", examples=[[_TILE]])


class ReviewSelection(ReviewPage):
    """The first piece of a list made of tiles that were named, and all of their ids in order."""

    ids: list[str] = Field(
        description="Ids of the whole list in its order.", examples=[["c311", "c578"]]
    )
    unknown: int = Field(description="Ids that were named and are not stored.", examples=[0])


class ConfirmedTile(Shape):
    """A neighbour that somebody has decided on."""

    id: str = Field(description="Its id.", examples=["c578"])
    distance: float = Field(
        description="Euclidean distance between scaled latents.", examples=[3.25]
    )
    score: float = Field(description="Its own score of lettering.", examples=[0.99])
    scan: str | None = Field(
        description="The scan it was cut from; null when not known.", examples=["film-a"]
    )


class Confirmed(Shape):
    """The nearest tiles that people have decided on, among a tile's stored neighbours."""

    looked_at: int = Field(description="Stored neighbours that were looked at.", examples=[100])
    drop: list[ConfirmedTile] = Field(
        description="Those to be dropped, nearest first, at most `k`.", examples=[_NEAR]
    )
    keep: list[ConfirmedTile] = Field(
        description="Those to be kept, nearest first, at most `k`.", examples=[[]]
    )


class Opinion(Shape):
    """What one reviewer decided on a tile."""

    reviewer: str = Field(description="Their name.", examples=["ann"])
    decision: Decision = Field(description="What they decided.", examples=["drop"])
    at: datetime = Field(description="When.", examples=["2026-01-01T00:00:00Z"])


class ReviewDetail(ReviewTile):
    """Why a tile stands where it does in the review list."""

    bundle: str = Field(
        description="Id of the bundle that answered, as in X-Bundle.", examples=["d58c69737ebf73dd"]
    )
    found: list[FoundReason] = Field(
        description="All that was found, with scores and places.",
        examples=[[{"code": "LETTERING", "score": 0.97, "box": _BOX}]],
    )
    decisions: list[Opinion] = Field(
        description="What each of its reviewers decided last, in the order of time.",
        examples=[[{"reviewer": "ann", "decision": "drop", "at": "2026-01-01T00:00:00Z"}]],
    )
    confirmed: Confirmed = Field(
        description="Decided tiles to compare it with.",
        examples=[{"looked_at": 100, "drop": _NEAR, "keep": []}],
    )

"""Answers about a review: what to look at, random samples, how far it has come."""

from datetime import datetime

from pydantic import BaseModel, Field

from bundle.screening import Code, Verdict
from service.schemas.results import Answer

_TILE = {"id": "c311", "score": 0.97, "verdict": "drop", "reasons": ["LETTERING"]}


class TileToLookAt(BaseModel):
    """A tile that nobody has decided on."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    score: float = Field(description="Its lettering score.", examples=[0.97])
    verdict: Verdict = Field(description="What screening says.", examples=["drop"])
    reasons: list[Code] = Field(description="Codes of its reasons.", examples=[["LETTERING"]])


class WorthLookingAt(TileToLookAt):
    """A tile of the budget."""

    chance: float = Field(
        description="How likely it would be dropped, by its score and what is decided so far.",
        examples=[0.99],
    )


class ReviewBudget(Answer):
    """The undecided tiles most worth a look, the most worth first."""

    undecided: int = Field(description="Tiles that nobody has decided on.", examples=[11])
    tiles: list[WorthLookingAt] = Field(
        description="As many of them as asked.", examples=[[{**_TILE, "chance": 0.99}]]
    )


class ReviewSample(Answer):
    """A random sample of the tiles that would be kept and that nobody had looked at."""

    draw: int | None = Field(description="Its number; null if there was none.", examples=[1])
    seed: str | None = Field(
        description="It holds the tiles of its population whose SHA-256 of `seed:id` is least.",
        examples=["9f86d081884c7d659a2feaa0c55ad015"],
    )
    size: int = Field(description="Tiles drawn.", examples=[100])
    population: int = Field(description="Tiles it was drawn from.", examples=[7])
    tiles: list[TileToLookAt] = Field(
        description="Those without a decision, of all samples.", examples=[[_TILE]]
    )


class DrawnSample(ReviewSample):
    """An audit sample."""

    tiles: list[TileToLookAt] = Field(description="All of its tiles.", examples=[[_TILE]])


class LeftEstimate(BaseModel):
    """How many of the tiles left hold lettering."""

    likely: int = Field(description="The most likely number.", examples=[0])
    low: int = Field(description="Lower end of the interval.", examples=[0])
    high: int = Field(description="Upper end of the interval.", examples=[12])
    level: float = Field(
        description="With which it holds, however often one looks.", examples=[0.95]
    )
    method: str = Field(
        description="How it was made.",
        examples=["hypergeometric confidence sequence (Waudby-Smith and Ramdas 2020)"],
    )


class FoundShare(BaseModel):
    """The share found of the lettering that is found or left; null where there is none."""

    likely: float | None = Field(description="The most likely share.", examples=[1.0])
    low: float | None = Field(description="Lower end of the interval.", examples=[0.97])
    high: float | None = Field(description="Upper end of the interval.", examples=[1.0])


class ReviewerProgress(BaseModel):
    """What one reviewer has decided, as it stands."""

    reviewer: str = Field(description="Their name.", examples=["ann"])
    tiles: int = Field(description="Tiles decided on.", examples=[3])
    keep: int = Field(description="Of these, to keep.", examples=[2])
    drop: int = Field(description="Of these, to drop.", examples=[1])
    review: int = Field(description="Of these, in doubt.", examples=[0])
    first: datetime = Field(description="The earliest.", examples=["2026-01-01T00:00:00Z"])
    last: datetime = Field(description="The latest.", examples=["2026-01-01T00:05:00Z"])


class ReviewProgress(Answer):
    """How far a review has come."""

    looked_at: int = Field(description="Tiles with a decision.", examples=[3])
    found: int = Field(
        description="Of these, not agreed to be kept: to drop, in doubt or in conflict.",
        examples=[1],
    )
    waiting: int = Field(
        description="Tiles without a decision that would not be kept.", examples=[4]
    )
    left: int = Field(description="Tiles without a decision that would be kept.", examples=[5])
    sampled: int = Field(description="Tiles of all audit samples.", examples=[0])
    curve: list[tuple[int, int]] = Field(
        description="Looked at and found, in the order of time, at most 500 points.",
        examples=[[[0, 0], [1, 1], [2, 1], [3, 1]]],
    )
    estimate: LeftEstimate | None = Field(
        description="How many of `left` hold lettering; null before a sample is done.",
        examples=[None],
    )
    recall: FoundShare | None = Field(
        description="The share found; null before a sample is done.", examples=[None]
    )
    stop: bool = Field(description="Whether enough was looked at.", examples=[False])
    advice: str = Field(
        description="What to do next, in words.",
        examples=["Look at 90 more sampled tiles to be able to say that at most 1 % ..."],
    )
    sample: int = Field(
        description="Tiles to sample next; 0 if that is not what helps.", examples=[90]
    )
    reviewers: list[ReviewerProgress] = Field(
        description="Who decided, the busiest first.", examples=[[]]
    )

"""Concepts that people teach: what is sent, and the answers."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from bundle.screening import Verdict
from service.requests.invalid import WHOLE
from service.schemas.decisions import Sent
from service.schemas.problem import Shape
from service.schemas.results import Answer, FailedResult
from service.teaching.names import PATTERN, checked

Mark: TypeAlias = Literal["positive", "negative"]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=WHOLE)]
_CONCEPT = {
    "name": "skin marker",
    "description": "a lead ball on the skin",
    "verdict": "review",
    "positive": 5,
    "negative": 2,
    "published": False,
}
_EXAMPLE = {
    "id": "c311",
    "mark": "positive",
    "reviewer": "ann",
    "at": "2026-01-01T00:00:00Z",
    "seq": 7,
}
_FIGURES = {
    "scans": 4,
    "average_precision": 0.97,
    "interval": {"low": 0.51, "high": 1.0},
    "level": 0.95,
    "auc": 0.99,
    "note": "",
}
_RANKED = {"id": "c311", "score": 0.98, "mark": None, "scan": "film-a", "verdict": "review"}


class NewConcept(Sent):
    """What a concept is."""

    description: _Text | None = Field(
        default=None,
        description="For people; left out, as it was, and of a new one empty.",
        examples=["a lead ball on the skin"],
    )
    verdict: Literal["review", "drop"] | None = Field(
        default=None,
        description="What a tile that shows it is at least; left out, as it was, and of a new one "
        "`review`.",
        examples=["review"],
    )


class ConceptChange(Sent):
    """What is to change of a concept."""

    name: Annotated[str, AfterValidator(checked)] = Field(
        description="Its name from now on: 1 to 80 characters, no space first or last, no slash, "
        "no semicolon.",
        examples=["lead ball"],
        json_schema_extra={"pattern": PATTERN},
    )


class NewExamples(Sent):
    """Tiles that show a concept, and tiles that do not."""

    positive: list[str] = Field(
        default=[],
        max_length=10_000,
        fail_fast=True,
        description="Ids of tiles that show it.",
        examples=[["c303"]],
    )
    negative: list[str] = Field(
        default=[],
        max_length=10_000,
        fail_fast=True,
        description="Ids of tiles that do not.",
        examples=[["c306"]],
    )
    as_of: int | None = Field(
        default=None,
        ge=0,
        lt=2**63,
        description="`as_of` of the concept as it was looked at: if somebody marked one of the "
        "tiles otherwise after it, nothing is written.",
        examples=[None],
    )


class TaughtConcept(Shape):
    """A concept."""

    name: str = Field(description="Its name.", examples=["skin marker"])
    description: str = Field(description="For people.", examples=["a lead ball on the skin"])
    verdict: Literal["review", "drop"] = Field(
        description="What a tile that shows it is at least.", examples=["review"]
    )
    positive: int = Field(description="Examples in this bundle that show it.", examples=[5])
    negative: int = Field(description="Examples that do not.", examples=[2])
    published: bool = Field(
        description="Whether the bundle that answers holds a concept of this name.",
        examples=[False],
    )


class ConceptList(Answer):
    """Every concept."""

    concepts: list[TaughtConcept] = Field(description="By name.", examples=[[_CONCEPT]])


class FigureInterval(Shape):
    """Bounds between which a figure lies."""

    low: float = Field(description="Lower bound.", examples=[0.51])
    high: float = Field(description="Upper bound.", examples=[1.0])


class HeldOutFigures(Shape):
    """How well examples of scans that were left out in turn were told apart."""

    scans: int = Field(description="Scans with positive examples.", examples=[4])
    average_precision: float | None = Field(
        description="In [0, 1], of the marked tiles; null where `note` says what is missing: "
        "positive examples of two scans, five negative ones.",
        examples=[0.97],
    )
    interval: FigureInterval | None = Field(
        description="Between which the average precision lies, by the number of scans with "
        "examples; null with it.",
        examples=[{"low": 0.51, "high": 1.0}],
    )
    level: float = Field(description="Confidence of the interval.", examples=[0.95])
    auc: float | None = Field(
        description="Area under the ROC curve; null with it.", examples=[0.99]
    )
    note: str = Field(description="What must be known of them.", examples=[""])


class TaughtExample(Shape):
    """A tile that was marked."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    mark: Mark = Field(description="Whether it shows the concept.", examples=["positive"])
    reviewer: str = Field(description="Who marked it last.", examples=["ann"])
    at: datetime = Field(description="When.", examples=["2026-01-01T00:00:00Z"])
    seq: int = Field(description="Number of the event.", examples=[7])


class ConceptTold(Answer):
    """A concept, its examples, and how well it is told on scans that were held out."""

    concept: TaughtConcept = Field(description="The concept.", examples=[_CONCEPT])
    examples: list[TaughtExample] = Field(description="By id.", examples=[[_EXAMPLE]])
    elsewhere: int = Field(
        description="Marks on tiles that this bundle does not hold.", examples=[0]
    )
    as_of: int = Field(description="Number of the last event about it.", examples=[7])
    evaluation: HeldOutFigures = Field(
        description="By cross-validation, scan by scan.", examples=[_FIGURES]
    )


class ExamplesMarked(Answer):
    """The concept after tiles were marked."""

    concept: TaughtConcept = Field(description="The concept.", examples=[_CONCEPT])
    failed: list[FailedResult] = Field(
        description="Ids that were not marked, and why; the others were.", examples=[[]]
    )
    as_of: int = Field(description="Number of the last event about it.", examples=[7])


class RankedTile(Shape):
    """A stored tile by how much it is like a concept."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    score: float = Field(
        description="In [0, 1], what lies beside it in its scan counted in.", examples=[0.98]
    )
    mark: Mark | None = Field(description="How it is marked; null: it is not.", examples=[None])
    scan: str | None = Field(description="Its scan; null when not known.", examples=["film-a"])
    verdict: Verdict = Field(description="Of screening.", examples=["review"])


class Ranking(Answer):
    """Stored tiles by how much they are like a concept."""

    concept: TaughtConcept = Field(description="The concept.", examples=[_CONCEPT])
    total: int = Field(description="Tiles on all pages together.", examples=[12])
    tiles: list[RankedTile] = Field(description="The page's tiles.", examples=[[_RANKED]])


class Published(Answer):
    """A new version of the bundle."""

    id: str = Field(description="Of the new bundle, to activate.", examples=["d58c69737ebf73dd"])
    name: str = Field(description="Its folder.", examples=["bundle-taught-7"])
    concepts: list[str] = Field(description="That it holds.", examples=[["skin marker"]])

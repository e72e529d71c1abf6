"""Answers about what tiles hold instead of tissue."""

from pydantic import Field

from bundle.screening import Code, Verdict
from service.schemas.problem import Shape
from service.schemas.results import Answer, FailedResult, Result
from service.schemas.stored import TileSummary

_BOX = {"left": 14, "top": 140, "right": 126, "bottom": 224}
_REASONS = [{"code": "LETTERING", "score": 0.97, "box": _BOX}]
_NEIGHBORS = [{"id": "c578", "distance": 3.25, "score": 0.99, "scan": "film-a"}]
_EVIDENCE = [{"code": "LETTERING", "neighbors": _NEIGHBORS}]
_FINDING = {"verdict": "drop", "score": 0.97, "reasons": _REASONS}
_COUNTS = {
    "verdicts": {"keep": 9, "review": 1, "drop": 2},
    "reasons": {"LETTERING": 1, "FILM_EDGE": 0, "MASKED": 1, "BLANK": 1, "OFF_TOPIC": 0},
}
_VERDICT = (
    "What to do with the tile: keep it, look at it, or drop it. A screen for people who look, "
    "never a diagnosis."
)
_SCORE = (
    "Score of lettering in [0, 1], calibrated without labels: of tiles scored 0.9, about nine in "
    "ten hold lettering. `screening.calibrated` of GET /bundle says whether the set sufficed."
)


class Box(Shape):
    """A place in a tile, in whole pixels of the tile as it was given."""

    left: int = Field(description="First column.", examples=[14])
    top: int = Field(description="First row.", examples=[140])
    right: int = Field(description="Column after the last.", examples=[126])
    bottom: int = Field(description="Row after the last.", examples=[224])


class FoundReason(Shape):
    """One thing found on a tile."""

    code: Code = Field(description="What it is, stable, to switch on.", examples=["LETTERING"])
    name: str | None = Field(
        None,
        description="Of the concept, where the code is CONCEPT; absent elsewhere.",
        examples=["skin marker"],
    )
    score: float = Field(description="How sure that is, in [0, 1].", examples=[0.97])
    box: Box | None = Field(description="Where; null for what has no place.", examples=[_BOX])


class ConceptScore(Shape):
    """How much a tile is like what people taught."""

    name: str = Field(description="The concept.", examples=["skin marker"])
    score: float = Field(description="Calibrated, in [0, 1].", examples=[0.02])


class AlikeTile(Shape):
    """A stored tile with the same reason."""

    id: str = Field(description="The stored tile's id.", examples=["c578"])
    distance: float = Field(
        description="Euclidean distance between scaled latents.", examples=[3.25]
    )
    score: float = Field(description="Its own score for the reason.", examples=[0.99])
    scan: str | None = Field(
        description="The scan it was cut from; null when not known.", examples=["film-a"]
    )


class Evidence(Shape):
    """What a reason can be compared with."""

    code: Code = Field(description="The reason.", examples=["LETTERING"])
    neighbors: list[AlikeTile] = Field(
        description="Nearest stored tiles with the reason, nearest first, at most `k`; a stored "
        "tile is left out of its own.",
        examples=[_NEIGHBORS],
    )


class ScreenResult(Result):
    """What was found on a tile."""

    verdict: Verdict = Field(description=_VERDICT, examples=["drop"])
    score: float = Field(description=_SCORE, examples=[0.97])
    reasons: list[FoundReason] = Field(
        description="What was found, the highest score first; empty when nothing was.",
        examples=[_REASONS],
    )
    concepts: list[ConceptScore] = Field(
        [],
        description="Every concept of the bundle; absent where nothing was taught.",
        examples=[[{"name": "skin marker", "score": 0.02}]],
    )
    evidence: list[Evidence] = Field(
        description="For each of the reasons, stored tiles to compare with.", examples=[_EVIDENCE]
    )


class ScreenAnswer(Answer):
    """Verdicts with their reasons, in the order of the request."""

    results: list[ScreenResult | FailedResult] = Field(
        description="One a tile.",
        examples=[[{"index": 0, "id": "c311", **_FINDING, "evidence": _EVIDENCE}]],
    )


class ScreenedTile(TileSummary):
    """A stored tile in the list of verdicts."""

    verdict: Verdict = Field(description=_VERDICT, examples=["drop"])
    score: float = Field(description=_SCORE, examples=[0.97])
    reasons: list[FoundReason] = Field(
        description="What was found, the highest score first.", examples=[_REASONS]
    )
    concepts: list[ConceptScore] = Field(
        [],
        description="Every concept of the bundle; absent where nothing was taught.",
        examples=[[{"name": "skin marker", "score": 0.02}]],
    )


class ScreenCounts(Shape):
    """How many of the listed tiles have each verdict and each reason."""

    verdicts: dict[str, int] = Field(
        description="Tiles by verdict.", examples=[_COUNTS["verdicts"]]
    )
    reasons: dict[str, int] = Field(
        description="Tiles by reason; one tile may have several.", examples=[_COUNTS["reasons"]]
    )


class ScreenPage(Answer):
    """One page of stored tiles with their verdicts."""

    total: int = Field(description="Tiles on all pages together.", examples=[12])
    summary: ScreenCounts = Field(description="Counts over all pages together.", examples=[_COUNTS])
    tiles: list[ScreenedTile] = Field(
        description="The page's tiles.",
        examples=[[{"id": "c311", "cluster": 2, "scan": "film-a", **_FINDING}]],
    )
    next: str | None = Field(
        description="`cursor` of the next page; null on the last.", examples=["0.97,c311"]
    )

"""How far reviewers agree."""

from pydantic import Field

from service.decisions.agreement import LEAST
from service.schemas.decisions import DecidedTile
from service.schemas.problem import Shape
from service.schemas.results import Answer

_INTERVAL = {"low": 0.61, "high": 0.93}
_OF = f"null with it, and of fewer than {LEAST} tiles, which tell too little"
_NULL = "null where all who decided always said the same thing"


class AgreementInterval(Shape):
    """Bounds between which a figure lies, by bootstrap samples of the tiles."""

    low: float = Field(description="Lower bound.", examples=[0.61])
    high: float = Field(description="Upper bound.", examples=[0.93])


class ReviewerCount(Shape):
    """A reviewer."""

    reviewer: str = Field(description="Who.", examples=["ann"])
    tiles: int = Field(description="Tiles they decided on.", examples=[120])


class PairAgreement(Shape):
    """Two reviewers."""

    reviewers: list[str] = Field(description="Who.", examples=[["ann", "ben"]])
    tiles: int = Field(description="Tiles that both decided on.", examples=[80])
    observed: float = Field(description="Share of those decided alike.", examples=[0.9])
    kappa: float | None = Field(
        description=f"Cohen's kappa: agreement beyond chance, at most 1; {_NULL}.", examples=[0.79]
    )
    interval: AgreementInterval | None = Field(
        description=f"Of kappa; {_OF}.", examples=[_INTERVAL]
    )


class OverallAgreement(Shape):
    """All reviewers."""

    tiles: int = Field(description="Tiles that two or more decided on.", examples=[80])
    alpha: float | None = Field(
        description=f"Krippendorff's alpha for names, at most 1; {_NULL}.", examples=[0.79]
    )
    interval: AgreementInterval | None = Field(
        description=f"Of alpha; {_OF}.", examples=[_INTERVAL]
    )


class Agreement(Answer):
    """How far reviewers agree beyond chance, and the tiles on which they do not."""

    confidence: float = Field(description="Of every interval.", examples=[0.95])
    reviewers: list[ReviewerCount] = Field(
        description="By name.", examples=[[{"reviewer": "ann", "tiles": 120}]]
    )
    pairs: list[PairAgreement] = Field(
        description="Every two with a tile in common.",
        examples=[
            [{n: f.examples[0] for n, f in PairAgreement.model_fields.items() if f.examples}]
        ],
    )
    overall: OverallAgreement = Field(
        description="All of them.",
        examples=[{"tiles": 80, "alpha": 0.79, "interval": _INTERVAL}],
    )
    total: int = Field(description="Tiles on which they do not agree.", examples=[1])
    conflicts: list[DecidedTile] = Field(
        description="One page of those, the last decided first, with who decided what.",
        examples=[[{n: f.examples[0] for n, f in DecidedTile.model_fields.items() if f.examples}]],
    )
    next: int | None = Field(
        description="`offset` of the next page; null on the last.", examples=[None]
    )

"""What screening found on a tile, as the pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bundle.manifest import Screening
from bundle.screening import Code, Verdict
from service.answering.facts import Fact
from service.answering.screening import unplaced_words
from service.pages.sheets import Tile, tile
from service.stored.catalog import Catalog

EVIDENCE = 6
"""Stored tiles shown beside each reason."""
NAMES: dict[Code, str] = {
    "LETTERING": "Lettering",
    "FILM_EDGE": "Film edge",
    "MASKED": "Mask",
    "BLANK": "Blank",
    "OFF_TOPIC": "Off topic",
    "CONCEPT": "Concept",
}
_ADVICE: dict[Verdict, str] = {
    "keep": "no reason to leave it out",
    "review": "look at it before you use it",
    "drop": "leave it out, unless a look says otherwise",
}


@dataclass(frozen=True)
class Place:
    """A box as SVG has it, in pixels of the tile as it was given."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Shown:
    """A reason. words: where it is, or that it has no place. bar: its score, 0 to 100."""

    code: Code
    name: str
    score: float
    bar: float
    words: str
    place: Place | None


@dataclass(frozen=True)
class Alike:
    """A stored tile with the same reason."""

    tile: Tile
    distance: float
    score: float


@dataclass(frozen=True)
class Comparison:
    """What a reason can be compared with."""

    name: str
    tiles: Sequence[Alike]


@dataclass(frozen=True)
class Finding:
    """All that screening says of a tile. size: height and width in pixels as it was given."""

    verdict: Verdict
    score: float
    advice: str
    size: tuple[int, int]
    reasons: Sequence[Shown]
    comparisons: Sequence[Comparison]


def finding(catalog: Catalog, fact: Fact, size: tuple[int, int]) -> Finding:
    """Put what `service.answering.screening` says of a tile into words.

    Args:
        catalog: the stored tiles.
        fact: of a stored tile or of one that was sent.
        size: height and width of the tile as it was given, in pixels.
    """
    return Finding(
        verdict=fact["verdict"],
        score=float(fact["score"]),
        advice=_ADVICE[fact["verdict"]],
        size=size,
        reasons=[_shown(reason) for reason in fact["reasons"]],
        comparisons=[_comparison(catalog, part) for part in fact["evidence"]],
    )


def _shown(reason: Fact) -> Shown:
    box, score = reason["box"], float(reason["score"])
    words, place = unplaced_words(reason["code"]), None
    if box:
        left, top, right, bottom = (box[edge] for edge in ("left", "top", "right", "bottom"))
        words = f"x {left:,} to {right:,}, y {top:,} to {bottom:,} px"
        place = Place(left, top, right - left, bottom - top)
    name = reason.get("name") or NAMES[reason["code"]]
    return Shown(reason["code"], name, score, round(score * 100, 1), words, place)


def _comparison(catalog: Catalog, part: Fact) -> Comparison:
    return Comparison(
        name=NAMES[part["code"]],
        tiles=[
            Alike(
                tile(catalog.bundle, catalog.rows[found["id"]]),
                float(found["distance"]),
                float(found["score"]),
            )
            for found in part["neighbors"]
        ],
    )


def caveats(rules: Screening) -> list[str]:
    """Say what must be known of a bundle's scores before one believes them."""
    found = []
    if rules.evidence == "distance":
        found.append(
            "This bundle is of the study profile: its score is the study's outlier distance, "
            "which finds little lettering."
        )
    if not rules.calibrated:
        reason = rules.note.removeprefix("not calibrated: ").rstrip(".")
        found.append(f"The scores are not calibrated: {reason}.")
    return found

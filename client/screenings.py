"""Typed verdicts on tiles, and how to read them from JSON: a screen, never a diagnosis."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from .answers import Json
from .shown import Row, Shown

Verdict: TypeAlias = Literal["keep", "review", "drop"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Box:
    """A place in a tile, in whole pixels; right and bottom are just beyond it."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Reason:
    """One thing found on a tile.

    code: such as LETTERING. score: how sure that is, in [0, 1]. box: None for what has no place.
    name: of the concept, where the code is CONCEPT.
    """

    code: str
    score: float
    box: Box | None
    name: str | None = None

    def __str__(self) -> str:
        """Return the code, with the concept's name as in `CONCEPT:skin marker`."""
        return self.code if self.name is None else f"{self.code}:{self.name}"


@dataclass(frozen=True)
class AlikeTile:
    """A stored tile with the same reason.

    distance: euclidean, between scaled latents. score: its own for the reason.
    scan: None when not known.
    """

    id: str
    distance: float
    score: float
    scan: str | None


@dataclass(frozen=True)
class Evidence:
    """What a reason can be compared with: stored tiles that have it too, nearest first."""

    code: str
    neighbors: tuple[AlikeTile, ...]


@dataclass(frozen=True)
class Screening(Shown):
    """What was found on a tile.

    score: that of lettering, in [0, 1]. reasons: the highest score first, empty when nothing
    was found. evidence: for each of the reasons.
    """

    verdict: Verdict
    score: float
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...] = field(repr=False)

    def rows(self) -> list[Row]:
        """Return one row, with the box of the lettering if there is any."""
        box = next((one.box for one in self.reasons if one.code == "LETTERING"), None)
        codes = ";".join(map(str, self.reasons))
        start = {"id": self.id, "verdict": self.verdict, "score": self.score, "reasons": codes}
        sides = ("left", "top", "right", "bottom")
        return [start | {side: None if box is None else getattr(box, side) for side in sides}]


@dataclass(frozen=True)
class ScreenedTile:
    """A stored tile in the list of verdicts; fields as in `StoredTile` and `Screening`."""

    id: str
    cluster: int | None
    scan: str | None
    verdict: Verdict
    score: float
    reasons: tuple[Reason, ...]


def screening(raw: Json) -> Screening:
    """Read a result of /screen."""
    return Screening(
        id=str(raw["id"]),
        verdict=_verdict(raw["verdict"]),
        score=float(raw["score"]),
        reasons=tuple(map(_reason, raw["reasons"])),
        evidence=tuple(map(_evidence, raw["evidence"])),
    )


def screened_page(raw: Json) -> tuple[list[ScreenedTile], str | None]:
    """Read a page of the list of /screen, and the cursor of the next one."""
    return [_screened_tile(tile) for tile in raw["tiles"]], raw["next"]


def _screened_tile(raw: Json) -> ScreenedTile:
    return ScreenedTile(
        id=str(raw["id"]),
        cluster=raw["cluster"],
        scan=raw["scan"],
        verdict=_verdict(raw["verdict"]),
        score=float(raw["score"]),
        reasons=tuple(map(_reason, raw["reasons"])),
    )


def _verdict(text: str) -> Verdict:
    for verdict in VERDICTS:
        if verdict == text:
            return verdict
    raise ValueError(f"no verdict is called {text!r}")


def _reason(raw: Json) -> Reason:
    box = raw["box"]
    place = None if box is None else _box(box)
    return Reason(str(raw["code"]), float(raw["score"]), place, raw.get("name"))


def _box(raw: Json) -> Box:
    return Box(int(raw["left"]), int(raw["top"]), int(raw["right"]), int(raw["bottom"]))


def _evidence(raw: Json) -> Evidence:
    return Evidence(str(raw["code"]), tuple(map(_alike, raw["neighbors"])))


def _alike(raw: Json) -> AlikeTile:
    return AlikeTile(str(raw["id"]), float(raw["distance"]), float(raw["score"]), raw["scan"])

"""Decisions about tiles: what is sent, and the answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from service.requests.invalid import WHOLE
from service.schemas.problem import Problem, Shape
from service.schemas.results import Answer, FailedResult

Decision: TypeAlias = Literal["keep", "review", "drop"]
State: TypeAlias = Literal["keep", "review", "drop", "conflict"]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80, pattern=WHOLE)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=WHOLE)]
_MOST = 1_000_000
_DECISION = {
    "reviewer": "ann",
    "decision": "drop",
    "reason": "LETTERING",
    "comment": None,
    "at": "2026-01-01T00:00:00Z",
    "seq": 7,
    "bundle": "d58c69737ebf73dd",
    "imported_by": None,
}
_STATE = "keep, review or drop if all who decided agree, else conflict; null if nobody has decided."


class Sent(BaseModel):
    """What a request says; a member that is none is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewDecision(Sent):
    """A decision about one tile."""

    decision: Decision = Field(description="What to do with the tile.", examples=["drop"])
    reason: _Line | None = Field(
        default=None,
        description="Why, in a word: a code of /screen or one's own.",
        examples=["LETTERING"],
    )
    comment: _Text | None = Field(
        default=None, description="Anything else.", examples=["a lead letter"]
    )


class OneOfMany(NewDecision):
    """A decision about the tile with this id."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    if_match: str | None = Field(
        default=None,
        description="The ETag of GET /tiles/{id}/decision: if somebody decided about this tile "
        "meanwhile, none of the decisions is written.",
        examples=[None],
    )


class BulkDecisions(Sent):
    """Decisions about many tiles: one for all `ids`, or one each."""

    ids: list[str] | None = Field(
        default=None,
        max_length=_MOST,
        fail_fast=True,  # a million wrong ones would take gigabytes to name
        description="Tiles that share `decision`.",
        examples=[["c303", "c306"]],
    )
    decision: Decision | None = Field(default=None, description="Of all `ids`.", examples=["drop"])
    reason: _Line | None = Field(default=None, description="Of all `ids`.", examples=["LETTERING"])
    comment: _Text | None = Field(default=None, description="Of all `ids`.", examples=[None])
    decisions: list[OneOfMany] | None = Field(
        default=None,
        max_length=_MOST,
        fail_fast=True,
        description="Tiles with a decision each.",
        examples=[None],
    )
    as_of: int | None = Field(
        default=None,
        ge=0,
        lt=2**63,
        description="`as_of` of the list that they were chosen from: if somebody decided about "
        "one of the tiles after it, none of the decisions is written.",
        examples=[None],
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.ids is None) == (self.decisions is None):
            raise ValueError("send either `ids` with one `decision`, or `decisions`")
        if (self.ids is None) != (self.decision is None):
            raise ValueError("`decision` goes with `ids`, and with nothing else")
        said: dict[str, OneOfMany] = {}
        for one in self.decisions or ():
            if said.setdefault(one.id, one) != one:
                raise ValueError(f"`decisions` says two things of {one.id[:100]!r}; keep one")
        return self

    def each(self) -> Iterator[OneOfMany]:
        """Yield the decision about each tile."""
        yield from self.decisions or ()
        for name in self.ids or ():
            assert self.decision is not None, "see _one_of_two"
            yield OneOfMany(
                id=name, decision=self.decision, reason=self.reason, comment=self.comment
            )


class MadeDecision(Shape):
    """A decision that somebody made."""

    reviewer: str = Field(description="Who.", examples=["ann"])
    decision: Decision | None = Field(
        description="What to do with the tile; in a history, null took a decision back.",
        examples=["drop"],
    )
    reason: str | None = Field(description="Why.", examples=["LETTERING"])
    comment: str | None = Field(description="Anything else.", examples=[None])
    at: datetime = Field(description="When.", examples=["2026-01-01T00:00:00Z"])
    seq: int = Field(description="Number of the event, ascending.", examples=[7])
    bundle: str = Field(
        description="Id of the bundle that was looked at.", examples=["d58c69737ebf73dd"]
    )
    imported_by: str | None = Field(
        description="Who wrote it in the reviewer's name; null: the reviewer.", examples=[None]
    )


class TileDecided(Answer):
    """How the decisions about a tile stand; its ETag is for If-Match."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    state: State | None = Field(description=_STATE, examples=["drop"])
    decisions: list[MadeDecision] = Field(
        description="The decision of each reviewer.", examples=[[_DECISION]]
    )
    history: list[MadeDecision] = Field(
        default=[],
        description="Every event, where `history` asked for it.",
        examples=[[_DECISION]],
    )


class StateOfTile(Shape):
    """How the decisions about one tile stand now."""

    id: str = Field(description="The stored tile's id.", examples=["c311"])
    state: State | None = Field(description=_STATE, examples=["drop"])


class UndecidedTile(Shape):
    """A tile about which nothing could be decided."""

    id: str = Field(description="The id that was sent.", examples=["c312"])
    error: Problem = Field(
        description="What is wrong with this one.",
        examples=FailedResult.model_fields["error"].examples,
    )


class StateCounts(Shape):
    """How many stored tiles stand how, all taken together."""

    undecided: int = Field(description="Nobody has decided.", examples=[11])
    keep: int = Field(description="To be kept.", examples=[0])
    review: int = Field(description="In doubt.", examples=[0])
    drop: int = Field(description="To be dropped.", examples=[1])
    conflict: int = Field(description="Reviewers differ.", examples=[0])


_COUNTS = {"undecided": 11, "keep": 0, "review": 0, "drop": 1, "conflict": 0}


class BulkDecided(Answer):
    """What became of many decisions."""

    counts: StateCounts = Field(description="How all tiles stand now.", examples=[_COUNTS])

    batch: str | None = Field(
        description="What undo takes back as one; null if nothing was written.",
        examples=["4f7a3f6d0b6e4a5c8e7d6c5b4a392817"],
    )
    results: list[StateOfTile | UndecidedTile] = Field(
        description="In request order.", examples=[[{"id": "c311", "state": "drop"}]]
    )


class ImportedLine(StateOfTile):
    """A line that was taken, or on which nobody had decided."""

    line: int = Field(description="Its number in the table.", examples=[2])


class RefusedLine(UndecidedTile):
    """A line that cannot be used."""

    line: int = Field(description="Its number in the table.", examples=[3])


class Imported(Answer):
    """What became of a table."""

    written: int = Field(description="Decisions that were written.", examples=[1])
    unchanged: int = Field(
        description="Decisions that stood so already, and were left as they are.", examples=[0]
    )
    results: list[ImportedLine | RefusedLine] = Field(
        description="Line by line.", examples=[[{"line": 2, "id": "c311", "state": "drop"}]]
    )


class FirstOfBatch(Shape):
    """The first tile of a batch, and what the batch says of it."""

    id: str = Field(description="The tile's id, as it was then.", examples=["c311"])
    decision: Decision | None = Field(
        description="Decided so; null: one's own decision was taken back.", examples=["drop"]
    )


class UndoTold(Answer):
    """What an undo would take back."""

    last: str | None = Field(
        description="The batch; null where there is none.",
        examples=["4f7a3f6d0b6e4a5c8e7d6c5b4a392817"],
    )
    tiles: int = Field(description="Decisions in it.", examples=[1])
    first: FirstOfBatch | None = Field(
        description="Its first.", examples=[{"id": "c311", "decision": "drop"}]
    )
    undone: bool = Field(
        description="Whether the batch asked about was taken back.", examples=[False]
    )


class Undone(Answer):
    """What was taken back."""

    counts: StateCounts = Field(description="How all tiles stand now.", examples=[_COUNTS])

    undone: str | None = Field(
        description="The batch; null if there was none.",
        examples=["4f7a3f6d0b6e4a5c8e7d6c5b4a392817"],
    )
    results: list[StateOfTile] = Field(
        description="Its tiles, as they stand now.", examples=[[{"id": "c311", "state": None}]]
    )


class DecidedTile(StateOfTile):
    """A tile that somebody decided on."""

    decisions: list[MadeDecision] = Field(
        description="The decision of each reviewer.", examples=[[_DECISION]]
    )


class DecisionPage(Answer):
    """Tiles that are decided on, the last one first."""

    total: int = Field(description="How many there are.", examples=[1])
    elsewhere: int = Field(
        description="Decided tiles that this bundle does not hold, or not as they were.",
        examples=[0],
    )
    decisions: list[DecidedTile] = Field(
        description="One page of them.",
        examples=[[{"id": "c311", "state": "drop", "decisions": [_DECISION]}]],
    )
    through: int = Field(
        description="The last event that counts: ask the next pages for the same.", examples=[7]
    )
    next: int | None = Field(
        description="`offset` of the next page; null on the last.", examples=[None]
    )

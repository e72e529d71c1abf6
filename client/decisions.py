"""What people decide about stored tiles: typed answers, and the plans that ask for them.

What writes is sent again only where nothing was begun: whether it was written is not known where
an answer is lost, and a second time would be another event, or take back another batch. An undo
names its batch, and the service is asked whether that was taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from .answers import Json, fine, json_object
from .errors import ClientError, InputUnusable, OutcomeUnknown
from .plans import Ask, Plan, Terms, ask, fetch, segment
from .problem import Problem
from .results import read

Decision: TypeAlias = Literal["keep", "review", "drop"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
_A_PAGE = 1000
_UNDO = "/decisions/undo"
_WRITTEN = "written"


@dataclass(frozen=True)
class Decided:
    """A decision that somebody made; None took one back.

    seq: number of the event, ascending. imported_by: who wrote it in the reviewer's name.
    """

    reviewer: str
    decision: str | None
    reason: str | None
    comment: str | None
    at: str
    seq: int
    imported_by: str | None = None


@dataclass(frozen=True)
class TileDecisions:
    """How the decisions about a tile stand.

    state: keep, review or drop if all who decided agree, else conflict; None if nobody decided.
    decisions: that of each reviewer. history: every event, where it was asked for.
    tag: for `if_match`, to lose no decision that somebody makes meanwhile.
    """

    id: str
    state: str | None
    decisions: tuple[Decided, ...]
    history: tuple[Decided, ...] = ()
    tag: str | None = None


@dataclass(frozen=True)
class BatchDecided:
    """What became of many decisions, or of an undo.

    batch: what undo takes back as one; None if nothing was written. states: by id.
    failed: tiles that are not stored, each with its problem.
    tiles: how many, where the answer with their states was lost and asking showed that it was done.
    """

    batch: str | None
    states: Mapping[str, str | None]
    failed: Mapping[str, Problem]
    tiles: int | None = None

    @property
    def done(self) -> int:
        """How many tiles were decided about, or have their decision back."""
        return len(self.states) if self.tiles is None else self.tiles


@dataclass(frozen=True)
class Imported:
    """What became of a table of decisions.

    written: how many were. unchanged: how many stood so already.
    states: of the tiles of lines that were taken, by id.
    failed: what is wrong with other lines, by their numbers, where they were left out.
    """

    written: int
    states: Mapping[str, str | None]
    failed: Mapping[int, Problem]
    unchanged: int = 0


@dataclass(frozen=True)
class NewDecision:
    """A decision to make about the tile of this id."""

    id: str
    decision: Decision
    reason: str | None = None
    comment: str | None = None


def decide(terms: Terms, new: NewDecision, *, if_match: str | None = None) -> Plan[TileDecisions]:
    """Decide about one tile; 412 as ServiceRefused where somebody decided after `if_match`."""
    said = {"decision": new.decision, "reason": new.reason, "comment": new.comment}
    headers = {} if if_match is None else {"If-Match": if_match}
    asked = Ask(_path(new.id), json=said, verb="PUT", headers=headers, writes=_WRITTEN)
    return (yield from _of_tile(terms, asked))


def withdraw(terms: Terms, tile_id: str) -> Plan[TileDecisions]:
    """Take one's own decision about a tile back."""
    return (yield from _of_tile(terms, Ask(_path(tile_id), verb="DELETE", writes=_WRITTEN)))


def decision_of(terms: Terms, tile_id: str, *, history: bool) -> Plan[TileDecisions]:
    """Ask how the decisions about a tile stand."""
    more = {"history": "true"} if history else {}
    return (yield from _of_tile(terms, Ask(_path(tile_id), more)))


def decide_many(terms: Terms, new: Iterable[NewDecision]) -> Plan[BatchDecided]:
    """Decide about many tiles, as one batch that can be undone as one."""
    said = [{name: value for name, value in vars(one).items() if value is not None} for one in new]
    if not said:
        raise InputUnusable("There is no decision to send.")
    asked = Ask("/decisions", json={"decisions": said}, verb="POST", writes=_WRITTEN)
    return (yield from _batch(terms, asked, "batch"))


def undo(terms: Terms) -> Plan[BatchDecided]:
    """Take back one's own last batch that is not taken back yet: that which is the last now.

    Raises:
        ServiceRefused: with status 412 where another has become the last meanwhile.
        OutcomeUnknown: the answer was lost, and asking did not show that it was done.
    """
    response = yield from ask(Ask(_UNDO), terms, patient=False)
    batch, tiles = read(_last, json_object(fine(response, terms.url), terms.url))
    if batch is None:
        return BatchDecided(None, {}, {})
    asked = Ask(_UNDO, {"batch": batch}, verb="POST", writes="taken back")
    try:
        return (yield from _batch(terms, asked, "undone"))
    except OutcomeUnknown as lost:
        yield from _look_after(batch, lost, terms)
        return BatchDecided(batch, {}, {}, tiles)


def _look_after(batch: str, lost: OutcomeUnknown, terms: Terms) -> Plan[None]:
    """Ask whether a batch was taken back, where the answer to its undo was lost.

    Raises:
        OutcomeUnknown: it was not, as far as the service can tell by now.
    """
    try:
        told = yield from fetch(_UNDO, terms, {"batch": batch})
    except ClientError:
        raise lost from None
    if told.get("undone") is not True:
        raise OutcomeUnknown(
            lost.lost,
            "Asked after that, the service says that nothing was taken back yet",
            terms.url,
        ) from None


def decision_page(
    terms: Terms, cursor: str | None, state: str | None, reviewer: str | None
) -> Plan[tuple[list[TileDecisions], str | None]]:
    """Ask for one page of decided tiles, the last one first, and where the next one begins."""
    through, _, offset = (cursor or "").partition("-")
    asked = {
        "limit": _A_PAGE,
        "through": through or None,
        "offset": offset or None,
        "state": state,
        "reviewer": reviewer,
    }
    params = {name: value for name, value in asked.items() if value is not None}
    raw = yield from fetch("/decisions", terms, params)
    return read(_page, raw)


def agreement(terms: Terms) -> Plan[Json]:
    """Ask how far reviewers agree, and where they do not; as the service tells it."""
    return (yield from fetch("/decisions/agreement", terms))


def import_table(terms: Terms, table: Path, *, partial: bool) -> Plan[Imported]:
    """Send a table as it is; the service reads it, and takes all of it or none.

    Raises:
        InputUnusable: the file cannot be read.
        ServiceRefused: it is no table of decisions, or has lines that cannot be used.
    """
    try:
        content = table.read_bytes()
    except OSError as error:
        raise InputUnusable(f"{table} cannot be read: {error.strerror}.") from error
    more = {"partial": "true"} if partial else {}
    headers = {"Content-Type": "text/csv"}
    asked = Ask(
        "/decisions/import", more, content=content, verb="POST", headers=headers, writes=_WRITTEN
    )
    response = yield from ask(asked, terms, patient=False)
    return read(_imported, json_object(fine(response, terms.url), terms.url))


def _path(tile_id: str) -> str:
    return f"/tiles/{segment(tile_id)}/decision"


def _of_tile(terms: Terms, asked: Ask) -> Plan[TileDecisions]:
    response = fine((yield from ask(asked, terms)), terms.url)
    tag = response.headers.get("ETag")
    return read(_tile, {**json_object(response, terms.url), "tag": tag})


def _batch(terms: Terms, asked: Ask, name: str) -> Plan[BatchDecided]:
    response = yield from ask(asked, terms, patient=False)
    raw = json_object(fine(response, terms.url), terms.url)
    return read(_decided_many, {**raw, "batch": raw.get(name)})


def _decided_many(raw: Json) -> BatchDecided:
    results: Sequence[Json] = raw["results"]
    return BatchDecided(
        raw["batch"],
        {str(one["id"]): one["state"] for one in results if "error" not in one},
        {str(one["id"]): Problem.from_json(one["error"]) for one in results if "error" in one},
    )


def _last(raw: Json) -> tuple[str | None, int]:
    last = raw["last"]
    return None if last is None else str(last), int(raw["tiles"])


def _imported(raw: Json) -> Imported:
    lines: Sequence[Json] = raw["results"]
    return Imported(
        int(raw["written"]),
        {str(one["id"]): one["state"] for one in lines if "error" not in one},
        {int(one["line"]): Problem.from_json(one["error"]) for one in lines if "error" in one},
        int(raw.get("unchanged", 0)),
    )


def _tile(raw: Json) -> TileDecisions:
    made = tuple(map(_made, raw["decisions"]))
    history = tuple(map(_made, raw.get("history") or ()))
    return TileDecisions(str(raw["id"]), raw["state"], made, history, raw.get("tag"))


def _made(raw: Json) -> Decided:
    names = Decided.__dataclass_fields__.keys() - {"imported_by"}  # which older services lack
    members: dict[str, Any] = {name: raw[name] for name in names}
    return Decided(**members, imported_by=raw.get("imported_by"))


def _page(raw: Json) -> tuple[list[TileDecisions], str | None]:
    # Of one moment, whatever is decided meanwhile; services of before tell none.
    following = None if raw["next"] is None else f"{raw.get('through', '')}-{raw['next']}"
    return [_tile(one) for one in raw["decisions"]], following

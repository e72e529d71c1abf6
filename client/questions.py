"""Plans with typed results: what `Client` and `AsyncClient` have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from . import results, screenings
from .answers import Json
from .errors import InputUnusable, TileRefused
from .payload import Payload, TileLike, load
from .plans import (
    NOTHING_MORE,
    Batch,
    Command,
    Params,
    Plan,
    Terms,
    fetch,
    fetch_bytes,
    greet,
    segment,
    stored,
    submit,
)
from .problem import Problem
from .results import BundleInfo, Cluster, FailedTile, StoredTile, read
from .screenings import ScreenedTile, Verdict
from .shown import Shown

T = TypeVar("T")
S = TypeVar("S", bound=Shown)
Page: TypeAlias = tuple[list[T], str | None]
"""What stands on a page of a list, and the cursor of the next one; None on the last."""
Sort: TypeAlias = Literal["-score", "score", "id"]
_A_PAGE = 1000


@dataclass(frozen=True)
class Question(Generic[S]):
    """What can be asked of a tile, sent or stored, and how its answer is read."""

    command: Command
    reader: Callable[[Json], S]


ENCODE = Question("encode", results.encoded)
NEIGHBORS = Question("neighbors", results.neighbors)
CLUSTER = Question("cluster", results.cluster_of)
SCREEN = Question("screen", screenings.screening)


def searching(positive: Sequence[str], negative: Sequence[str], *, exact: bool = False) -> Params:
    """Return the parameters that name stored tiles to be like and unlike, and ask to miss none."""
    named = {"positive": list(positive), "negative": list(negative)}
    sure: Params = {"exact": "true"} if exact else {}
    return {**{name: ids for name, ids in named.items() if ids}, **sure}


def of_tile(
    question: Question[S],
    tile: TileLike,
    terms: Terms,
    k: int | None = None,
    more: Params = NOTHING_MORE,
) -> Plan[S]:
    """Ask about one tile that is sent. `more` are further parameters.

    Raises:
        InputUnusable: its file cannot be read.
        TileRefused: the service cannot use it.
    """
    payload = load(tile, terms.limits)
    if isinstance(payload.data, Problem):
        raise InputUnusable(f"{tile!s}: {payload.data.detail}")
    batch = yield from submit(question.command, [payload], terms, k, more)
    (answer,) = typed(question, [payload], batch)
    if isinstance(answer, FailedTile):
        raise TileRefused(answer.problem)
    return answer


def typed(
    question: Question[S], tiles: Sequence[Payload], batch: Batch
) -> Iterator[S | FailedTile]:
    """Read the answers to tiles that were sent together, in order."""
    for tile, raw in zip(tiles, batch.results, strict=True):
        if "error" in raw:
            problem = read(Problem.from_json, raw["error"])
            yield FailedTile(tile.id, problem, source=tile.source)
        else:
            yield replace(read(question.reader, raw), source=tile.source)


def of_stored(
    question: Question[S],
    tile_id: str,
    terms: Terms,
    k: int | None = None,
    more: Params = NOTHING_MORE,
) -> Plan[S]:
    """Ask about one stored tile. `more` are further parameters.

    Raises:
        NotFound: no stored tile has the id.
    """
    raw = yield from stored(question.command, tile_id, terms, k, more)
    return read(question.reader, raw)


def bundle(terms: Terms) -> Plan[BundleInfo]:
    """Ask what the service answers from."""
    raw = yield from greet(terms)
    return read(results.bundle_info, raw)


def clusters(terms: Terms) -> Plan[list[Cluster]]:
    """Ask for every cluster, and last the stray tiles as label -1."""
    raw = yield from fetch("/clusters", terms)
    return read(results.clusters, raw)


def tile_page(terms: Terms, cursor: str | None, label: int | None) -> Plan[Page[StoredTile]]:
    """Ask for one page of stored tiles, all or those of a cluster, and the next one's cursor."""
    raw = yield from fetch("/tiles", terms, _page(cursor, {"cluster": label}))
    return read(results.tile_page, raw)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which stored tiles to list by verdict, and in which order; see `Client.screened`."""

    verdict: Verdict | Sequence[Verdict]
    reason: str | Sequence[str]
    scan: str | None
    min_score: float
    sort: Sort


def screened_page(terms: Terms, cursor: str | None, wanted: Wanted) -> Plan[Page[ScreenedTile]]:
    """Ask for one page of stored tiles with their verdicts, and the next one's cursor."""
    raw = yield from fetch("/screen", terms, _page(cursor, asdict(wanted)))
    return read(screenings.screened_page, raw)


def _page(cursor: str | None, wanted: Mapping[str, Any]) -> Params:
    asked = {"limit": _A_PAGE, "cursor": cursor, **wanted}
    return {name: value for name, value in asked.items() if value is not None}


def picture(kind: str, tile_id: str, terms: Terms) -> Plan[bytes]:
    """Ask for a stored tile's `image` or `reconstruction` as PNG bytes."""
    return (yield from fetch_bytes(f"/tiles/{segment(tile_id)}/{kind}", terms))

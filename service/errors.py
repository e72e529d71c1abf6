"""From what went wrong to one shape of answer: RFC 9457 problem details.

`TABLE` is the only place that gives a class of error its HTTP status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from bundle import errors as bundle_errors
from bundle.errors import TilescreenError, UnknownCluster, UnknownTile

MEDIA_TYPE = "application/problem+json"
_LISTED = "GET /tiles lists them."
_WHOLE = "Whoever runs the service can put a whole copy of the bundle in its place."
_NAMED = 10_000
"""Lines of a table that an error names at most."""
_SIGN_IN = "{why}. Sign in at /sign-in, in another tab if you like, and do it again here."
URN = "urn:tilescreen:problem:"


class ServiceError(TilescreenError):
    """Something wrong with a request rather than with a tile; the message is for the user.

    request: the request that helps, in a sentence for programs; pages leave it out.
    """

    headers: Mapping[str, str] = {}
    request = ""


class BodyTooLarge(ServiceError):
    """The body, or a raw tile, has more bytes than allowed."""


class TileTooLong(ServiceError):
    """One tile's file has more bytes than allowed."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"The file has {size:,} bytes; a tile has at most {limit:,}. "
            "Cut it into smaller tiles, or save it as a plain 8-bit PNG."
        )


class TooManyTiles(ServiceError):
    """A request holds more tiles than allowed."""


class WrongMediaType(ServiceError):
    """The Content-Type, or the Content-Encoding, is none that is taken here."""


class NotAcceptable(ServiceError):
    """The answer cannot be given in any form that the Accept header names."""

    headers: Mapping[str, str] = {"Vary": "Accept"}

    def __init__(self, accept: str, offered: Sequence[str]) -> None:
        super().__init__(
            f"Accept is {accept[:100]!r}. Ask for one of {', '.join(offered)}, "
            "or leave the header out."
        )


class MalformedForm(ServiceError):
    """The multipart body cannot be read, or holds no file."""


class MalformedRequest(ServiceError):
    """What arrived is no request as HTTP/1.1 has it."""


class SlowHead(ServiceError):
    """The request's head did not arrive in time."""


class HeadTooLarge(ServiceError):
    """The request's address and headers have more bytes than allowed, or are too many."""


class BadInference(ServiceError):
    """The request is not as the Open Inference Protocol has it."""


class UnknownModel(ServiceError):
    """There is no model of this name."""


class SlowBody(ServiceError):
    """The body did not arrive in time."""


class TookTooLong(ServiceError):
    """The answer was not ready in time."""


class QueueFull(ServiceError):
    """More tiles would be under way than allowed."""

    headers: Mapping[str, str] = {"Retry-After": "1"}

    def __init__(self, waiting: int, sent: int, limit: int) -> None:
        super().__init__(
            f"{waiting} tiles are being worked on or wait, this request has {sent} or more, and at "
            f"most {limit} may. Send it again in a second, or with fewer tiles."
        )


class BodiesFull(ServiceError):
    """The bodies of all requests together would have more bytes than allowed."""

    headers: Mapping[str, str] = {"Retry-After": "1"}

    def __init__(self, taken: int, size: int, limit: int) -> None:
        super().__init__(
            f"Other requests hold {taken:,} bytes, this one has {size:,} or more, and all together "
            f"may hold {limit:,}. Send it again in a second, or with fewer tiles."
        )


class Draining(ServiceError):
    """The service is about to stop and takes no more tiles."""

    headers: Mapping[str, str] = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__("The service is stopping and takes no more tiles. Send again later.")


class Loading(ServiceError):
    """The service has no bundle yet: it has just begun to load one."""

    headers: Mapping[str, str] = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("The service is loading its bundle. Send it again in a second.")


class NotReady(ServiceError):
    """The probe tile did not come back as stored."""

    headers: Mapping[str, str] = {"Retry-After": "5"}


class BundleChanged(ServiceError):
    """A file of the bundle was changed while it was served."""

    headers: Mapping[str, str] = {"Retry-After": "5"}

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The bundle's file {name} was changed while it was served, so nothing can be said "
            "from it. Put the bundle back as it was and start the service again; to renew a "
            "bundle, write it beside the old one."
        )


class EncodingFailed(ServiceError):
    """The encoder failed on a tile that looked sound."""


class KeyNeeded(ServiceError):
    """The request has no API key, and one is needed."""

    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="tilescreen"'}

    def __init__(self, *, page: bool = False) -> None:
        """`page`: whether one of the service's pages asks, in a browser."""
        super().__init__(
            _SIGN_IN.format(why="You are signed out")
            if page
            else "This service asks for an API key. Send one as 'Authorization: Bearer KEY' or as "
            "'X-API-Key: KEY'; whoever runs the service gives you one."
        )


class KeyUnknown(ServiceError):
    """The request has an API key that the service does not know."""

    headers: Mapping[str, str] = {
        "WWW-Authenticate": 'Bearer realm="tilescreen", error="invalid_token"'
    }

    def __init__(self, *, page: bool = False) -> None:
        """`page`: whether one of the service's pages asks, in a browser."""
        super().__init__(
            _SIGN_IN.format(why="The service does not know the key that you signed in with")
            if page
            else "The service does not know this API key. Look for a part that is missing, or ask "
            "whoever runs the service for another."
        )


class RoleTooLow(ServiceError):
    """The request's API key may not do this."""

    headers: Mapping[str, str] = {
        "WWW-Authenticate": 'Bearer realm="tilescreen", error="insufficient_scope"'
    }

    def __init__(self, needed: str, has: str) -> None:
        super().__init__(
            f"This needs a key with the role {needed!r}; yours has {has!r}. Ask whoever runs the "
            "service."
        )


class BundleRefused(ServiceError):
    """A bundle that was to be served or compared cannot be used."""


class UnknownBundle(ServiceError):
    """There is no bundle with this id in the folder of bundles."""


class UnknownScan(ServiceError):
    """No stored tile was cut from a scan of this name."""

    request = "GET /tiles names the scan of each tile."


class UnknownSample(ServiceError):
    """The bundle that answers has no audit sample of this number."""

    request = "POST /review/sample draws one."

    def __init__(self, draw: int, known: Sequence[int]) -> None:
        told = f" There are {', '.join(map(str, known[-20:]))}." if known else ""
        super().__init__(f"This bundle has no audit sample {draw}.{told}")


class BadCursor(ServiceError):
    """The cursor is none that a list in this order gave."""

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"The cursor {cursor[:200]!r} is none of this list: it is a score, a comma and an id. "
            "Send `next` of the page before, with the same `sort`; begin without."
        )


class UnknownConcept(ServiceError):
    """Nobody has made a concept of this name."""

    request = "A program makes one with PUT /concepts/{name}."

    def __init__(self, name: str, known: Sequence[str]) -> None:
        told = f" There are {', '.join(sorted(known)[:20])}." if known else ""
        super().__init__(
            f"There is no concept {name[:80]!r}; perhaps it was renamed or deleted.{told} Open one "
            "of these on the Teach page, or make it there."
        )


class ConceptTaken(ServiceError):
    """A concept is to have a name that another one has, but for case."""

    def __init__(self, name: str, *, gone: bool) -> None:
        why = "was taken away, and its marks wait for it to be made again" if gone else "is there"
        super().__init__(
            f"Nothing was changed: a concept {name!r} {why}. Take that one, or a name that differs "
            "by more than case."
        )


class BothMarks(ServiceError):
    """A tile is sent as showing a concept and as not showing it."""

    def __init__(self, ids: Sequence[str]) -> None:
        more = "" if len(ids) <= _NAMED else f" and {len(ids) - _NAMED} more"
        super().__init__(
            f"Nothing was marked: sent as positive and as negative are {', '.join(ids[:_NAMED])}"
            f"{more}. A tile shows the concept, or does not; send each once."
        )


class NothingTaught(ServiceError):
    """A concept has no positive example."""

    request = 'A program sends POST /concepts/{name}/examples with {"positive": ["an id"]}.'


class NoFolder(ServiceError):
    """There is no folder of bundles to write into."""


class LedgerDown(ServiceError):
    """The database of decisions cannot be used; nothing was written."""

    headers: Mapping[str, str] = {"Retry-After": "5"}

    def __init__(self, where: str, *, writes: bool) -> None:
        written = ", and nothing was written" if writes else ""
        super().__init__(
            f"Decisions cannot be read or kept now: {where} cannot be used{written}. Whoever runs "
            "the service finds the cause in its log; try again then."
        )


class DecisionsUnknown(ServiceError):
    """The database went away while it confirmed what was written."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"It is not known whether this was written: {where} went away while it was confirmed. "
            "Look at how things stand before you send it again."
        )


class DecisionChanged(ServiceError):
    """Somebody decided about the tile since the caller looked."""

    def __init__(self, tile_id: str) -> None:
        super().__init__(
            f"The decision about {tile_id!r} has changed since you looked, so yours was not "
            "written. Look at it again before you decide; a program sends the new ETag."
        )


class UndoChanged(ServiceError):
    """Another batch than the expected one would be taken back."""

    def __init__(self) -> None:
        super().__init__(
            "The last of your decisions is another by now, so nothing was taken back. Look at what "
            "you decided last, and undo again."
        )


class MarkChanged(ServiceError):
    """Somebody, or the caller elsewhere, marked the tile otherwise since the caller looked."""

    def __init__(self, tile_id: str, mark: str | None, *, by: str, caller: str) -> None:
        did = f"marked {tile_id!r} {mark}" if mark else f"took the mark of {tile_id!r} back"
        who = "Another tab or program of yours" if by == caller else by
        super().__init__(
            f"{who} {did} since you looked, so nothing was written. Look again, and mark it "
            "again if you differ."
        )


class NameChanged(ServiceError):
    """Somebody named the cluster since the caller looked."""

    def __init__(self, label: int) -> None:
        super().__init__(
            f"The name of cluster {label} has changed since you looked, or another bundle answers, "
            "so yours was not written. Look at it again first; a program sends the new ETag."
        )


class BadPrecondition(ServiceError):
    """The If-Match header is no ETag of a decision, or is sent where there is none."""


class UnknownEvent(ServiceError):
    """There is no event of this number yet."""

    def __init__(self, number: int, last: int, remedy: str) -> None:
        super().__init__(f"There is no event {number} yet; the last is {last}. {remedy}")


class SigningDown(ServiceError):
    """The key that signs exports cannot be read or made."""

    headers: Mapping[str, str] = {"Retry-After": "5"}


class BadTable(ServiceError):
    """The CSV of decisions cannot be read as one."""


class BadLine(ServiceError):
    """A line of a CSV of decisions cannot be used."""


class ImportRefused(ServiceError):
    """Lines of a CSV cannot be used, so none of it was written."""

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        self.errors = list(errors[:_NAMED])
        lines = "1 line" if len(errors) == 1 else f"{len(errors):,} lines"
        which = "" if len(errors) <= _NAMED else f" the first {_NAMED:,} of"
        super().__init__(
            f"{lines} cannot be used, so nothing was written; `errors` names{which} all that is "
            "wrong. Mend it, or have the other lines alone written: `partial=true`, or `--partial` "
            "where the client sends it."
        )


class BadReviewer(ServiceError):
    """The reviewer's name cannot be used, or is not the key's."""


class FromAnotherSite(ServiceError):
    """A page of another site sent this through somebody's browser."""

    def __init__(self) -> None:
        super().__init__(
            "Another site's page sent this through your browser, so it was refused. Use the pages "
            "of this service, or a client. If they stand behind a proxy that changes the Host "
            "header, whoever runs the service sets TILESCREEN_ALLOWED_HOSTS to the proxy's name."
        )


class WrongHost(ServiceError):
    """The Host header has a name that is none of this service's."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This service does not answer to the name {host[:80]!r}: any site could lead a name "
            "of its own here. Ask for 127.0.0.1 or localhost; whoever runs the service allows "
            "other names with TILESCREEN_ALLOWED_HOSTS (--allowed-hosts)."
        )


@dataclass(frozen=True)
class Kind:
    """What all problems of one kind share."""

    status: int
    code: str
    title: str

    @property
    def type(self) -> str:
        """The problem's URI."""
        return URN + self.code.replace("_", "-")


TABLE: dict[type[TilescreenError], Kind] = {
    bundle_errors.EmptyTile: Kind(400, "empty_tile", "Nothing was sent"),
    bundle_errors.NotAPng: Kind(415, "not_a_png", "Not a PNG"),
    bundle_errors.DamagedTile: Kind(400, "damaged_tile", "The PNG is damaged"),
    bundle_errors.TileTooSmall: Kind(422, "tile_too_small", "The tile is too small"),
    bundle_errors.TileTooLarge: Kind(422, "tile_too_large", "The tile has too many pixels"),
    bundle_errors.AnimatedTile: Kind(422, "animated_tile", "The PNG is animated"),
    bundle_errors.TileError: Kind(422, "bad_tile", "The tile cannot be used"),
    KeyNeeded: Kind(401, "key_needed", "An API key is needed"),
    KeyUnknown: Kind(401, "key_unknown", "No such API key"),
    RoleTooLow: Kind(403, "role_too_low", "The API key may not do this"),
    FromAnotherSite: Kind(403, "from_another_site", "Sent by another site"),
    WrongHost: Kind(421, "wrong_host", "Not a name of this service"),
    UnknownTile: Kind(404, "unknown_tile", "No such tile"),
    UnknownCluster: Kind(404, "unknown_cluster", "No such cluster"),
    UnknownScan: Kind(404, "unknown_scan", "No such scan"),
    UnknownSample: Kind(404, "unknown_sample", "No such audit sample"),
    UnknownBundle: Kind(404, "unknown_bundle", "No such bundle"),
    BundleRefused: Kind(409, "bundle_refused", "The bundle cannot be used"),
    DecisionChanged: Kind(412, "decision_changed", "The decision has changed"),
    UndoChanged: Kind(412, "undo_changed", "The last decision has changed"),
    MarkChanged: Kind(412, "mark_changed", "The mark has changed"),
    NameChanged: Kind(412, "name_changed", "The name has changed"),
    BadPrecondition: Kind(400, "bad_precondition", "The If-Match header cannot be used"),
    UnknownEvent: Kind(404, "unknown_event", "No such event"),
    BadTable: Kind(422, "bad_table", "The table cannot be read"),
    BadLine: Kind(422, "bad_line", "The line cannot be used"),
    ImportRefused: Kind(422, "import_refused", "Lines of the table cannot be used"),
    BadReviewer: Kind(422, "bad_reviewer", "The reviewer's name cannot be used"),
    BadCursor: Kind(422, "bad_cursor", "No such cursor"),
    BodyTooLarge: Kind(413, "body_too_large", "The body is too large"),
    TileTooLong: Kind(413, "tile_too_long", "The tile has too many bytes"),
    TooManyTiles: Kind(413, "too_many_tiles", "Too many tiles in one request"),
    WrongMediaType: Kind(415, "wrong_media_type", "Not a type of body that is taken here"),
    NotAcceptable: Kind(406, "not_acceptable", "No such form of the answer"),
    MalformedForm: Kind(400, "malformed_form", "The form cannot be read"),
    MalformedRequest: Kind(400, "malformed_request", "What was sent is no HTTP request"),
    SlowHead: Kind(408, "slow_head", "The head of the request did not arrive in time"),
    HeadTooLarge: Kind(431, "head_too_large", "The head of the request is too large"),
    BadInference: Kind(400, "bad_inference", "The inference request cannot be read"),
    UnknownModel: Kind(404, "unknown_model", "No such model"),
    SlowBody: Kind(408, "slow_body", "The body did not arrive in time"),
    QueueFull: Kind(429, "queue_full", "Too many tiles wait"),
    BodiesFull: Kind(429, "bodies_full", "Too many bytes in flight"),
    EncodingFailed: Kind(500, "encoding_failed", "The encoder failed"),
    UnknownConcept: Kind(404, "unknown_concept", "No such concept"),
    BothMarks: Kind(422, "both_marks", "A tile is marked both ways"),
    ConceptTaken: Kind(409, "concept_taken", "A concept has this name"),
    NothingTaught: Kind(409, "nothing_taught", "No example is marked"),
    NoFolder: Kind(409, "no_folder", "There is no folder of bundles"),
    LedgerDown: Kind(503, "decisions_down", "Decisions cannot be kept now"),
    DecisionsUnknown: Kind(503, "decisions_unknown", "Not known whether it was written"),
    bundle_errors.BundleDamaged: Kind(503, "bundle_damaged", "A file of the bundle is damaged"),
    SigningDown: Kind(503, "signing_down", "Exports cannot be signed now"),
    Draining: Kind(503, "stopping", "The service is stopping"),
    BundleChanged: Kind(503, "bundle_changed", "The bundle was changed"),
    Loading: Kind(503, "loading", "The service is starting"),
    NotReady: Kind(503, "not_ready", "The service is not ready"),
    TookTooLong: Kind(504, "took_too_long", "The answer took too long"),
}
INTERNAL = Kind(500, "internal", "Something went wrong in the service")


@dataclass(frozen=True)
class Problem:
    """One problem; `extra` holds members beside the standard ones."""

    kind: Kind
    detail: str
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def members(self, **more: object) -> dict[str, object]:
        """Return the JSON object, with `more` members such as `instance` or `index`."""
        return {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
            **self.extra,
            **more,
        }

    def response(self, request_id: str) -> Response:
        """Return the problem as an answer of its own."""
        return Response(
            orjson.dumps(self.members(instance=request_id)),
            self.kind.status,
            headers=dict(self.headers),
            media_type=MEDIA_TYPE,
        )


def _detail(error: BaseException) -> str:
    if isinstance(error, UnknownTile) and not error.tile_id:
        return f"The id is empty. {_LISTED}"
    if isinstance(error, UnknownTile) and not error.near:
        return f"{error} {_LISTED}"
    if isinstance(error, ServiceError) and error.request:
        return f"{error} {error.request}"
    if isinstance(error, bundle_errors.BundleDamaged):  # without its folder, which is not told
        return f"{error.args[0]} {_WHOLE}"
    return str(error)


def problem_of(error: BaseException) -> Problem:
    """Find an error's problem by walking up its classes; what is not known tells nothing."""
    for parent in type(error).__mro__:
        kind = TABLE.get(parent)
        if kind is not None:
            extra: dict[str, object] = (
                {"near": error.near} if isinstance(error, UnknownTile) else {}
            )
            if isinstance(error, ImportRefused):
                extra = {"errors": error.errors}
            headers = error.headers if isinstance(error, ServiceError) else {}
            return Problem(kind, _detail(error), extra, headers)
    return Problem(INTERNAL, "The service failed on this request; its log says more.")

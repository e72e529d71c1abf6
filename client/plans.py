"""What to send, when to wait and how to read the answers, without doing any of it.

A plan is a generator: it yields an `Ask` or a `Wait`, is sent the answer to it, and returns
the result. `client.api` carries plans out, once with and once without asyncio, so that
everything that can be wrong about a request is written once.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import quote

import httpx

from .answers import Json, fine, json_object, problem_in, unexpected
from .errors import BundleChanged, OutcomeUnknown, Overloaded, ServiceUnreachable
from .limits import Limits
from .payload import Payload
from .problem import Problem
from .retry import LATER, Retry

Command: TypeAlias = Literal["encode", "neighbors", "cluster", "screen"]
Params: TypeAlias = Mapping[str, str | int | float | Sequence[str]]
"""What follows the question mark; a sequence is a name given several times."""

NOTHING_MORE: Params = {}

# Too long, too slow, or the service failed on it: half as many tiles may do, and in the end
# only the tile that is the cause has to be given up.
SPLIT = frozenset({408, 413, 500, 504})

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
_NOT_BEGUN = frozenset({"loading", "not_ready", "stopping"})
"""Codes of a 503 that a request gets before anything is done for it."""


@dataclass(frozen=True)
class Ask:
    """One request, still to be sent."""

    path: str
    params: Params = field(default_factory=dict)
    tiles: Sequence[Payload] = ()
    accept: str = "*/*"
    stream: bool = False
    """Leave the body of a good answer to whoever asked, still to be read and closed."""
    json: Json | None = None
    content: bytes | None = None
    """A body as it is; its type is in `headers`."""
    verb: str | None = None
    writes: str | None = None
    """What becomes of decisions by it, such as "written"; not sent again where it may be done."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The verb, else POST when tiles are sent, else GET."""
        return self.verb or ("POST" if self.tiles else "GET")

    @property
    def files(self) -> list[tuple[str, tuple[str, bytes, str]]]:
        """The tiles as a multipart form, in the form that httpx takes."""
        sound = ((tile.name, tile.data) for tile in self.tiles if isinstance(tile.data, bytes))
        return [("files", (name, data, "image/png")) for name, data in sound]


@dataclass(frozen=True)
class Wait:
    """A pause before the next request."""

    seconds: float


T = TypeVar("T")
Answer: TypeAlias = httpx.Response | httpx.RequestError | None
Plan: TypeAlias = Generator[Ask | Wait, Answer, T]


@dataclass(frozen=True)
class Terms:
    """How to talk to one service: its address, how patiently, how much at once.

    proxy: the environment variable whose proxy stands between; None without one.
    """

    url: str
    retry: Retry = field(default_factory=Retry)
    limits: Limits = field(default_factory=Limits)
    proxy: str | None = None


@dataclass(frozen=True)
class Batch:
    """The answer to tiles: the bundle it came from and one JSON object a tile, in order."""

    bundle: str
    results: Sequence[Json]


@dataclass(frozen=True)
class Form:
    """A form of an answer to tiles: its media type, and how it is read for so many tiles."""

    accept: str
    read: Callable[[httpx.Response, int, Terms], Batch]


def ask(request: Ask, terms: Terms, *, patient: bool = True) -> Plan[httpx.Response]:
    """Send a request until it is answered with something else than "later".

    One that writes is sent again only where it is sure that nothing was begun.

    Args:
        request: what to send.
        terms: how.
        patient: try again whatever failed; otherwise only if the service says when, or that it
            has begun nothing: it is there, and busy or starting.

    Raises:
        ServiceUnreachable: the connection failed each time.
        Overloaded: the service said "later" each time, or asks for too long a wait.
        OutcomeUnknown: the request writes, and its answer was lost or does not tell if it was done.
    """
    tried = 0
    while True:
        answer = yield request
        tried += 1
        if request.writes and (lost := _lost(answer, tried, terms)):
            known = f"It is not known whether it was {request.writes}"
            raise OutcomeUnknown(lost, known, terms.url)
        told = None
        if isinstance(answer, httpx.Response):
            if answer.status_code not in LATER:
                return answer
            told = answer.headers.get("Retry-After")
        pause = terms.retry.pause(tried, told)
        if pause is None or not (patient or told is not None or _not_begun(answer)):
            raise _gave_up(answer, tried, terms)
        yield Wait(pause)


def _not_begun(answer: Answer) -> bool:
    """Whether a service is there that has done nothing for a request, and may do so later."""
    if not isinstance(answer, httpx.Response):
        return False
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return answer.status_code in LATER and problem_in(answer).code in _NOT_BEGUN


def _lost(answer: Answer, tried: int, terms: Terms) -> str | None:
    """Say why an answer leaves open whether a request was done; None where it does not."""
    if isinstance(answer, httpx.Response):
        if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        if _not_begun(answer):
            return None
        problem = problem_in(answer)
        # Not its detail: a service that lost the answer of its database says "nothing was written".
        code = "" if problem.code == "unknown" else f" ({problem.code})"
        return f"{terms.url} answers {answer.status_code} {problem.title}{code}."
    if isinstance(answer, _NOT_SENT):
        return None
    return str(_unreachable(answer, tried, terms, sent=True))


def _gave_up(answer: Answer, tried: int, terms: Terms) -> ServiceUnreachable | Overloaded:
    if isinstance(answer, httpx.Response):
        return Overloaded(problem_in(answer), tried, answer.headers.get("Retry-After"))
    return _unreachable(answer, tried, terms)


def _unreachable(
    answer: Answer, tried: int, terms: Terms, *, sent: bool = False
) -> ServiceUnreachable:
    """Say why there is no answer; `sent`: whoever is there took the request, maybe did it."""
    through = (
        f" {terms.proxy} sends requests through a proxy; if none is needed, "
        f"add {httpx.URL(terms.url).host} to no_proxy."
        if terms.proxy
        else ""
    )
    if isinstance(answer, _NOT_SENT):
        return ServiceUnreachable(
            f"Nothing answers at {terms.url}.{through} Start the service with "
            "`python -m service --bundle BUNDLE`, or give its address with --url."
        )
    reason = (str(answer) or type(answer).__name__).rstrip(".")
    times = "" if tried == 1 else f" {tried} times"
    if isinstance(answer, httpx.TimeoutException):
        return ServiceUnreachable(
            f"{terms.url} was silent{times} for longer than allowed.{through} Where it "
            "only needs longer, allow more with --timeout, or timeout_s in a script."
        )
    speaks = sent or not isinstance(answer, httpx.RemoteProtocolError)
    advice = "The service's log may say more." if speaks else "Is the address that of the service?"
    return ServiceUnreachable(
        f"The connection to {terms.url} failed{times}: {reason}.{through} {advice}"
    )


def fetch(path: str, terms: Terms, params: Params | None = None) -> Plan[Json]:
    """Get a JSON object.

    Raises:
        NotFound, ServiceRefused: the service has no such thing or will not give it.
        UnexpectedAnswer: it is no JSON object.
    """
    response = yield from ask(Ask(path, params or {}), terms)
    return json_object(fine(response, terms.url), terms.url)


def fetch_bytes(path: str, terms: Terms) -> Plan[bytes]:
    """Get a picture.

    Raises:
        NotFound, ServiceRefused: the service has no such thing or will not give it.
    """
    response = yield from ask(Ask(path), terms)
    return fine(response, terms.url).content


def stored(
    command: Command, tile_id: str, terms: Terms, k: int | None = None, more: Params = NOTHING_MORE
) -> Plan[Json]:
    """Ask about one stored tile; return its result object. `more` are further parameters.

    Raises:
        NotFound: no stored tile has the id.
    """
    body = yield from fetch(f"/{command}/{segment(tile_id)}", terms, params(k, more))
    return _batch(body, 1, terms).results[0]


def greet(terms: Terms) -> Plan[Json]:
    """Get the manifest of the service's bundle: the first contact.

    Raises:
        ServiceUnreachable: nothing answers; it is not tried again.
        UnexpectedAnswer: what answers is not Tilescreen.
    """
    response = yield from ask(Ask("/bundle"), terms, patient=False)
    body = json_object(fine(response, terms.url), terms.url)
    if "bundle_id" not in body:
        raise unexpected(terms.url, "/bundle tells no bundle_id")
    return body


def submit(
    command: Command,
    tiles: Sequence[Payload],
    terms: Terms,
    k: int | None = None,
    more: Params = NOTHING_MORE,
    *,
    form: Form | None = None,
) -> Plan[Batch]:
    """Send tiles; split them when they are too many for one request. `more` as in `stored`.

    Returns: one result object a tile, in order, with the id that its name gives; "error" in
    the result of a tile that cannot be used.

    Raises:
        ServiceRefused: the request as a whole is refused, whatever the tiles.
        UnexpectedAnswer: the answer does not fit the tiles.
        BundleChanged: a split request was answered from two bundles.
    """
    sound = [tile for tile in tiles if isinstance(tile.data, bytes)]
    request = Ask(f"/{command}", params(k, more), sound)
    sent = (yield from _send(request, terms, form or JSON)) if sound else Batch("", [])
    answers = iter(sent.results)
    results: list[Json] = [
        {"error": tile.data.to_json()} if isinstance(tile.data, Problem) else next(answers)
        for tile in tiles
    ]
    named = [{**raw, "id": tile.id} for tile, raw in zip(tiles, results, strict=True)]
    return Batch(sent.bundle, named)


def _send(request: Ask, terms: Terms, form: Form) -> Plan[Batch]:
    tiles = request.tiles
    response = yield from ask(replace(request, accept=form.accept), terms)
    if response.status_code not in SPLIT:
        return form.read(response, len(tiles), terms)
    if len(tiles) == 1:
        return Batch("", [{"error": problem_in(response).to_json()}])
    half = len(tiles) // 2
    if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        _learn(terms.limits, tiles, problem_in(response))
    first = yield from _send(replace(request, tiles=tiles[:half]), terms, form)
    second = yield from _send(replace(request, tiles=tiles[half:]), terms, form)
    bundle = same_bundle(first.bundle, second.bundle)
    return Batch(bundle, [*first.results, *second.results])


def same_bundle(before: str, now: str) -> str:
    """Return the one bundle of two answers; "" stands for an answer of no bundle.

    Raises:
        BundleChanged: they are two.
    """
    if before and now and before != now:
        raise BundleChanged(before, now)
    return before or now


def _learn(limits: Limits, tiles: Sequence[Payload], problem: Problem) -> None:
    # An older service does not publish its limits; a proxy before it may have lower ones anyway.
    if problem.code == "too_many_tiles":
        limits.lower_tiles(len(tiles))
    else:
        limits.lower_bytes(sum(tile.weight() for tile in tiles))


def learn_limits(terms: Terms) -> Plan[None]:
    """Ask for the limits that the service publishes; one that does not is asked as before.

    Raises:
        UnexpectedAnswer: what it tells does not read as limits.
    """
    response = yield from ask(Ask("/limits"), terms)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return
    told = json_object(fine(response, terms.url), terms.url)
    try:
        terms.limits.publish(told)
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected(terms.url, f"/limits tells no {error}") from error


def segment(name: str) -> str:
    """Return a name as one segment of a URL's path."""
    return quote(name, safe="")


def params(k: int | None, more: Params = NOTHING_MORE) -> Params:
    """Return the query of a question."""
    return {**more} if k is None else {"k": k, **more}


def _json(response: httpx.Response, due: int, terms: Terms) -> Batch:
    return _batch(json_object(fine(response, terms.url), terms.url), due, terms)


JSON = Form("application/json", _json)


def _batch(body: Json, due: int, terms: Terms) -> Batch:
    results = body.get("results")
    if not isinstance(results, list) or len(results) != due or "bundle" not in body:
        raise unexpected(terms.url, f"{due} results were due and did not come")
    if not all(isinstance(result, dict) for result in results):
        raise unexpected(terms.url, "a result is no JSON object")
    if any(result.get("index") != place for place, result in enumerate(results)):
        raise unexpected(terms.url, "the results are out of order")
    return Batch(str(body["bundle"]), results)

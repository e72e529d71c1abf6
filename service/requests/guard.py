"""Asks for an API key, where keys are set, before anything else sees the request.

A browser may hold a key in a cookie, or need none; so what it sends for another site's page is
refused as well, and what it sends to a name that is none of this service's. Another cookie tells
the pages' scripts what that key may do, so that they offer no more; it is set anew where it says
otherwise, as a key's role may change while the browser keeps it. The service does not ask it.
"""

from collections.abc import Iterable
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import FromAnotherSite, KeyNeeded, KeyUnknown, WrongHost, problem_of
from service.keys import Holder, Keyring, Role
from service.requests.hosts import Hosts, has_key

_HARMLESS = {"GET", "HEAD", "OPTIONS"}
_ANYONE = Holder(Role.ADMIN)
COOKIE, ROLE = "tilescreen_key", "tilescreen_role"
SIGN_IN = "/sign-in"
_PROBES = {"/livez", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
"""Whoever watches over the service has no key, and asks by the address of a container."""
OPEN = {*_PROBES, SIGN_IN}
"""Paths that need no key."""


class Guard:
    """ASGI middleware; the request's state tells role and name to those inside."""

    def __init__(self, app: ASGIApp, keys: Keyring, hosts: Hosts) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not self._hosts.answer_to(headers) and scope["path"] not in _PROBES:
                refused = problem_of(WrongHost(", ".join(headers.getlist("host"))))
                await refused.response(scope["state"]["request_id"])(scope, receive, send)
                return
            holder = self._holder(headers)
            if holder is None and not _is_open(scope["path"]):
                await _refusal(scope)(scope, receive, send)
                return
            if scope["method"] not in _HARMLESS and self._hosts.foreign(headers):
                refused = problem_of(FromAnotherSite())
                await refused.response(scope["state"]["request_id"])(scope, receive, send)
                return
            scope["state"]["role"] = holder and holder.role
            scope["state"]["name"] = holder and holder.name
            send = self._telling_role(scope, holder, send)
        await self._app(scope, receive, send)

    def _telling_role(self, scope: Scope, holder: Holder | None, send: Send) -> Send:
        """Set the cookie of the role with the answer, where the pages' key has another now."""
        if not self._keys or holder is None:
            return send
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        role = self._keys.holder(cookies[COOKIE]) if COOKIE in cookies else None
        if role is None or cookies.get(ROLE) == role.role.name.lower():
            return send
        told = Response()
        tell_role(told, role, secure=scope["scheme"] == "https")
        cookie = next(pair for pair in told.raw_headers if pair[0] == b"set-cookie")

        async def sent(message: Message) -> None:
            headers = message.get("headers", ())
            if message["type"] == "http.response.start" and not _sets_role(headers):
                message["headers"] = [*headers, cookie]
            await send(message)

        return sent

    def _holder(self, headers: Headers) -> Holder | None:
        if not self._keys:
            return _ANYONE
        key = _key(headers)
        return None if key is None else self._keys.holder(key)


def tell_role(answer: Response, holder: Holder, *, secure: bool) -> None:
    """Set the cookie from which the pages know what the key may do."""
    answer.set_cookie(ROLE, holder.role.name.lower(), samesite="strict", secure=secure)


def _sets_role(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    start = f"{ROLE}=".encode()
    return any(name == b"set-cookie" and value.startswith(start) for name, value in headers)


def _key(headers: Headers) -> str | None:
    """Return the key of a request: of one of the two headers, else of the pages' cookie."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if "x-api-key" in headers:
        return headers["x-api-key"]
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith("/static/")


def _refusal(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        wanted = quote(scope["path"])
        if scope["query_string"]:
            wanted += "?" + scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", 303)
    page = _by_a_page(headers)
    error = KeyNeeded(page=page) if _key(headers) is None else KeyUnknown(page=page)
    return problem_of(error).response(scope["state"]["request_id"])


def _by_a_page(headers: Headers) -> bool:
    """Return whether a page of this service asks: browsers alone send these, without a key."""
    return not has_key(headers) and ("sec-fetch-site" in headers or "cookie" in headers)

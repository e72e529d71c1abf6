"""Asks for an API key, where keys are set, before anything else sees the request.

A browser may hold a key in a cookie, or need none; so what it sends for another site's page is
refused as well, and what it sends to a name that is none of this service's.
"""

from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import FromAnotherSite, KeyNeeded, KeyUnknown, WrongHost, problem_of
from service.keys import Holder, Keyring, Role
from service.requests.hosts import Hosts

_HARMLESS = {"GET", "HEAD", "OPTIONS"}
_ANYONE = Holder(Role.ADMIN)
COOKIE = "tilescreen_key"
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
                refused = problem_of(WrongHost(headers["host"]))
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
        await self._app(scope, receive, send)

    def _holder(self, headers: Headers) -> Holder | None:
        if not self._keys:
            return _ANYONE
        key = _key(headers)
        return None if key is None else self._keys.holder(key)


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
    sent = "authorization" in headers or "x-api-key" in headers
    return not sent and ("sec-fetch-site" in headers or "cookie" in headers)

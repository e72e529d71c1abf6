"""Asks for an API key, where keys are set, before anything else sees the request."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import KeyNeeded, KeyUnknown, problem_of
from service.keys import Keyring, Role

COOKIE = "tilescreen_key"
SIGN_IN = "/sign-in"
OPEN = {"/livez", "/healthz", "/readyz", SIGN_IN}
"""Paths that need no key: whoever watches over the service has none."""


class Guard:
    """ASGI middleware; the request's state tells its role to those inside."""

    def __init__(self, app: ASGIApp, keys: Keyring) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            role = self._role(headers)
            if role is None and not _is_open(scope["path"]):
                await _refusal(scope, headers)(scope, receive, send)
                return
            scope["state"]["role"] = role
        await self._app(scope, receive, send)

    def _role(self, headers: Headers) -> Role | None:
        if not self._keys:
            return Role.ADMIN
        key = _key(headers)
        return None if key is None else self._keys.role(key)


def _key(headers: Headers) -> str | None:
    """Return the key of a request: of one of the two headers, else of the pages' cookie."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if "x-api-key" in headers:
        return headers["x-api-key"]
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if cookie is None else cookie.value


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith("/static/")


def _refusal(scope: Scope, headers: Headers) -> Response:
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        wanted = quote(scope["path"])
        if scope["query_string"]:
            wanted += "?" + scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", 303)
    error = KeyNeeded() if _key(headers) is None else KeyUnknown()
    return problem_of(error).response(scope["state"]["request_id"])

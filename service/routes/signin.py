"""Signing in to the pages with an API key, which a cookie then holds.

Out of reach of scripts, and not sent along when another site leads here: `HttpOnly`,
`SameSite=Strict`. It ends with the browser's session. Signing out forgets the reviewer's name as
well, which would else be that of whoever signs in next.
"""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.deps import ServingDep
from service.keys import Keyring
from service.pages.rendering import render_alone
from service.requests.bodies import read_body
from service.requests.guard import COOKIE, ROLE, SIGN_IN, tell_role
from service.requests.reviewers import COOKIE as REVIEWER
from service.state import Serving

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Next = Annotated[str, Query(alias="next")]
_LONGEST = 4096


@router.get(SIGN_IN)
async def form(request: Request, after: Next = "/") -> Response:
    """Show the form; where no key is needed, or one was given, go on."""
    if request.state.role is not None:
        return RedirectResponse(_inside(after), 303)
    return render_alone("signin.html", after=_inside(after), problem="")


@router.post(SIGN_IN)
async def sign_in(request: Request, serving: ServingDep) -> Response:
    """Take a key; keep it in a cookie if it is one."""
    fields = parse_qs((await _short_body(request, serving)).decode("utf-8", "replace"))
    key, after = (fields.get(name, [""])[0].strip() for name in ("key", "next"))
    keys: Keyring = request.app.state.keys
    holder = keys.holder(key)
    if holder is None:
        problem = "There is no such key. Keys are case-sensitive; ask whoever runs the service."
        return render_alone("signin.html", status=401, after=_inside(after), problem=problem)
    answer = RedirectResponse(_inside(after), 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, key, httponly=True, samesite="strict", secure=secure)
    tell_role(answer, holder, secure=secure)
    return answer


@router.post("/sign-out")
async def sign_out() -> Response:
    """Forget the key, and who decided with it."""
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    for name in (ROLE, REVIEWER):
        answer.delete_cookie(name, samesite="strict")
    return answer


async def _short_body(request: Request, serving: Serving) -> bytes:
    body = bytearray()
    with serving.gate.enter() as ticket:
        await read_body(
            request,
            limit=_LONGEST,
            patience_s=serving.settings.request_timeout_s,
            ticket=ticket,
            take=body.extend,
            remedy="Send a key alone.",
        )
    return bytes(body)


def _inside(path: str) -> str:
    """Return where to go on: a path of this service, and nowhere else."""
    plain = path.startswith("/") and not path.startswith("//") and path.isprintable()
    return path if plain and "\\" not in path else "/"

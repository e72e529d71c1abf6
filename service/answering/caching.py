"""Answers that cannot change while a bundle is served: an ETag, and 304 for who has them."""

from dataclasses import dataclass

from fastapi import Request, Response

from service.state import Serving

FRESH = {"Cache-Control": "no-store"}
"""Decisions change while the bundle does not: no answer about them may be kept."""


@dataclass(frozen=True)
class Kept:
    """How an answer may be kept.

    headers: ETag and Cache-Control of the answer. unchanged: the 304 for a caller that has the
    answer already, else None.
    """

    headers: dict[str, str]
    unchanged: Response | None


def kept(request: Request, serving: Serving, version: str | None) -> Kept:
    """Tell how the answer to a GET may be kept: for ever at an address that names the bundle.

    All else that decides the answer is in its address, so the bundle's id is ETag enough.

    Args:
        request: may name the ETag of an answer that the caller has already.
        serving: the bundle that answers.
        version: the bundle's id that the address names, if it names one.
    """
    bundle_id = serving.bundle.manifest.bundle_id
    etag = f'"{bundle_id}"'
    lasting = version == bundle_id
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=31536000, immutable" if lasting else "no-cache",
    }
    known = request.headers.get("if-none-match")
    same = known is not None and not {etag, "*"}.isdisjoint(
        one.strip().removeprefix("W/") for one in known.split(",")
    )
    return Kept(headers, Response(status_code=304, headers=headers) if same else None)

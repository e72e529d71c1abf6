"""By which names the service answers, and from which pages it takes what changes something.

A page of any site can lead its own name to 127.0.0.1 (DNS rebinding); a browser then takes the
service for a part of that site. Only the Host header still tells which name was asked.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from starlette.datastructures import Headers

from service.settings import ANY_HOST, Settings

_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")
_USUAL_PORTS = ("80", "443")


class _Place(NamedTuple):
    """What a Host header names. port: empty where it is a usual one or not told."""

    name: str
    port: str
    loopback: bool


class Hosts:
    """The names that a request's Host may have."""

    def __init__(self, settings: Settings, *, keys: bool) -> None:
        """`keys`: whether keys are needed; then any name will do, unless some are set."""
        self._names = settings.host_names - {ANY_HOST}
        self._any = ANY_HOST in settings.host_names or (keys and not settings.host_names)

    def answer_to(self, headers: Headers) -> bool:
        """Return whether a request has a name of this service; browsers always send one."""
        if self._any:
            return True
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return not hosts
        place = _place(hosts[0])
        return place.loopback or place.name in self._names

    def foreign(self, headers: Headers) -> bool:
        """Return whether a browser says that another site's page sent a request."""
        if has_key(headers):
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in ("none", "same-origin")
        origin = headers.get("origin")
        if origin is None:
            return False
        page, here = _place(origin.partition("://")[2]), _place(headers.get("host", ""))
        if not page.name or page.name in self._names:
            return not page.name
        # A proxy may leave out the port, or put its own.
        ports = {page.port, here.port} - {""}
        return page.name != here.name or len(ports) > 1


def has_key(headers: Headers) -> bool:
    """Return whether a header of a request holds a key.

    No browser adds one by itself, as it adds a proxy's name and password (`Basic`), and no page of
    another site may send one.
    """
    scheme = headers.get("authorization", "").partition(" ")[0]
    return scheme.lower() == "bearer" or "x-api-key" in headers


@lru_cache(maxsize=256)
def _place(authority: str) -> _Place:
    match = _AUTHORITY.fullmatch(authority.lower())
    name = match[1].strip("[]").removesuffix(".") if match else ""
    port = match[2] or "" if match else ""
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = name == "localhost"
    return _Place(name, "" if port in _USUAL_PORTS else port, loopback)

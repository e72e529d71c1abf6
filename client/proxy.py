"""Proxies that the environment names: none for this machine, and blamed when they fail."""

import ipaddress
import os
import ssl
from urllib.request import proxy_bypass

import httpx


def is_local(url: httpx.URL) -> bool:
    """Whether an address is of this very machine, which no proxy can reach in our place."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost" or url.host.endswith(".localhost")


def proxy_variable(url: httpx.URL) -> str | None:
    """Return the environment variable whose proxy requests to an address go through, if any.

    Its value is not told: it may hold a password.
    """
    if is_local(url) or proxy_bypass(url.host):
        return None
    names = (f"{url.scheme}_proxy", "all_proxy")
    spellings = (spelling for name in names for spelling in (name, name.upper()))
    return next((name for name in spellings if os.environ.get(name)), None)


def certificates(url: httpx.URL) -> ssl.SSLContext | bool:
    """Return how to verify an address; SSL_CERT_FILE counts even where proxies do not."""
    return httpx.create_ssl_context() if url.scheme == "https" else True

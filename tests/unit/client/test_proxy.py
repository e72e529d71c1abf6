"""Proxies of the environment: out of the way of this machine, and named when they fail."""

import asyncio
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from client import AsyncClient, Client, Retry, ServiceUnreachable
from client.proxy import is_local, proxy_variable

ONCE = Retry(tries=1)
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with a proxy where nobody listens."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    return monkeypatch


class _Bundle(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        manifest = b'{"bundle_id":"b","latent_dim":2,"profile":"p","source":{"tiles":2}}'
        self.wfile.write(manifest)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of something that answers as /bundle does."""
    with HTTPServer(("127.0.0.1", 0), _Bundle) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_proxy_for_this_machine(url: str) -> None:
    """A service on a loopback address is asked directly, whatever the variables say."""
    with Client(url, retry=ONCE) as client:
        assert client.bundle().id == "b"


def test_nor_with_asyncio(url: str) -> None:
    """The asyncio client, which the batch command uses, asks directly too."""

    async def ask() -> str:
        async with AsyncClient(url, retry=ONCE) as client:
            return (await client.bundle()).id

    assert asyncio.run(ask()) == "b"


def test_a_proxy_that_fails_is_named() -> None:
    """The sentence tells the variable and what to do, and keeps the password."""
    with (
        Client("http://service.invalid", retry=ONCE) as client,
        pytest.raises(
            ServiceUnreachable, match=r"http_proxy sends .* service\.invalid to no_proxy"
        ) as e,
    ):
        client.bundle()
    assert "secret" not in str(e.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://127.8.8.8", "http://localhost", "http://[::1]:80"]
)
def test_addresses_of_this_machine(url: str) -> None:
    """All of 127.0.0.0/8, ::1 and localhost."""
    assert is_local(httpx.URL(url))
    assert proxy_variable(httpx.URL(url)) is None


def test_which_variable_counts(environment: pytest.MonkeyPatch) -> None:
    """The one of the scheme, else all_proxy; none for hosts of no_proxy."""
    assert proxy_variable(httpx.URL("http://host")) == "http_proxy"
    assert proxy_variable(httpx.URL("https://host")) is None
    environment.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert proxy_variable(httpx.URL("https://host")) == "ALL_PROXY"
    environment.setenv("no_proxy", "host")
    assert proxy_variable(httpx.URL("http://host")) is None


def test_what_speaks_no_http() -> None:
    """One full stop, and a hint at the address."""

    def hang_up(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=hang_up, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        words = r"without sending a response\. Is the address that of the service\?$"
        with (
            Client(f"http://127.0.0.1:{port}", retry=ONCE) as client,
            pytest.raises(ServiceUnreachable, match=words),
        ):
            client.bundle()
        thread.join()

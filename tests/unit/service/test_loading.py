"""While the bundle is loaded, the port answers: the process lives, all else is 503."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bundle.errors import BundleMissing
from service.app import create_app
from service.settings import Settings
from service.workers.server import Server
from tests.api import until
from tests.fakes import GatedEncoder


class Start:
    """A service whose bundle is loaded once `gate` is open; its life goes on until cancelled."""

    def __init__(self, bundle: Path, kept: Path, **settings: str) -> None:
        chosen = Settings(bundle=bundle, threads=1, decisions=kept, **settings)
        self.encoder = GatedEncoder()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.server = Server(create_app(chosen, encoder=self.encoder), chosen)
        self.others = False

    async def live(self) -> None:
        async with self.server.living(self.listener, elsewhere=lambda: self.others):
            await self.server.serve([self.listener])

    async def ask(self, path: str, method: str = "GET", **options: float) -> httpx.Response:
        """Ask over a new connection."""
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, verify=False) as client:
            return await client.request(method, path, **{"timeout": 20, **options})


@asynccontextmanager
async def starting(bundle: Path, kept: Path, **settings: str) -> AsyncIterator[Start]:
    start = Start(bundle, kept, **settings)
    life = asyncio.create_task(start.live())
    try:
        await until(start.encoder.busy.is_set)
        yield start
    finally:
        start.encoder.gate.set()
        start.server.should_exit = True
        await life


def test_signs_of_life_while_loading(tiny_path: Path, tmp_path: Path) -> None:
    """/livez says yes at once, whether there is a bundle or not."""

    async def talk() -> None:
        async with starting(tiny_path, tmp_path) as start:
            for path in ("/livez", "/healthz", "/v2/health/live"):
                answer = await start.ask(path)
                assert (answer.status_code, "x-bundle" in answer.headers) == (200, False)

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/readyz"), ("GET", "/"), ("GET", "/neighbors/c300"), ("POST", "/encode")],
)
def test_everything_else_waits(tiny_path: Path, tmp_path: Path, method: str, path: str) -> None:
    """Until the bundle is there: 503, when to ask again, a sentence, and all usual headers."""

    async def talk() -> None:
        async with starting(tiny_path, tmp_path) as start:
            answer = await start.ask(path, method)
            assert (answer.status_code, answer.json()["code"]) == (503, "loading")
            assert answer.json()["instance"] == answer.headers["x-request-id"]
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["connection"] == "close"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            start.encoder.gate.set()
            await until(lambda: start.server.started)
            assert (await start.ask("/readyz")).status_code == 200

    asyncio.run(talk())


def test_keys_are_asked_for_while_loading(tiny_path: Path, tmp_path: Path) -> None:
    """Who has no key does not learn more than later."""

    async def talk() -> None:
        key = "read:" + "k" * 40
        async with starting(tiny_path, tmp_path, api_keys=key) as start:
            assert (await start.ask("/tiles")).status_code == 401
            assert (await start.ask("/readyz")).status_code == 503

    asyncio.run(talk())


def test_others_answer_meanwhile(tiny_path: Path, tmp_path: Path) -> None:
    """A worker that loads takes no request once another worker is ready: that one answers."""

    async def talk() -> None:
        async with starting(tiny_path, tmp_path) as start:
            assert (await start.ask("/readyz")).status_code == 503
            start.others = True
            await asyncio.sleep(0.2)
            waiting = asyncio.create_task(start.ask("/readyz"))
            await asyncio.sleep(0.2)
            assert not waiting.done()  # it waits where any worker may take it
            start.encoder.gate.set()
            assert (await waiting).status_code == 200

    asyncio.run(talk())


def test_a_bundle_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    """What is wrong with the bundle reaches whoever started the service."""
    start = Start(tmp_path / "none", tmp_path)
    with pytest.raises(BundleMissing, match="There is no bundle"):
        asyncio.run(start.live())
    start.listener.close()

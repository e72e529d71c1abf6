"""The application in this process, asked without a socket."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from bundle import Encoder
from service.app import create_app
from service.settings import Settings
from service.state import Serving


class Api:
    """Asks one running application; `app` is it."""

    def __init__(self, runner: asyncio.Runner, settings: Settings, encoder: Encoder | None) -> None:
        self.app = create_app(settings, encoder=encoder)
        self.runner = runner
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost"
        )

    @property
    def serving(self) -> Serving:
        """What answers now."""
        serving: Serving = self.app.state.shelf.current.serving
        return serving

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.ask("GET", url, **options)

    def post(
        self, url: str, data: Any, kind: str = "image/png", **headers: str | bytes
    ) -> httpx.Response:
        sent = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.ask("POST", url, content=data, headers=sent)

    def form(self, url: str, *files: tuple[str, bytes]) -> httpx.Response:
        parts = [("files", (name, data, "image/png")) for name, data in files]
        return self.ask("POST", url, files=parts)

    def ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, url, **options))


@contextmanager
def running(
    bundle: Path | None, *, encoder: Encoder | None = None, **settings: Any
) -> Iterator[Api]:
    """Run the application over a bundle, life cycle and all; decisions begin with none."""
    with TemporaryDirectory() as kept, asyncio.Runner() as runner:
        chosen = {"bundle": bundle, "threads": 1, "decisions": Path(kept), **settings}
        api = Api(runner, Settings(**chosen), encoder)
        life = api.app.router.lifespan_context(api.app)
        runner.run(life.__aenter__())
        try:
            yield api
        finally:
            runner.run(api.client.aclose())
            runner.run(life.__aexit__(None, None, None))


async def until(true: Callable[[], bool]) -> None:
    """Let others run until something holds."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110, it watches a thread, which sets no asyncio event
            await asyncio.sleep(0.001)

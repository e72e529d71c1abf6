"""The server: listens, opens the application, says when it is ready, ends in order."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from types import FrameType
from typing import cast
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI
from uvicorn.loops.auto import auto_loop_factory

from bundle.errors import InputError, TilescreenError
from bundle.pools import running_pool
from service import STARTED
from service.app import create_app
from service.decisions.told import kept_line
from service.exports.signing import signing_key
from service.keys import read_keys
from service.observing.logs import configure_logs
from service.options import read_settings, unknown_variables
from service.requests.connections import patient
from service.settings import Settings
from service.workers.board import Board
from service.workers.follow import follow
from service.workers.member import Member, Post, beat, encoded
from service.workers.memory import dedicate
from service.workers.supervisor import AGAIN_S, Supervisor
from service.workers.watchdog import watched

_LOOK_S = 0.02
_ASIDE = 6
"""Threads for what the event loop has done aside, and no more: see `bundle.pools`."""


def run(argv: Sequence[str] | None) -> int:
    """Serve until told to stop; return 0 then, 1 when the service cannot start."""
    try:
        settings = read_settings(argv)
        for sentence in unknown_variables():
            print(f"service: {sentence}", file=sys.stderr)
        configure_logs(settings.log_level, sys.stderr)
        read_keys(settings)  # before a port is taken or a worker started
        if settings.signing_key is not None:
            signing_key(settings)
        with _listen(settings) as listener:
            if settings.workers > 1:
                _supervise(settings, listener)
            else:
                with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
                    runner.run(_serve(settings, listener))
    except TilescreenError as error:
        print(f"service: {error}", file=sys.stderr)
        return 1
    return 0


def _listen(settings: Settings) -> socket.socket:
    """Take the address before the bundle is opened, so that a busy port shows at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}. "
            "Choose another with --port, or --port 0 for a free one."
        ) from error


async def _serve(settings: Settings, listener: socket.socket) -> None:
    """Answer in this process alone."""
    dedicate()
    app = create_app(settings)
    server = Server(app, settings)
    kept = asyncio.create_task(asyncio.to_thread(_told, settings))
    async with server.living(listener):
        bundle = app.state.shelf.current.serving.bundle
        announce(
            listener,
            await kept,
            bundle.manifest.bundle_id,
            len(bundle),
            bundle.id(len(bundle) // 2),
        )
        del bundle  # or it could never be freed
        board = Board(1)
        tasks = [
            asyncio.create_task(beat(board, 0)),
            asyncio.create_task(follow(settings.followed, app.state.team)),
            asyncio.create_task(app.state.shelf.process.ledger.prove()),
        ]
        try:
            with watched(board, settings.worker_timeout_s):
                await server.serve([listener])
        finally:
            for task in tasks:
                task.cancel()


def _supervise(settings: Settings, listener: socket.socket) -> None:
    """Answer in several processes, and watch them from this one.

    Raises:
        InputError: they cannot start; the sentence is that of the first.
    """
    work = partial(_work, settings, listener)

    def ready(bundle_id: str, tiles: int, tile_id: str) -> None:
        announce(listener, _told(settings), bundle_id, tiles, tile_id)

    failure = Supervisor(settings, work, ready, listener.close).run()
    if failure is not None:
        raise InputError(failure)


def _work(settings: Settings, listener: socket.socket, post: Post) -> None:
    """Answer in a worker process until told to stop, or until the supervisor is gone."""
    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(_work_until_told(settings, listener, post))
    except TilescreenError as error:
        post.line.sendall(encoded({"say": "failed", "sentence": str(error)}))
        # At the first start the supervisor ends all; later somebody must say what is wrong.
        asyncio.run(_say_what_is_wrong(settings, listener, post, str(error)))
        sys.exit(1)


async def _say_what_is_wrong(
    settings: Settings, listener: socket.socket, post: Post, sentence: str
) -> None:
    """Answer for a while that there is no bundle and why, unless another worker has one."""
    beating = asyncio.create_task(beat(post.board, post.slot))
    app = create_app(settings)
    app.state.fault = sentence
    with suppress(TimeoutError):
        async with asyncio.timeout(AGAIN_S):
            await Server(app, settings).excuse(listener, lambda: post.board.ready > 0)
    beating.cancel()


async def _work_until_told(settings: Settings, listener: socket.socket, post: Post) -> None:
    dedicate()
    beating = asyncio.create_task(beat(post.board, post.slot))
    join = partial(Member, post=post)
    app = create_app(settings, join=join, folder=post.folder, prove=post.proofs.prove)
    server = Server(app, settings)
    async with server.living(listener, elsewhere=lambda: post.board.ready > 0):
        listening = asyncio.create_task(app.state.team.listen())
        listening.add_done_callback(lambda _: server.handle_exit(signal.SIGTERM, None))
        proving = asyncio.create_task(app.state.shelf.process.ledger.prove())
        admitted = asyncio.create_task(app.state.team.admitted())
        await asyncio.wait([admitted, listening], return_when=asyncio.FIRST_COMPLETED)
        admitted.cancel()
        await server.serve([listener])
        proving.cancel()
        listening.cancel()
    beating.cancel()


class Server(uvicorn.Server):
    """Answers 503 while the application opens its bundle, and ends in order."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",  # see `living`: what is wrong with a bundle must reach main()
                log_config=None,
                access_log=False,
                server_header=False,
                http=patient(settings.request_timeout_s / 3),
                timeout_keep_alive=75,
                timeout_graceful_shutdown=max(1, round(settings.request_timeout_s)),
            )
        )
        self._app = app

    @asynccontextmanager
    async def living(
        self, listener: socket.socket, *, elsewhere: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[None]:
        """Run the application's life cycle; until it has begun, answer that it has no bundle.

        `elsewhere`: whether other processes answer, to whom all requests are left then.

        Raises:
            BundleError: the bundle cannot be used.
        """
        asyncio.get_running_loop().set_default_executor(running_pool(_ASIDE, "aside"))
        async with AsyncExitStack() as stack:
            excusing = asyncio.create_task(self.excuse(listener, elsewhere))
            try:
                await stack.enter_async_context(self._app.router.lifespan_context(self._app))
            finally:
                excusing.cancel()
            yield

    async def excuse(self, listener: socket.socket, elsewhere: Callable[[], bool]) -> None:
        """Answer without a bundle, until others do or this is cancelled."""
        self.config.load()
        made = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        protocol = partial(made, config=self.config, server_state=self.server_state, app_state={})
        if elsewhere():
            return
        door = await asyncio.get_running_loop().create_server(protocol, sock=listener.dup())
        try:
            while not elsewhere():  # noqa: ASYNC110, others are processes, which set no event
                await asyncio.sleep(_LOOK_S)
        finally:
            door.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell whoever brings tiles that the service stops, until those that are here are done."""
        gate = self._app.state.shelf.process.gate
        gate.close()
        ends = time.monotonic() + (self.config.timeout_graceful_shutdown or 0)
        while gate.busy and not self.force_exit and time.monotonic() < ends:  # noqa: ASYNC110, seldom
            await asyncio.sleep(_LOOK_S)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order; at a second signal, at once."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals set `should_exit` while the server runs; what is ignored stays so.

        They are not raised again, so that the life cycle ends in order.
        """
        numbers = [
            number
            for number in (signal.SIGINT, signal.SIGTERM)
            if signal.getsignal(number) is not signal.SIG_IGN
        ]
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _told(settings: Settings) -> list[str]:
    """Return a line about decisions, which shows a folder that was mistyped, and one about keys."""
    keys = "API keys are asked for: curl needs -H 'X-API-Key: KEY' as well"
    return [kept_line(settings), *([keys] if read_keys(settings) else [])]


def announce(
    listener: socket.socket, told: Sequence[str], bundle_id: str, tiles: int, tile_id: str
) -> None:
    """Print where the page is and what to try, with a tile that is really stored."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104, to be read only
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    tile = quote(tile_id, safe="")
    print(
        f"Ready in {time.monotonic() - STARTED:.1f} s: {url}",
        f"  bundle {bundle_id}, {tiles:,} tiles; the page: {url}/",
        *(f"  {line}" for line in told),
        "Try:",
        f"  curl '{url}/neighbors/{tile}?k=5'",
        f"  curl '{url}/screen/{tile}'",
        f"  curl '{url}/tiles/{tile}/image' |"
        f" curl -H 'Content-Type: image/png' --data-binary @- '{url}/neighbors'",
        sep="\n",
        flush=True,
    )

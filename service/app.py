"""The application: one factory, one life cycle."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from bundle import Encoder
from bundle.reader import Prove, at_once
from service import VERSION
from service.bundles.holding import Holding, Opening
from service.bundles.shelf import Shelf
from service.handlers import add_handlers
from service.keys import read_keys
from service.observing.middleware import Envelope
from service.observing.tracing import tracing
from service.openapi.document import document
from service.process import open_process
from service.requests.admission import Turnstile
from service.requests.guard import Guard
from service.requests.hosts import Hosts
from service.routes import (
    agreement,
    bundles,
    clusters,
    concepts,
    decisions,
    encode,
    exports,
    health,
    importing,
    inference,
    limits,
    neighbors,
    observing,
    pages,
    place_pages,
    places,
    progress,
    reference,
    review,
    screen,
    signin,
    teach,
    tiles,
)
from service.settings import Settings
from service.workers.team import Alone, Team

# FastAPI's own would tell paths, which may name a patient; `service.observing.tracing` does not.
_NONE: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
_SUMMARY = "Finds tiles that hold chart lettering instead of tissue."


def create_app(
    settings: Settings,
    *,
    encoder: Encoder | None = None,
    join: Callable[[Shelf], Team] = Alone,
    folder: Path | None = None,
    prove: Prove = at_once,
) -> FastAPI:
    """Build the application; no bundle is opened before its life cycle begins.

    Args:
        settings: every setting.
        encoder: takes the place of the bundle's own, in tests.
        join: makes the team that the process is one of.
        folder: of the bundle to begin with, if it is not the one that the settings name.
        prove: as in `bundle.open_bundle`.

    Raises:
        InputError: the API keys are not right, or missing where others can ask.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        with tracing(app.version) as app.state.tracer, open_process(settings, prove) as process:
            async with Shelf(process, folder or settings.followed, encoder) as shelf:
                app.state.shelf, app.state.team = shelf, join(shelf)
                yield
                process.gate.close()

    app = FastAPI(
        title="Tilescreen",
        version=VERSION,
        summary=_SUMMARY,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        telemetry=_NONE,
    )
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way
    app.state.shelf = None  # until the life cycle has begun
    app.state.fault = None  # why it cannot begin
    app.state.keys = read_keys(settings)
    app.add_middleware(Turnstile)
    app.add_middleware(Opening)
    hosts = Hosts(settings, keys=bool(app.state.keys))
    app.add_middleware(Guard, keys=app.state.keys, hosts=hosts)
    app.add_middleware(Envelope)
    app.add_middleware(Holding)
    add_handlers(app)
    decided = (agreement, decisions, importing, exports, review)
    # In this order they are tried: the busiest first.
    questions = (neighbors, encode, screen, concepts, clusters, *decided, tiles)
    about = (health, limits, bundles, inference, observing, reference)
    looked_at = (progress, signin, teach, places, place_pages, pages)
    for routes in (*questions, *about, *looked_at):
        app.include_router(routes.router)
    return app

"""The application: one factory, one life cycle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from bundle import Encoder
from service.handlers import add_handlers
from service.middleware import Envelope
from service.openapi import document
from service.routes import (
    clusters,
    encode,
    health,
    inference,
    neighbors,
    observing,
    pages,
    reference,
    screen,
    tiles,
)
from service.settings import Settings
from service.state import open_serving
from service.tracing import tracing

# FastAPI's own would tell paths, which may name a patient; `service.tracing` does not.
_NONE: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
_SUMMARY = "Finds tiles that hold chart lettering instead of tissue."


def create_app(settings: Settings, *, encoder: Encoder | None = None) -> FastAPI:
    """Build the application; nothing is opened before its life cycle begins.

    Args:
        settings: every setting.
        encoder: takes the place of the bundle's own, in tests.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        with tracing(app.version) as app.state.tracer:
            async with open_serving(settings, encoder) as app.state.serving:
                yield

    app = FastAPI(
        title="Tilescreen",
        version="0.1.0",
        summary=_SUMMARY,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        telemetry=_NONE,
    )
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way
    app.add_middleware(Envelope)
    add_handlers(app)
    for routes in (
        screen,
        neighbors,
        encode,
        clusters,
        tiles,
        health,
        inference,
        observing,
        reference,
        pages,
    ):
        app.include_router(routes.router)
    return app

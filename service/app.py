"""The application: one factory, one life cycle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bundle import Encoder
from service.routes import encode, health, neighbors, pages
from service.settings import Settings
from service.state import open_serving


def create_app(settings: Settings, *, encoder: Encoder | None = None) -> FastAPI:
    """Build the application; nothing is opened before its life cycle begins.

    Args:
        settings: every setting.
        encoder: takes the place of the bundle's own, in tests.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with open_serving(settings, encoder) as serving:
            app.state.serving = serving
            yield

    app = FastAPI(title="Tilescreen", lifespan=life, docs_url=None, redoc_url=None)
    for routes in (encode, neighbors, health, pages):
        app.include_router(routes.router)
    return app

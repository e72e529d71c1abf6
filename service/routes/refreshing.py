"""Pages while decisions cannot be read: what they say, and where nothing is left to show."""

from fastapi.responses import HTMLResponse

from service.errors import LedgerDown
from service.pages.rendering import missing
from service.routes.clusters import refresh_names
from service.state import Serving


async def refreshed(serving: Serving) -> str:
    """Bring decisions and names of clusters up to date; return why not, empty if they are."""
    try:
        await serving.reviewed.refresh()
    except LedgerDown as error:
        return str(error)
    await refresh_names(serving)
    return ""


def unreadable(serving: Serving, error: LedgerDown) -> HTMLResponse:
    """Say that a page which is about decisions cannot be shown now."""
    return missing(serving, "Decisions cannot be read now", str(error), status=503)

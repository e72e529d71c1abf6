"""Where decisions are kept and how many there are: what the service says of them at its start."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, func, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from service.decisions.database import cause_of, database_url, is_made, place_of
from service.decisions.tables import decisions
from service.settings import Settings

_PATIENCE_S = 2


def kept_line(settings: Settings) -> str:
    """Return where decisions are kept, and how many hold on how many tiles, or why none is known.

    Nothing is made or brought up to date for it. No password is told.
    """
    url = database_url(settings)
    where = f"decisions in {place_of(url)}"
    try:
        held, tiles = _counted(url) if is_made(url) else (0, 0)
    except (SQLAlchemyError, OSError) as error:
        cause = cause_of(error).split("\n")[0].rstrip(".")
        return f"{where} cannot be read or kept: {cause}. All else is answered."
    if not held:
        return f"{where}: none yet"
    return f"{where}: {_number(held, 'decision')} on {_number(tiles, 'tile')}"


def _counted(url: URL) -> tuple[int, int]:
    engine = _looking(url)
    try:
        if not inspect(engine).has_table(decisions.name):
            return 0, 0
        mine = (decisions.c.reviewer, decisions.c.content, decisions.c.tile_id)
        last = select(func.max(decisions.c.seq)).group_by(*mine)
        held = select(func.count(), func.count(decisions.c.tile_id.distinct())).where(
            decisions.c.seq.in_(last), decisions.c.decision.is_not(None)
        )
        with engine.connect() as connection:
            count, tiles = connection.execute(held).one()
            return count, tiles
    finally:
        engine.dispose()


def _looking(url: URL) -> Engine:
    """Return an engine that only reads."""
    if url.get_backend_name() == "sqlite":
        file = f"{Path(str(url.database)).absolute().as_uri()}?mode=ro"

        def opened() -> sqlite3.Connection:
            return sqlite3.connect(file, uri=True, timeout=_PATIENCE_S)

        return create_engine("sqlite://", creator=opened, poolclass=NullPool)
    limits: dict[str, Any] = {
        "connect_timeout": _PATIENCE_S,
        "options": f"-c statement_timeout={_PATIENCE_S}s",
    }
    return create_engine(url, connect_args=limits, poolclass=NullPool)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"

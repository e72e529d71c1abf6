"""The database of decisions: SQLite in a folder of the user's, or PostgreSQL by DATABASE_URL.

Writers take turns, over all processes and machines, and hold their turn until they have
committed. So events become visible in the order of their numbers, and whoever has seen number n
has seen all before it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple, TextIO

from sqlalchemy import Connection, Engine, column, create_engine, event, make_url, select, table
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bundle.errors import InputError
from service.settings import Settings

FILE = "decisions.sqlite"
NEWEST = "0006"
"""The last step of the tables, see `migrations/versions`."""
_VERSIONS = "alembic_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
_PATIENCE_S = 5
"""For a connection, one's turn, or a lock."""
_LOOK_S = 0.05
_STATEMENT_S = 10
"""For one statement in PostgreSQL: ours are short, or read a long list in parts."""
_TURN = 7_304_914_282_236_581
"""Of the advisory lock that writers take in PostgreSQL: a number that no one else will choose."""
_WRITES = "tilescreen_writes"
_NEWER = (
    "A newer release has changed its tables, which this one does not know. Start that release, or "
    "restore the backup from before it."
)
_NO_ADDRESS = (
    "DATABASE_URL is no address of a database; it should be like "
    "postgresql://user:password@host:5432/name. In a name or a password write @ as %40."
)


class FileId(NamedTuple):
    """What stays the same of a file while it is the same: a path may lead to another one."""

    device: int
    inode: int


def database_url(settings: Settings) -> URL:
    """Return where the decisions are.

    Raises:
        InputError: DATABASE_URL is no address of a database that this works with.
    """
    given = settings.database_url.get_secret_value()
    if not given:
        return URL.create("sqlite", database=str(settings.decisions.absolute() / FILE))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise InputError(_NO_ADDRESS) from None  # its cause may tell the password
    if "@" in (url.host or ""):
        raise InputError(_NO_ADDRESS)
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database:
        return url
    raise InputError(
        f"DATABASE_URL names {url.drivername[:40]!r}; decisions are kept in postgresql:// or in "
        "a file, sqlite:///path. Leave it out to keep them in a folder (--decisions)."
    )


def place_of(url: URL) -> str:
    """Return which database it is, for whoever runs the service; no password is told."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    plain = url.set(drivername="postgresql", query={})
    return f"DATABASE_URL {plain.render_as_string(hide_password=True)}"


def cause_of(error: BaseException) -> str:
    """Return what the database said, without the statement: its values may name a patient."""
    return str(getattr(error, "orig", None) or error).strip()


def file_of(url: URL) -> FileId | None:
    """Return which file is at the path of an SQLite database, None for PostgreSQL.

    Raises:
        OSError: there is none.
    """
    if url.get_backend_name() != "sqlite" or url.database in (None, ":memory:"):
        return None
    found = Path(str(url.database)).stat()
    return FileId(found.st_dev, found.st_ino)


def is_made(url: URL) -> bool:
    """Return whether there is a database to open, and not only a place for an SQLite file.

    Raises:
        OSError: no file can be made there.
    """
    if url.get_backend_name() != "sqlite" or url.database is None:
        return True
    file = Path(url.database)
    nearest = next(path for path in (file, *file.parents) if path.exists())
    if nearest != file and not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise PermissionError(f"nothing can be written into {nearest}")
    return nearest == file


def open_database(url: URL) -> Engine:
    """Connect, and bring the tables up to date.

    Raises:
        SQLAlchemyError, OSError: it cannot be reached or written, or is of a newer release.
    """
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    try:
        with _alone(url):
            with engine.connect() as connection, connection.begin():
                newest = _is_newest(connection)
            if not newest:
                with writing(engine) as connection:
                    _migrate(connection)
    except (SQLAlchemyError, OSError):
        engine.dispose()
        raise
    return engine


def _is_newest(connection: Connection) -> bool:
    """Return whether all steps were taken. Those are not imported for it: 11 MiB a process."""
    if not connection.dialect.has_table(connection, _VERSIONS):
        return False
    return connection.scalars(
        select(column("version_num")).select_from(table(_VERSIONS))
    ).all() == [NEWEST]


def _migrate(connection: Connection) -> None:
    # Not above: a start would wait for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS))
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise OSError(_NEWER) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that writes, when it is its turn; commit it at the end."""
    options: dict[str, Any] = {_WRITES: True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _sqlite(url: URL) -> Engine:
    assert url.database is not None
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _PATIENCE_S})

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 begins no transactions of its own
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit has reached the disk when it returns: neither kill nor power cut loses it.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    from service.decisions.patience import PatientConnection  # noqa: PLC0415, SQLite needs no driver

    limits = f"-c lock_timeout={_PATIENCE_S}s -c statement_timeout={_STATEMENT_S}s"
    patient = {"connect_timeout": _PATIENCE_S, "options": limits}
    # Said by us, as a server may have another default, under which who waited for a turn reads
    # what was there before they had it.
    usual = "READ COMMITTED"
    engine = create_engine(url, connect_args=patient, pool_pre_ping=True, isolation_level=usual)

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, words: list[Any], named: dict[str, Any]
    ) -> PatientConnection:
        return PatientConnection.connect(*words, **named)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")

    return engine


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Let one process at a time make an SQLite file; PostgreSQL sees to it itself."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        yield
        return
    with Path(f"{url.database}.lock").open("a") as file:
        _take_turn(file)
        yield


def _take_turn(file: TextIO) -> None:
    """Lock a file.

    Raises:
        BlockingIOError: another process holds it, for longer than any takes.
    """
    ends = monotonic() + _PATIENCE_S
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > ends:
                raise
            sleep(_LOOK_S)

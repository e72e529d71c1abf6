"""The two databases: made, brought up to date, lost and found again."""

import asyncio
import fcntl
import os
import signal
import sqlite3
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert
from sqlalchemy.event import listens_for
from sqlalchemy.exc import DataError, OperationalError

from bundle.errors import InputError
from service.decisions import database, events, ledger, patience
from service.decisions.database import database_url, open_database, writing
from service.decisions.events import Event, New, append, since
from service.decisions.ledger import Ledger
from service.decisions.tables import decisions, metadata
from service.decisions.told import kept_line
from service.errors import DecisionsUnknown, LedgerDown
from service.settings import Settings
from tests.api import Api, running
from tests.postgres import Postgres, postgres

FIRST = "0001"
NEWEST = ScriptDirectory(str(database._MIGRATIONS)).get_current_head()
ROW = {
    "reviewer": "ann",
    "tile_id": "c303",
    "content": "00" * 16,
    "bundle": "d58c69737ebf73dd",
    "decision": "drop",
    "batch": "1" * 32,
}


def address(kept: dict[str, Any]) -> Any:
    return database_url(Settings(bundle=Path("unused"), **kept))


def connect(kept: dict[str, Any]) -> Engine:
    """Connect without bringing anything up to date."""
    url = address(kept)
    return database._postgresql(url) if "database_url" in kept else database._sqlite(url)


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def decide(api: Api, decision: str) -> Any:
    return api.ask("PUT", "/tiles/c303/decision", json={"decision": decision})


def test_the_migrations_make_what_the_code_means(kept: dict[str, Any]):
    """Alembic finds no difference between the tables as they are and as the code has them."""
    engine = open_database(address(kept))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_step_is_known() -> None:
    """What is up to date is told without the steps, so the number must be theirs."""
    settings = Config()
    settings.set_main_option("script_location", str(database._MIGRATIONS))
    assert ScriptDirectory.from_config(settings).get_heads() == [database.NEWEST]


def test_what_is_up_to_date_needs_no_steps(
    kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost memory and time in every process; a missing table is made all the same."""
    url = address(kept)
    open_database(url).dispose()
    monkeypatch.setattr(database, "_migrate", lambda _: pytest.fail("It was up to date."))
    open_database(url).dispose()


def test_a_database_of_a_newer_release_is_left_alone(
    kept: dict[str, Any], tiny_path: Path, caplog: pytest.LogCaptureFixture
):
    """What to do is in the log; nothing is written, and all but decisions is answered."""
    engine = open_database(address(kept))
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with running(tiny_path, **kept) as api:
        refused(decide(api, "drop"))
        assert api.get("/screen/c303").status_code == 200
    assert "Start that release, or restore the backup" in caplog.text


def test_what_was_kept_by_the_first_release_is_there_after_an_upgrade(kept: dict[str, Any]):
    """A table of the first revision, with a decision in it, is brought up to date and keeps it."""
    engine = connect(kept)
    with writing(engine) as connection:
        upgrade(connection, FIRST)
        at = "2026-01-01 00:00:00+00" if "database_url" in kept else "2026-01-01 00:00:00.000000"
        columns, values = ", ".join(ROW), ", ".join(f"'{value}'" for value in ROW.values())
        connection.exec_driver_sql(
            f"INSERT INTO decisions (at, {columns}) VALUES ('{at}', {values})"
        )
    engine.dispose()
    engine = open_database(address(kept))
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == NEWEST
        (event,) = since(connection, 0)
    engine.dispose()
    assert (event.seq, event.at.isoformat()) == (1, "2026-01-01T00:00:00+00:00")
    assert {name: getattr(event, name) for name in ROW} == ROW


def test_a_failed_transaction_leaves_nothing(kept: dict[str, Any]):
    """What is raised inside undoes all that was written before it."""
    engine = open_database(address(kept))

    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(decisions), [{**ROW, "at": datetime.now(UTC)}])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    with engine.connect() as connection:
        assert since(connection, 0) == []
    engine.dispose()


def test_a_database_that_goes_away_and_comes_back(tiny_path: Path):
    """Down at the start, gone and back while serving: 503 meanwhile, and no restart is needed."""
    with postgres() as server:
        kept = {"database_url": server.new()}
        server.stop()
        with running(tiny_path, **kept) as api:
            assert api.get("/readyz").status_code == 200
            refused(decide(api, "keep"))
            server.start()
            assert decide(api, "drop").json()["state"] == "drop"
            server.stop()
            refused(decide(api, "keep"))
            refused(api.get("/tiles/c303/decision"))
            assert api.get("/screen/c303").status_code == 200
            server.start()
            assert api.get("/tiles/c303/decision").json()["state"] == "drop"
            assert decide(api, "keep").json()["state"] == "keep"


def test_a_lost_answer_to_a_commit_is_no_refusal(
    tiny_path: Path, server: Postgres, monkeypatch: pytest.MonkeyPatch
):
    """It was carried out or not: nobody is told that nothing was written, nor to repeat it."""
    commit = patience.PatientConnection.commit

    def lost(connection: patience.PatientConnection) -> None:
        commit(connection)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with running(tiny_path, database_url=server.new()) as api:
        decide(api, "keep")
        with monkeypatch.context() as patch:
            patch.setattr(patience.PatientConnection, "commit", lost)
            answer = decide(api, "drop")
        assert (answer.status_code, answer.json()["code"]) == (503, "decisions_unknown")
        assert "It is not known whether this was written" in answer.json()["detail"]
        assert "retry-after" not in answer.headers
        assert api.get("/tiles/c303/decision").json()["state"] == "drop"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second where the service waits for many."""
    for name in ("_PATIENCE_S", "_STATEMENT_S"):
        monkeypatch.setattr(database, name, 1)
    monkeypatch.setattr(patience, "SILENCE_S", 1.0)


@pytest.mark.usefixtures("impatient")
def test_a_database_that_stands_still_is_given_up_and_found_again(tiny_path: Path):
    """One process of it: another takes over. The whole server: 503, until it goes on."""
    with postgres() as server, running(tiny_path, database_url=server.new()) as api:
        assert decide(api, "drop").json()["state"] == "drop"
        with standing_still(server.backends()):
            assert decide(api, "review").json()["state"] == "review"
        with standing_still([server.postmaster, *server.backends()]):
            refused(decide(api, "keep"))
            refused(api.get("/tiles/c303/decision"))
            assert api.get("/screen/c303").status_code == 200
        assert api.get("/tiles/c303/decision").json()["state"] == "review"
        assert decide(api, "keep").json()["state"] == "keep"


@pytest.mark.usefixtures("impatient")
def test_those_who_wait_together_are_refused_together(
    tiny_path: Path, caplog: pytest.LogCaptureFixture
):
    """A server that hangs is waited for once, not once for each who asks."""

    async def ask(api: Api) -> list[httpx.Response]:
        asked = (api.client.get("/tiles/c303/decision") for _ in range(20))
        return await asyncio.gather(*asked)

    with postgres() as server, running(tiny_path, database_url=server.new()) as api:
        assert decide(api, "drop").status_code == 200
        with standing_still([server.postmaster, *server.backends()]):
            for answer in api.runner.run(ask(api)):
                refused(answer)
    failed = [line for line in caplog.messages if "decisions cannot be read or kept" in line]
    assert len(failed) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lock", ["SELECT pg_advisory_lock({turn})", "LOCK TABLE decisions"])
def test_a_lock_that_another_holds_is_not_waited_for_for_ever(
    tiny_path: Path, server: Postgres, lock: str
):
    """A turn that is never ended, or a table that is held: 503, and none once it is free."""
    address = server.new()
    with running(tiny_path, database_url=address) as api:
        assert decide(api, "drop").status_code == 200
        with psycopg.connect(address) as other:
            other.execute(lock.format(turn=database._TURN))
            refused(decide(api, "keep"))
        assert decide(api, "keep").json()["state"] == "keep"


def test_many_events_are_read_in_parts(kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """All of them, once each and in order, whether or not the last part is full."""
    monkeypatch.setattr(events, "_A_READ", 3)
    engine = open_database(address(kept))
    for size in (2, 1, 4):
        with writing(engine) as connection:
            news = [New("ann", f"c{number}", "00" * 16, "drop") for number in range(size)]
            append(connection, "ann", "b1", news)
        with engine.connect() as connection:
            read = [event.seq for event in since(connection, 0)]
        assert read == sorted(set(read))
    assert len(read) == 7
    engine.dispose()


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PUT", "/tiles/c303/decision", {"decision": "drop"}),
        ("POST", "/decisions/undo", None),
        ("PUT", "/clusters/0/name", {"name": "grids"}),
        ("PUT", "/concepts/ball", {"verdict": "drop"}),
        ("DELETE", "/concepts/letters", None),
    ],
)
def test_what_is_written_is_not_refused_for_what_fails_behind_it(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, url: str, body: object
):
    """Who repeats an undo that was told as not done takes another decision back."""
    answered, behind = threading.Event(), list[asyncio.Task[None]]()
    write = ledger.writing

    def fail(_: Connection) -> None:
        answered.wait(2)
        raise OSError("it went away")

    with running(tiny_path) as api:
        decide(api, "keep")
        api.ask("PUT", "/concepts/letters", json={"verdict": "drop"}).raise_for_status()

        async def wait_in_line() -> None:
            reads = api.serving.process.ledger.read(fail)
            behind.append(asyncio.get_running_loop().create_task(reads))
            await asyncio.sleep(0)

        @contextmanager
        def overtaken(engine: Engine) -> Iterator[Connection]:
            with write(engine) as connection:
                yield connection
            asyncio.run_coroutine_threadsafe(wait_in_line(), api.runner.get_loop()).result()

        monkeypatch.setattr(ledger, "writing", overtaken)
        answer = api.ask(method, url, json=body)
        answered.set()
        with pytest.raises(LedgerDown):
            api.runner.run(asyncio.wait_for(behind[0], 20))
    assert answer.status_code == 200, answer.text


def test_what_is_written_and_cannot_be_read_again_is_not_told_as_lost(tmp_path: Path):
    """It stands, so nobody is told to send it again."""
    chosen = Settings(bundle=Path("unused"), decisions=tmp_path)

    def work(connection: Connection) -> None:
        append(connection, "ann", "b1", [New("ann", "c303", "00" * 16, "drop")])

    def fail(_: Connection) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    async def ask(kept: Ledger) -> list[Event]:
        with pytest.raises(DecisionsUnknown):
            await kept.write(work, then=fail)
        return await kept.read(lambda connection: since(connection, 0))

    with Ledger(chosen) as kept:
        assert len(asyncio.run(ask(kept))) == 1


def test_a_value_that_a_database_refuses_is_refused_to_no_one_else(tmp_path: Path):
    """Who waits behind it is answered."""

    def fail(_: Connection) -> None:
        raise DataError("SELECT", {}, Exception("text fields cannot contain NUL (0x00) bytes"))

    async def ask(kept: Ledger) -> list[Any]:
        both = kept.read(fail), kept.read(events.last_seq)
        return await asyncio.gather(*both, return_exceptions=True)

    with Ledger(Settings(bundle=Path("unused"), decisions=tmp_path)) as kept:
        refusal, last = asyncio.run(ask(kept))
    assert isinstance(refusal, LedgerDown)
    assert last == 0


def test_an_undo_asks_no_more_for_many_tiles_than_for_one(kept: dict[str, Any]):
    """Nobody else writes meanwhile: 20,000 tiles took the turn for minutes."""
    engine, asked = open_database(address(kept)), list[str]()
    listens_for(engine, "before_cursor_execute")(lambda *told: asked.append(told[2]))
    counts = []
    for tiles in (1, 50):
        news = [New("ann", f"c{number}", f"{number:032x}", "drop") for number in range(tiles)]
        with writing(engine) as connection:
            batch = append(connection, "ann", "b1", news)
        asked.clear()
        with writing(engine) as connection:
            undone, written = events.undo(connection, "ann", "b1")
        counts.append(len(asked))
        assert undone == batch
        assert [new.tile_id for new in written] == [new.tile_id for new in news]
    engine.dispose()
    assert counts[0] == counts[1]


@contextmanager
def standing_still(processes: Sequence[int]) -> Iterator[None]:
    """Stop processes as a machine that hangs does: they keep their sockets and say nothing."""
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "decisions_down")
    writes = answer.request.method != "GET"
    assert ("nothing was written" in answer.json()["detail"]) == writes
    assert answer.headers["retry-after"]


def test_a_dump_restored_elsewhere_serves_on(tiny_path: Path, server: Postgres):
    """What docs/operating.md says of backups: pg_dump, psql, and the numbers go on."""
    one, other = server.new(), server.new()
    with running(tiny_path, database_url=one) as api:
        before = decide(api, "drop").json()
    server.restore(other, server.dump(one))
    with running(tiny_path, database_url=other) as api:
        assert api.get("/tiles/c303/decision").json() == before
        after = decide(api, "keep").json()["decisions"][0]["seq"]
    assert after > before["decisions"][0]["seq"]


def test_a_backup_of_the_file_serves_on(tiny_path: Path, tmp_path: Path):
    """SQLite's own backup, taken while it is served, is whole."""
    (tmp_path / "copy").mkdir()
    with running(tiny_path, decisions=tmp_path / "kept") as api:
        before = decide(api, "drop").json()
        with (
            closing(sqlite3.connect(tmp_path / "kept" / database.FILE)) as source,
            closing(sqlite3.connect(tmp_path / "copy" / database.FILE)) as copy,
        ):
            source.backup(copy)
    with running(tiny_path, decisions=tmp_path / "copy") as api:
        assert api.get("/tiles/c303/decision").json() == before


def test_a_database_that_cannot_be_used_is_told_without_its_password(
    caplog: pytest.LogCaptureFixture,
):
    """At the start, before anybody decides: which database, and what is wrong with it."""
    url = "postgresql://ann:secret@127.0.0.1:9/lists?password=secret"
    with Ledger(Settings(bundle=Path("unused"), database_url=url)) as ledger:
        asyncio.run(ledger.prove())
    assert "cannot be read or kept in DATABASE_URL postgresql://ann:***@" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://ann:s3cr@et@host/name",
        "postgresql://ann:s3cr@e:t@host/name",
        "postgresql://ann:s3cret@host:54x32/name",
    ],
)
def test_an_address_that_cannot_be_read_is_told_without_its_password(url: str):
    """Nor a part of it, as where an @ in it is taken for the end."""
    with pytest.raises(InputError) as raised:
        address({"database_url": url})
    assert "write @ as %40" in str(raised.value)
    assert "s3cr" not in "".join(traceback.format_exception(raised.value))


def test_a_server_with_defaults_of_its_own(server: Postgres):
    """Who waited for a turn sees what was written before it; moments are told in UTC."""
    url = server.new()
    with psycopg.connect(url, autocommit=True) as other:
        for name, value in (
            ("default_transaction_isolation", "repeatable read"),
            ("timezone", "Asia/Kolkata"),
        ):
            other.execute(f"ALTER DATABASE {other.info.dbname} SET {name} = '{value}'")
    engine = open_database(address({"database_url": url}))
    seen = list[Event]()

    def wait() -> None:
        with writing(engine) as connection:
            seen.extend(since(connection, 0))

    waiting = threading.Thread(target=wait)
    with writing(engine) as connection:
        waiting.start()
        with psycopg.connect(url, autocommit=True) as other:
            blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
            while other.execute(blocked).fetchone() == (0,):
                sleep(0.01)
        append(connection, "ann", "b1", [New("ann", "c303", "00" * 16, "drop")])
    waiting.join()
    engine.dispose()
    assert [event.tile_id for event in seen] == ["c303"]
    assert seen[0].at.utcoffset() == timedelta()


def test_a_folder_that_cannot_be_written_is_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Nothing is made before there is a decision; but whether it could be is looked at."""
    file = tmp_path / "file"
    file.touch()
    for folder, told in ((tmp_path / "new/decisions", False), (file / "decisions", True)):
        caplog.clear()
        with Ledger(Settings(bundle=Path("unused"), decisions=folder)) as ledger:
            asyncio.run(ledger.prove())
        assert (f"nothing can be written into {file}" in caplog.text) == told
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("then", ["removed", "replaced", "emptied folder"])
def test_a_file_that_is_gone_takes_no_decision(
    tiny_path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, then: str
):
    """A removed or restored file is told by 503 and in the log; nothing is said to be kept."""
    folder = tmp_path / "kept"
    file = folder / database.FILE
    with running(tiny_path, decisions=folder) as api:
        assert decide(api, "drop").status_code == 200
        copy = file.read_bytes()
        for one in folder.iterdir() if then == "emptied folder" else [file]:
            one.unlink()
        if then == "replaced":
            (folder / "copy").write_bytes(copy)
            (folder / "copy").rename(file)
        refused(decide(api, "keep"))
        refused(api.get("/tiles/c303/decision"))
        assert file.exists() == (then == "replaced")
        assert api.get("/screen/c303").status_code == 200
    assert f"kept in {file}" in caplog.text
    assert "removed or replaced while it was in use" in caplog.text


def test_a_file_that_comes_back_serves_on(tiny_path: Path, tmp_path: Path):
    """The same file, moved away and back, lost nothing: no restart is needed."""
    file = tmp_path / "kept" / database.FILE
    with running(tiny_path, decisions=tmp_path / "kept") as api:
        assert decide(api, "drop").status_code == 200
        file.rename(tmp_path / "away")
        refused(decide(api, "keep"))
        (tmp_path / "away").rename(file)
        assert api.get("/tiles/c303/decision").json()["state"] == "drop"


def test_a_file_that_is_lost_while_it_is_written_is_told(tmp_path: Path):
    """What went into a file that nobody will find again is not acknowledged."""
    chosen = Settings(bundle=Path("unused"), decisions=tmp_path)

    def work(connection: Connection) -> None:
        append(connection, "ann", "b1", [New("ann", "c303", "00" * 16, "drop")])
        (tmp_path / database.FILE).unlink()

    with Ledger(chosen) as ledger, pytest.raises(LedgerDown):
        asyncio.run(ledger.write(work))


def test_where_decisions_are_kept_is_told(tiny_path: Path, kept: dict[str, Any]):
    """The line of the start: what holds now, on how many tiles, and no password."""
    chosen = Settings(bundle=Path("unused"), **kept)
    assert kept_line(chosen).endswith(": none yet")
    assert "database_url" in kept or not kept["decisions"].exists()
    with running(tiny_path, **kept) as api:
        for name in ("c303", "c306", "c309"):
            api.ask("PUT", f"/tiles/{name}/decision", json={"decision": "drop"})
        decide(api, "keep")
        ben = {"X-Reviewer": "ben"}
        api.ask("PUT", "/tiles/c306/decision", json={"decision": "keep"}, headers=ben)
        api.ask("DELETE", "/tiles/c309/decision")
        line = kept_line(chosen)
    assert line.endswith(": 3 decisions on 2 tiles")
    place = "DATABASE_URL postgresql://" if "database_url" in kept else str(kept["decisions"])
    assert line.startswith(f"decisions in {place}")


def test_decisions_that_cannot_be_read_are_told_at_the_start(tmp_path: Path):
    """A file that is no database, and a database that does not answer."""
    (tmp_path / database.FILE).write_text("no database, though it is where one should be")
    line = kept_line(Settings(bundle=Path("unused"), decisions=tmp_path))
    assert "cannot be read or kept: file is not a database. All else is answered." in line
    url = "postgresql://ann:secret@127.0.0.1:9/lists"
    line = kept_line(Settings(bundle=Path("unused"), database_url=url))
    assert line.startswith(
        "decisions in DATABASE_URL postgresql://ann:***@127.0.0.1:9/lists cannot"
    )
    assert "secret" not in line
    assert "\n" not in line


def test_a_file_that_another_process_holds_is_told(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was stopped while it made the file would be waited for without end."""
    monkeypatch.setattr(database, "_PATIENCE_S", 0.2)
    decision = {"json": {"decision": "drop"}, "headers": {"X-Reviewer": "ann"}}
    with running(tiny_path, decisions=tmp_path) as api:
        with (tmp_path / "decisions.sqlite.lock").open("a") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            refused = api.ask("PUT", "/tiles/c300/decision", **decision)
        taken = api.ask("PUT", "/tiles/c300/decision", **decision)
    assert (refused.status_code, refused.json()["code"]) == (503, "decisions_down")
    assert taken.status_code == 200

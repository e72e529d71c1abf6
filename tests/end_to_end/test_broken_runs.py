"""Whatever is killed in the middle of a batch: every tile is answered once."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.pictures import png
from tests.serving import ROOT

TILES = 400
DEADLINE_S = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tiles of four squares, no two alike."""
    folder = tmp_path / "tiles"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for number in range(TILES):
        squares = rng.integers(0, 256, (2, 2), dtype=np.uint8)
        squares[0] = divmod(number, 256)
        (folder / f"t{number:03}.png").write_bytes(png(squares.repeat(8, 0).repeat(8, 1)))
    return folder


@pytest.fixture
def port() -> int:
    """One that is free now, for services that follow one another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _service(bundle: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A service that takes four tiles a request and waits a little for others to join them."""
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port", str(port)]
    slow = ["--max-client-batch", "4", "--max-batch-size", "4096", "--max-batch-delay-ms", "50"]
    with subprocess.Popen(
        [*command, *slow, "--threads", "1"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _until_ready(port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError("the service was not ready")


def _client(port: int, folder: Path, out: Path) -> list[str]:
    asked = [sys.executable, "-m", "client", "screen", str(folder), "--out", str(out), "--resume"]
    return [*asked, "--url", f"http://127.0.0.1:{port}", "--ledger", str(out) + ".ledger"]


def _answered(out: Path) -> list[str]:
    """Return the hashes of whole lines in the ledger, in their order."""
    ledger = Path(str(out) + ".ledger")
    if not ledger.exists():
        return []
    lines = ledger.read_bytes().split(b"\n")[1:-1]
    entries = [json.loads(line) for line in lines]
    return [entry["sha256"] for entry in entries if "sha256" in entry]


def _until_answered(out: Path, tiles: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while len(_answered(out)) < tiles:
        assert time.monotonic() < deadline, "no answer came"
        time.sleep(0.002)


def _assert_each_answered_once(out: Path) -> None:
    answered = _answered(out)
    assert len(answered) == len(set(answered)) == TILES
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [f"t{number:03}" for number in range(TILES)]
    assert {row["error"] for row in rows} == {""}
    assert {row["verdict"] for row in rows} <= {"keep", "review", "drop"}


def test_a_service_that_is_killed_twice(
    folder: Path, port: int, tiny_path: Path, tmp_path: Path
) -> None:
    """kill -9 in the middle and a new start, twice: one run of the client, each tile once."""
    out = tmp_path / "out.csv"
    with ExitStack() as at_end:
        client: subprocess.Popen[bytes] | None = None
        for kill_at in (TILES // 4, TILES // 2):
            with _service(tiny_path, port) as service:
                _until_ready(port)
                if client is None:
                    client = at_end.enter_context(
                        subprocess.Popen(_client(port, folder, out), cwd=ROOT)
                    )
                    at_end.callback(client.kill)
                _until_answered(out, kill_at)
                service.kill()
            assert len(_answered(out)) < TILES
            assert client.poll() is None
        with _service(tiny_path, port):
            assert client is not None
            assert client.wait(DEADLINE_S) == 0
    _assert_each_answered_once(out)


def test_a_client_that_is_killed_twice(
    folder: Path, port: int, tiny_path: Path, tmp_path: Path
) -> None:
    """kill -9 in the middle, twice: each run keeps what was answered and asks for the rest."""
    out = tmp_path / "out.csv"
    with _service(tiny_path, port):
        _until_ready(port)
        for kill_at in (TILES // 4, TILES // 2):
            before = _answered(out)
            with subprocess.Popen(_client(port, folder, out), cwd=ROOT) as client:
                _until_answered(out, kill_at)
                os.kill(client.pid, signal.SIGKILL)
            assert _answered(out)[: len(before)] == before
            assert len(_answered(out)) < TILES
            assert not out.exists()
        assert subprocess.run(_client(port, folder, out), cwd=ROOT, check=False).returncode == 0
    _assert_each_answered_once(out)

"""A process that answers alone ends once its event loop stands still, and not before."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tiny import write_tiny_bundle

ROOT = Path(__file__).parents[3]

_BEATS = """
import asyncio, time
from service.workers.board import Board
from service.workers.member import beat
from service.workers.watchdog import watched

async def main():
    board = Board(1)
    beating = asyncio.create_task(beat(board, 0))
    with watched(board, 1.5):
        print("watched", flush=True)
        await asyncio.sleep(4)
    beating.cancel()
    time.sleep(3)

asyncio.run(main())
"""
_STUCK = """
import sys, threading
from service.workers import server

async def stuck(*_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

server.follow = stuck
server.run(sys.argv[1:])
"""


def test_an_event_loop_that_stands_still(tmp_path: Path) -> None:
    """The service ends with a status, a sentence, and the line where it stood."""
    write_tiny_bundle(tmp_path / "bundle")
    options = ["--bundle", str(tmp_path / "bundle"), "--port", "0", "--worker-timeout-s", "1"]
    options += ["--decisions", str(tmp_path / "decisions")]
    command = [sys.executable, "-c", _STUCK, *options]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 70
    assert "The event loop stood still for 1 s" in done.stderr
    assert "in stuck" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_process_that_was_paused() -> None:
    """Paused for longer than it may stand still, or at its end, it is not to blame."""
    command = [sys.executable, "-c", _BEATS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watched\n"
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(3)
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(30) == 0

"""A contender's server in a process group of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen

from benchmarks.environments import WORK, PeerMissing, interpreter
from benchmarks.server import ROOT
from benchmarks.serving.catalogue import Contender
from benchmarks.serving.payloads import Payload

_READY_S, _STOP_S = 120.0, 10.0
_QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "HF_HUB_OFFLINE": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    contender: Contender
    port: int
    pid: int
    ready_s: float

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, payload: Payload) -> bytes:
        """Return the answer to one POST.

        Raises:
            PeerMissing: the status is not 200.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", path, payload.body, {"Content-Type": payload.content_type})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise PeerMissing(
                f"{self.contender.key}: {answer.status} for {path}: {content[:300]!r}"
            )
        return content


@contextmanager
def running(contender: Contender, model: Path, port: int) -> Iterator[Running]:
    """Start a server, wait until it is ready, end its whole process group after.

    Args:
        contender: who.
        model: the bundle for our service, the folder of `models.py` for a peer.
        port: free, as are the two after it.

    Raises:
        PeerMissing: it cannot be installed, or is not ready within two minutes.
    """
    python = interpreter(contender.environment)
    words = (word.format(model=model, port=port) for word in contender.command)
    log = WORK / f"{contender.key}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with log.open("w") as stream:
        process = Popen(
            [str(python), *words],
            cwd=ROOT,
            env=os.environ | _QUIET,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until_ready(process, contender, port, start)
        ready_s = round(time.perf_counter() - start, 2)
        yield Running(contender, port, process.pid, ready_s)
    finally:
        _end(process)


def _until_ready(process: Popen[bytes], contender: Contender, port: int, start: float) -> None:
    more = f"(more in build/peers/{contender.key}.log)"
    while time.perf_counter() - start < _READY_S:
        if process.poll() is not None:
            raise PeerMissing(f"{contender.key} ended with status {process.returncode} {more}")
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", contender.ready)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise PeerMissing(f"{contender.key} was not ready within {_READY_S:.0f} s {more}")


def _end(process: Popen[bytes]) -> None:
    """Ask the group to end, then end whatever is left of it."""
    for number, patience_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, 0.0)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience_s or None)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()

"""A service that may be killed, starved and started again, always at the same address."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.server import ROOT

READY_S = 120.0
HOST = "127.0.0.1"


@dataclass
class Service:
    """How it is started; `process` once it was."""

    bundle: Path
    port: int
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path = Path(os.devnull)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> float:
        """Start it; return the seconds until /readyz says yes.

        Raises:
            RuntimeError: it ended instead, or was not ready in time.
        """
        command = [
            sys.executable,
            "-m",
            "service",
            f"--bundle={self.bundle}",
            f"--port={self.port}",
        ]
        begin = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.options],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        while time.monotonic() - begin < READY_S:
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended with status {self.process.returncode}")
            if get(self.port, "/readyz") == 200:
                return time.monotonic() - begin
            time.sleep(0.02)
        raise RuntimeError("the service was not ready in time")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def workers(self) -> list[int]:
        """Return the process ids of its children that serve, if it has any."""
        found = subprocess.run(
            ["pgrep", "--parent", str(self.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def memory_mib(self, field_: str = "VmHWM") -> float:
        """Return a field of its status in MiB; by default the peak of resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field_ + ":"):
                return round(int(line.split()[1]) / 1024, 1)
        return 0.0

    def kill(self) -> None:
        """End it without a warning."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def status(self) -> int | None:
        """Return the status with which it ended; None while it runs."""
        assert self.process is not None
        return self.process.poll()


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Start it, and make sure that it is gone at the end."""
    try:
        service.start()
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.process.terminate()
            try:
                service.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                service.kill()


def get(port: int, path: str) -> int:
    """Ask and return the status; 0 when there is no answer."""
    try:
        with socket.create_connection((HOST, port), timeout=10) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            return int(connection.recv(64).split(b" ", 2)[1])
    except (OSError, IndexError, ValueError):
        return 0

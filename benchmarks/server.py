"""A real service in a process of its own, and what it uses."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
_DEADLINE_S = 120.0


@dataclass(frozen=True)
class Served:
    """A service that is ready."""

    pid: int
    port: int
    ready_s: float
    """From starting the process to the first 200 of /readyz."""

    def memory_mib(self) -> dict[str, float]:
        """Return resident memory, and the part of it that is private, in MiB."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        kib = {key: int(value.split()[0]) for key, value in (line.split(":") for line in lines)}
        private = kib["Private_Clean"] + kib["Private_Dirty"]
        return {"resident": round(kib["Rss"] / 1024, 1), "private": round(private / 1024, 1)}


def pinned(cores: Sequence[int]) -> list[str]:
    """Return what a command begins with to keep to some cores; nothing where none are given."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []


@contextmanager
def served(bundle: Path, *options: str, cores: Sequence[int] = ()) -> Iterator[Served]:
    """Start the service over a bundle on a free port, wait until it is ready, stop it after.

    `cores` pins it to some processors.
    """
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port", "0", *options]
    command = [*pinned(cores), *command]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        port = _port(process)
        _until_ready(port, start)
        yield Served(process.pid, port, round(time.perf_counter() - start, 3))
    finally:
        process.terminate()
        process.wait(timeout=_DEADLINE_S)


def _port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
            os.set_blocking(process.stdout.fileno(), False)
            return int(found[1])
    raise RuntimeError(f"the service ended with status {process.wait()} before it was ready")


def _until_ready(port: int, start: float) -> None:
    while time.perf_counter() - start < _DEADLINE_S:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except URLError:
            time.sleep(0.005)
    raise RuntimeError(f"the service was not ready within {_DEADLINE_S:.0f} s")

"""HTTP as bytes over a socket, for what no HTTP library would send."""

import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
_READY = re.compile(r"Ready in .*?http://127\.0\.0\.1:(\d+)")
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
PATIENCE_S = 20.0
"""After that, whatever a test waits for counts as never coming."""


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where the connection was closed without a word."""

    status: int
    head: str
    body: bytes


class Victim:
    """A service in a process of its own, as a user starts it."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # Without certificates: loading them holds up all threads of a test between connecting
        # and asking, until the service takes them for silent ones.
        self.api = httpx.Client(base_url=self.url, verify=False, timeout=PATIENCE_S)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(_PEAK.findall(status)[0]) / 1024

    def ask(self, *pieces: bytes) -> Answer:
        """Send the pieces as far as they are taken; return the first answer."""
        with self.connect() as connection:
            send(connection, pieces)
            return read(connection)

    def post(self, route: str, data: bytes) -> httpx.Response:
        kind = {"Content-Type": "image/png"}
        return self.api.post(route, content=data, headers=kind)


@contextmanager
def attacked(bundle: Path, **settings: object) -> Iterator[Victim]:
    """Serve a bundle on a free port until the end."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port=0", *options]
    environment = {**os.environ, "TILESCREEN_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--log-level=error"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            found = next(filter(None, map(_READY.search, process.stdout)), None)
            assert found, "the service ended before it was ready"
            victim = Victim(process, int(found[1]))
            with victim.api:
                yield victim
        finally:
            process.kill()


def head(request: str, *headers: str) -> bytes:
    """Spell a request's head."""
    return "\r\n".join([f"{request} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def part(data: bytes, name: str = "a.png") -> bytes:
    """One part of a form whose boundary is x."""
    disposition = f'Content-Disposition: form-data; name="files"; filename="{name}"'
    return f"--x\r\n{disposition}\r\n\r\n".encode() + data + b"\r\n"


FORM = "Content-Type: multipart/form-data; boundary=x"
PNG = "Content-Type: image/png"
CHUNKED = "Transfer-Encoding: chunked"


def send(connection: socket.socket, pieces: Iterable[bytes], pause_s: float = 0.0) -> int:
    """Send until something comes back or the other side closes; return how many bytes went out."""
    sent = 0
    for piece in pieces:
        if select.select([connection], [], [], pause_s)[0]:
            break
        try:
            connection.sendall(piece)
        except OSError:
            break
        sent += len(piece)
    return sent


def read(connection: socket.socket) -> Answer:
    """Read one answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := _receive(connection)):
            return Answer(0, "", b"")
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", top)
    while len(body) < (int(length[1]) if length else 0) and (more := _receive(connection)):
        body += more
    return Answer(int(top.split(b" ", 2)[1]), top.decode("latin-1").lower(), body)


def is_closed(connection: socket.socket) -> bool:
    """Wait for the other side to close; return whether it did in time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not _receive(connection):
            return True
    return False


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""

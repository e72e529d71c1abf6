"""A real server in a process of its own, asked over a real socket."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.pictures import png
from tests.tiny import tiny_tiles

ROOT = Path(__file__).parents[2]
TILE = png(tiny_tiles()[0])
MIB = 2**20
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class Service:
    """A running service: `block` is what it printed when it was ready."""

    def __init__(self, process: "subprocess.Popen[str]", block: list[str]) -> None:
        self.process = process
        self.block = block
        self.url = re.findall(r"http://\S+:\d+", block[0])[0]

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(PEAK.findall(status)[0]) / 1024


@contextmanager
def serving(bundle: Path, *options: str) -> Iterator[Service]:
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            block = [process.stdout.readline() for _ in range(7)]
            assert block[0], process.communicate()[1]
            yield Service(process, block)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def service(tiny_path: Path) -> Iterator[Service]:
    with serving(tiny_path) as service:
        yield service


def refused(*argv: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "service", *argv]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_ready_block_can_be_run_as_it_stands(service: Service) -> None:
    """The three lines that are printed when ready work when pasted into a shell."""
    assert re.match(r"Ready in \d+\.\d s: http://127\.0\.0\.1:\d+$", service.block[0])
    lines = [line for line in service.block if line.lstrip().startswith("curl")]
    assert len(lines) == 3
    for line in lines:
        quiet = line.replace("curl ", "curl --silent --fail ")
        done = subprocess.run(quiet, shell=True, capture_output=True, timeout=60, check=True)
        assert len(json.loads(done.stdout)["results"]) == 1


def test_the_start_says_where_keys_are_asked_for(
    tiny_path: Path, tmp_path: Path, service: Service
) -> None:
    """What it tells to try would be answered 401 as it stands."""
    told = "  API keys are asked for: curl needs -H 'X-API-Key: KEY' as well\n"
    keys = tmp_path / "keys"
    keys.write_text("read:read-key-0123456789\n")
    with serving(tiny_path, "--api-keys-file", str(keys)) as locked:
        assert told in locked.block
    assert told not in service.block


def test_is_ready_when_it_says_so(service: Service) -> None:
    """Once the block is printed, /readyz answers 200; no server is named in the headers."""
    answer = httpx.get(f"{service.url}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert "server" not in answer.headers


def test_200_mb_do_not_fill_memory(service: Service) -> None:
    """An endless upload is refused with 413 without being kept; the service goes on."""
    before = service.peak_mib()
    body = (bytes(MIB) for _ in range(200))
    answer = httpx.post(
        f"{service.url}/encode", content=body, headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 413
    assert service.peak_mib() - before < 80
    assert httpx.get(f"{service.url}/livez").status_code == 200


def test_announced_200_mb_are_refused_unread(service: Service) -> None:
    """A length of 200 MB is answered 413 before a single byte of the body is sent."""
    host, port = service.url.removeprefix("http://").split(":")
    head = f"POST /encode HTTP/1.1\r\nHost: {host}\r\nContent-Length: 200000000\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"{head}Content-Type: image/png\r\n\r\n".encode())
        assert connection.recv(200).startswith(b"HTTP/1.1 413")


def test_head_over_a_real_connection(service: Service) -> None:
    """HEAD gives the length of the picture and no byte of it; the connection stays usable."""
    with httpx.Client(base_url=service.url) as api:
        head, got = api.head("/tiles/c300/image"), api.get("/tiles/c300/image")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))


def test_many_clients_at_once(service: Service) -> None:
    """Tiles sent over many connections at once each get their own answer."""
    tiles = tiny_tiles()
    with httpx.Client(base_url=service.url) as api:
        stored = [api.get(f"/encode/c{300 + 3 * n}").json()["results"][0] for n in range(12)]
        files = [("files", (f"c{300 + 3 * n}.png", png(tile))) for n, tile in enumerate(tiles)]
        sent = api.post("/encode", files=files).json()["results"]
    for one, other in zip(stored, sent, strict=True):
        assert one["id"] == other["id"]
        assert one["latent"] == pytest.approx(other["latent"], abs=1e-6)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_in_order(tiny_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and a container's stop end it with status 0 and no traceback."""
    with serving(tiny_path) as service:
        httpx.get(f"{service.url}/neighbors/c300")
        service.process.send_signal(number)
        _, log = service.process.communicate(timeout=30)
    assert service.process.returncode == 0
    begun, line = map(json.loads, log.splitlines())
    assert (begun["message"], begun["precision"]) == ("bundle answers", "fp32")
    assert line["route"] == "/neighbors/{tile_id}"


def test_what_is_begun_is_ended_while_others_are_told_to_go(tiny_path: Path) -> None:
    """Between the signal and the end, tiles are refused by a service that says why."""
    body = png(tiny_tiles()[0])
    head = f"POST /encode HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    with serving(tiny_path) as service:
        host, _, port = service.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as begun:
            begun.sendall(f"{head}\r\n\r\n".encode() + body[:30])
            time.sleep(0.3)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            refused = httpx.post(f"{service.url}/encode", content=body)
            ready = httpx.get(f"{service.url}/readyz")
            other = httpx.get(f"{service.url}/v2/health/ready")
            begun.sendall(body[30:])
            assert begun.recv(200).startswith(b"HTTP/1.1 200")
        for answer in (refused, ready, other):
            assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
            assert "Retry-After" in answer.headers
        service.process.communicate(timeout=30)
    assert service.process.returncode == 0


def test_busy_port(tiny_path: Path, service: Service) -> None:
    """A port that is taken: one sentence on stderr, status 1."""
    port = service.url.rpartition(":")[2]
    done = refused("--bundle", str(tiny_path), "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"service: Cannot listen on .* port {port}.*--port.*\n", done.stderr)


def with_uvicorn(folder: Path, code: str, *flags: str) -> "subprocess.CompletedProcess[str]":
    """Start the service with another uvicorn in front of the installed one."""
    (folder / "uvicorn.py").write_text(code)
    command = [sys.executable, *flags, "-m", "service", "--bundle", "b"]
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_early_interrupt_is_quiet(tmp_path: Path) -> None:
    """Ctrl-C while the libraries load: nothing printed, status 130."""
    done = with_uvicorn(tmp_path, "raise KeyboardInterrupt")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_wrong_python_is_told(tmp_path: Path) -> None:
    """A Python without the packages: one sentence that names the right one, status 1."""
    done = with_uvicorn(tmp_path, "import not_here", "-S")
    assert done.returncode == 1
    assert re.fullmatch(r"service: .* has no \w+\. .*\.venv/bin/python -m service.*\n", done.stderr)


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with our prefix that is no setting is named on stderr at the start."""
    monkeypatch.setenv("TILESCREEN_PROT", "1")
    done = refused("--bundle", str(tmp_path / "none"), "--port", "0")
    assert "TILESCREEN_PROT is no setting" in done.stderr
    assert "did you mean TILESCREEN_PORT?" in done.stderr


def test_missing_bundle(tmp_path: Path) -> None:
    """A bundle that is not there: one sentence that says how to make one, status 1."""
    done = refused("--bundle", str(tmp_path / "none"), "--port", "0")
    assert done.returncode == 1
    assert re.fullmatch(r"service: There is no bundle at .*training fit.*\n", done.stderr)


@pytest.mark.parametrize("name", ["encoder.onnx", "pictures.bin", "ids.npy", "manifest.json"])
def test_damaged_bundle(tiny_path: Path, tmp_path: Path, name: str) -> None:
    """A bundle with one byte changed: one sentence that names the file, status 1."""
    shutil.copytree(tiny_path, tmp_path / "bundle")
    file = tmp_path / "bundle" / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    done = refused("--bundle", str(tmp_path / "bundle"), "--port", "0")
    assert done.returncode == 1
    assert re.fullmatch(rf"service: {re.escape(name)} .*\n", done.stderr)

"""A closed-loop HTTP/1.1 load generator: n connections, each sends as soon as it is answered.

Raw asyncio streams, since a full HTTP client costs more a request than the service does.
It checks every status; a wrong answer ends the run.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle


@dataclass(frozen=True)
class Load:
    """What a run saw. Latencies in milliseconds, from the first byte sent to the last read."""

    connections: int
    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds


def request_bytes(
    method: str, path: str, body: bytes = b"", content_type: str = "image/png", accept: str = "*/*"
) -> bytes:
    """Spell one keep-alive request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def multipart(pictures: Sequence[bytes], field: str = "files") -> tuple[bytes, str]:
    """Return a multipart body with a part for each picture, and its content type."""
    mark = b"tilescreenbenchmark"
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="t%d.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%s\r\n" % (mark, field.encode(), number, picture)
        for number, picture in enumerate(pictures)
    ]
    return b"".join(parts) + b"--%s--\r\n" % mark, f"multipart/form-data; boundary={mark.decode()}"


def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send the requests in turn on every connection for a while, after a short warm-up."""
    asyncio.run(_run(port, requests, connections, min(1.0, seconds / 4)))
    latencies, took = asyncio.run(_run(port, requests, connections, seconds))
    latencies.sort()

    def percentile(share: float) -> float:
        return round(latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1e3, 3)

    return Load(
        connections, len(latencies), took, percentile(0.5), percentile(0.95), percentile(0.99)
    )


async def _run(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> tuple[list[float], float]:
    latencies: list[float] = []
    start = time.perf_counter()
    end = start + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            shifted = [*requests[number % len(requests) :], *requests[: number % len(requests)]]
            group.create_task(_connection(port, shifted, end, latencies))
    return latencies, time.perf_counter() - start


async def _connection(
    port: int, requests: Sequence[bytes], end: float, latencies: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    for request in cycle(requests):
        start = time.perf_counter()
        if start >= end:
            break
        writer.write(request)
        await _answer(reader)
        latencies.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"not answered with 200: {head[:300]!r}")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0].split(b":")[1]))

"""Clients that know the right answers, and write down whatever they get."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.fault.service import HOST
from benchmarks.load import multipart, request_bytes

TOLERANCE = 1e-5
"""How far a latent may be from that of a quiet service. Another tile's is far beyond."""
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Question:
    """A request as bytes, and the latents that are the right answer."""

    data: bytes
    latents: "np.ndarray[Any, Any]"


@dataclass
class Log:
    """What all clients saw, each answer with the time when it came."""

    outcomes: Counter[str] = field(default_factory=Counter)
    served_at: list[float] = field(default_factory=list)
    served_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    alive_ms: list[float] = field(default_factory=list)
    tiles: int = 0

    def recovered_s(self, since: float) -> float | None:
        """Return the seconds from a time to the next right answer; None if there was none."""
        later = [at for at in self.served_at if at > since]
        return round(min(later) - since, 2) if later else None

    def summary(self) -> dict[str, Any]:
        """Return what a result file says of it."""
        wrong = self.outcomes["wrong"]
        others = {
            name: n for name, n in sorted(self.outcomes.items()) if name not in {"200", "wrong"}
        }
        return {
            "held": self.outcomes["200"],
            "tiles": self.tiles,
            "refused_or_lost": others,
            "wrong_answers": wrong,
            "served_ms": percentiles(self.served_ms),
            "refused_429_ms": percentiles(self.refused_ms),
            "livez_ms": percentiles(self.alive_ms),
        }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the largest."""
    if not values:
        return {}
    found = np.percentile(values, [50, 95, 99, 100])
    return {
        name: round(float(value), 1)
        for name, value in zip(("p50", "p95", "p99", "max"), found, strict=True)
    }


def question(pictures: Sequence[bytes], latents: "np.ndarray[Any, Any]") -> Question:
    """Ask for the latents of all pictures in one form."""
    body, kind = multipart(pictures)
    return Question(request_bytes("POST", "/encode", body, kind), latents)


async def ask(port: int, asked: Question, log: Log, pause_s: float = 0.0) -> None:
    """Ask on a new connection and write down what comes."""
    begin = time.monotonic()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            status, body = await exchange(port, asked.data)
    except TimeoutError:
        log.outcomes["no answer in 60 s"] += 1
        return
    except (OSError, EOFError, ValueError):
        log.outcomes["connection lost"] += 1
        await asyncio.sleep(max(pause_s, 0.02))
        return
    took_ms = (time.monotonic() - begin) * 1e3
    if status == 429:
        log.refused_ms.append(took_ms)
    if status != 200:
        log.outcomes[str(status)] += 1
        await asyncio.sleep(pause_s)
        return
    log.served_ms.append(took_ms)
    _judge(json.loads(body)["results"], asked, log)


def _judge(results: list[dict[str, Any]], asked: Question, log: Log) -> None:
    for one, expected in zip(results, asked.latents, strict=True):
        if "error" in one:
            log.outcomes[f"tile: {one['error']['code']}"] += 1
        elif np.abs(np.array(one["latent"]) - expected).max() > TOLERANCE:
            log.outcomes["wrong"] += 1
        else:
            log.tiles += 1
    log.outcomes["200"] += 1
    log.served_at.append(time.monotonic())


async def exchange(port: int, data: bytes) -> tuple[int, bytes]:
    """Send a request, reading while it is sent, since an answer may come before its end."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 24)
    try:
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
    finally:
        writer.transport.abort()


async def keep_asking(
    port: int, questions: Sequence[Question], log: Log, *, clients: int, until: asyncio.Event
) -> None:
    """Let clients ask one question after another, and retry a moment after a refusal."""

    async def one(number: int) -> None:
        while not until.is_set():
            await ask(port, questions[number % len(questions)], log, pause_s=0.1)
            number += 1

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(one(number))


async def keep_arriving(
    port: int, questions: Sequence[Question], log: Log, *, per_s: float, until: asyncio.Event
) -> None:
    """Let requests arrive at a rate, whether the service answers or not."""
    begin, number = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while not until.is_set():
            while number < (time.monotonic() - begin) * per_s:
                group.create_task(ask(port, questions[number % len(questions)], log))
                number += 1
            await asyncio.sleep(0.005)


async def keep_looking(port: int, log: Log, *, until: asyncio.Event) -> None:
    """Ask /livez ten times a second."""
    while not until.is_set():
        begin = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await exchange(port, request_bytes("GET", "/livez"))
            log.alive_ms.append((time.monotonic() - begin) * 1e3)
        except (OSError, EOFError, ValueError, TimeoutError):
            log.outcomes["livez lost"] += 1
        await asyncio.sleep(0.1)

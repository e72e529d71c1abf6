"""The faults. Each returns what was held, what was refused, and the time to recover."""

import asyncio
import hashlib
import os
import resource
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.fault.load import (
    Log,
    Question,
    exchange,
    keep_arriving,
    keep_asking,
    keep_looking,
)
from benchmarks.fault.service import HOST, Service, running
from service.settings import Settings

CLIENTS = 16
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
HAS_LIBRARY = LIBRARY.exists()
_NOTICED_S = 1
"""After how long a jump shows: libfaketime would read its file at each look at the clock."""
_MIB = 2**20


@dataclass(frozen=True)
class Ground:
    """What every case gets: how to start the service, what to ask it, a folder of its own.

    `seconds` is the length of the long cases.
    """

    service: Service
    questions: Sequence[Question]
    searches: list[bytes]
    work: Path
    seconds: float

    def fresh(self, **changes: Any) -> Service:  # noqa: ANN401, fields of Service
        """Return a service like the usual one that was not started yet."""
        return replace(self.service, process=None, **changes)


Fault = Callable[[Log], Awaitable[dict[str, Any]]]


async def _under_load(ground: Ground, fault: Fault, clients: int = CLIENTS) -> dict[str, Any]:
    """Let clients ask while a fault happens; return what all of them saw."""
    log, end = Log(), asyncio.Event()
    port = ground.service.port
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_asking(port, ground.questions, log, clients=clients, until=end))
        group.create_task(keep_looking(port, log, until=end))
        try:
            await asyncio.sleep(2)
            told = await fault(log)
        finally:
            end.set()
    return {**told, **log.summary()}


async def kill_service(ground: Ground) -> dict[str, Any]:
    """The whole service is killed (-9) under load, three times; started again at once."""
    with running(ground.fresh()) as service:

        async def fault(log: Log) -> dict[str, Any]:
            took = []
            for _ in range(3):
                killed = time.monotonic()
                service.kill()
                await asyncio.to_thread(service.start)
                took.append(await _well_again(log, killed))
            return {"recovered_s": took}

        return await _under_load(ground, fault)


async def kill_worker(ground: Ground) -> dict[str, Any]:
    """One of two workers is killed (-9) under load, three times; the service replaces it itself."""
    if "workers" not in Settings.model_fields:
        return {"skipped": "this service has no worker processes"}
    with running(ground.fresh(options=[*ground.service.options, "--workers=2"])) as service:

        async def fault(_: Log) -> dict[str, Any]:
            took: list[float | None] = []
            for _ in range(3):
                before = set(service.workers())
                killed = time.monotonic()
                os.kill(min(before), signal.SIGKILL)
                while len(set(service.workers()) - {min(before)}) < len(before):
                    if time.monotonic() - killed > 60:
                        return {"recovered_s": [*took, None]}
                    await asyncio.sleep(0.05)
                took.append(round(time.monotonic() - killed, 2))
                await asyncio.sleep(3)
            return {"recovered_s": took, "meaning": "until there are two workers again"}

        return await _under_load(ground, fault)


async def full_disk(ground: Ground) -> dict[str, Any]:
    """The disk is full: every line of the log fails to be written. Nothing else is written."""
    full = ground.fresh(
        log=Path("/dev/full"), options=[*ground.service.options, "--log-level=info"]
    )
    with running(full) as service:

        async def fault(_: Log) -> dict[str, Any]:
            await asyncio.sleep(5)
            return {"still_running": service.status() is None}

        return await _under_load(ground, fault)


async def truncated_bundle(ground: Ground) -> dict[str, Any]:
    """A file of the bundle loses its second half while it is served, then is put back."""
    bundle = ground.work / "truncated"
    shutil.copytree(ground.service.bundle, bundle)
    file = bundle / "points.npy"
    whole = file.read_bytes()
    with running(ground.fresh(bundle=bundle)) as service:

        async def fault(log: Log) -> dict[str, Any]:
            before = await _searches(ground, log, None)
            os.truncate(file, len(whole) // 2)
            after = await _searches(ground, log, before)
            told: dict[str, Any] = {"searches_before": before, "searches_after": after}
            told["ended_with"] = service.status()
            if service.status() is None:
                service.kill()
            try:
                await asyncio.to_thread(service.start)
            except RuntimeError as error:
                told["started_again_on_the_damaged_bundle"] = str(error)
            file.write_bytes(whole)
            mended = time.monotonic()
            if service.status() is not None:
                await asyncio.to_thread(service.start)
            return {**told, "recovered_s": [await _well_again(log, mended)]}

        return await _under_load(ground, fault)


async def _searches(ground: Ground, log: Log, before: list[str] | None) -> list[str]:
    """Ask for neighbours of stored and new tiles; return each thing that was said, or lost."""
    said = set()
    for request in ground.searches * 3:
        try:
            status, body = await exchange(ground.service.port, request)
            said.add(f"{status} {hashlib.sha256(body).hexdigest()[:8]}")
        except (OSError, EOFError, ValueError):
            said.add("connection lost")
    found = sorted(said)
    if before is not None:
        log.outcomes["wrong"] += len({one for one in found if one[:3] == "200"} - set(before))
    return found


async def _well_again(log: Log, since: float) -> float | None:
    """Wait until somebody is answered rightly; return the seconds since then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while log.recovered_s(since) is None:  # noqa: ASYNC110, clients set no event
                await asyncio.sleep(0.1)
    return log.recovered_s(since)


async def memory_limit(ground: Ground) -> dict[str, Any]:
    """The process may get 8 MiB of address space more than it has; then the limit is lifted."""
    with running(ground.fresh()) as service:

        async def fault(log: Log) -> dict[str, Any]:
            now = int(service.memory_mib("VmSize") * _MIB)
            before = resource.prlimit(service.pid, resource.RLIMIT_AS)
            resource.prlimit(service.pid, resource.RLIMIT_AS, (now + 8 * _MIB, before[1]))
            await asyncio.sleep(8)
            ended = service.status()
            if ended is None:
                resource.prlimit(service.pid, resource.RLIMIT_AS, before)
            lifted = time.monotonic()
            if ended is not None:
                await asyncio.to_thread(service.start)
            return {"ended_with": ended, "recovered_s": [await _well_again(log, lifted)]}

        return await _under_load(ground, fault, clients=4 * CLIENTS)


async def overload(ground: Ground) -> dict[str, Any]:
    """Ten times as many tiles arrive as can be done, for a minute."""
    with running(ground.fresh()) as service:
        quiet, end = Log(), asyncio.Event()
        asking = keep_asking(service.port, ground.questions, quiet, clients=2, until=end)
        task = asyncio.create_task(asking)
        await asyncio.sleep(6)
        end.set()
        await task
        capacity = len(quiet.served_at) / (quiet.served_at[-1] - quiet.served_at[0])
        log, end = Log(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            arriving = keep_arriving(
                service.port, ground.questions, log, per_s=10 * capacity, until=end
            )
            group.create_task(arriving)
            group.create_task(keep_looking(service.port, log, until=end))
            await asyncio.sleep(ground.seconds)
            over = time.monotonic()
            end.set()
        await keep_asking_once(ground, log)
        tiles = len(ground.questions[0].latents)
        return {
            "capacity_tiles_per_s": round(capacity * tiles, 1),
            "seconds": ground.seconds,
            "arrived_times_capacity": round(log.outcomes.total() / ground.seconds / capacity, 1),
            "recovered_s": [log.recovered_s(over)],
            "peak_mib": service.memory_mib(),
            **log.summary(),
        }


async def keep_asking_once(ground: Ground, log: Log) -> None:
    """Ask every question once more, one after another."""
    end = asyncio.Event()
    task = asyncio.create_task(
        keep_asking(ground.service.port, ground.questions, log, clients=1, until=end)
    )
    await asyncio.sleep(1)
    end.set()
    await task


async def slow_clients(ground: Ground) -> dict[str, Any]:
    """250 clients with slow heads and 250 with slow bodies that announce much, over and over."""
    with running(ground.fresh()) as service:
        outcomes = {"head": 0, "body": 0}

        async def slow(kind: str, start: bytes, over: float) -> None:
            while time.monotonic() < over:
                try:
                    reader, writer = await asyncio.open_connection(HOST, service.port)
                    await _drip(reader, writer, start)
                    outcomes[kind] += 1
                except OSError:
                    await asyncio.sleep(0.1)

        async def fault(log: Log) -> dict[str, Any]:
            head = b"POST /encode HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
            body = (
                b"POST /encode HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                b"Content-Length: 4000000\r\n\r\n"
            )
            starts = [("head", head), ("body", body)] * 250
            over = time.monotonic() + ground.seconds / 2
            async with asyncio.TaskGroup() as group:
                for kind, start in starts:
                    group.create_task(slow(kind, start, over))
            over = time.monotonic()
            recovered = await _well_again(log, over)
            return {
                "slow_clients": len(starts),
                "sent_away": dict(outcomes),
                "recovered_s": [recovered],
                "peak_mib": service.memory_mib(),
            }

        return await _under_load(ground, fault)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: bytes) -> None:
    """Send a beginning, then a byte every half second until the other side has had enough."""
    writer.write(start)
    try:
        while not writer.is_closing():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await reader.read(1)
                break
            writer.write(b"x")
    finally:
        writer.transport.abort()


async def clock_jump(ground: Ground) -> dict[str, Any]:
    """The clock of the day jumps a day ahead, then two back; needs libfaketime."""
    if not HAS_LIBRARY:
        return {"skipped": f"{LIBRARY} is not there: apt-get install faketime"}
    stamp = ground.work / "clock"
    stamp.write_text("+0")
    environment = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_CACHE_DURATION": str(_NOTICED_S),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with running(ground.fresh(environment=environment)) as service:

        async def fault(log: Log) -> dict[str, Any]:
            took = []
            for shift in ("+1d", "-1d", "+0"):
                stamp.write_text(shift)
                await asyncio.sleep(_NOTICED_S)
                took.append(await _well_again(log, time.monotonic()))
                await asyncio.sleep(3)
            return {"recovered_s": took, "still_running": service.status() is None}

        return await _under_load(ground, fault)


CASES = {
    "kill_service": kill_service,
    "kill_worker": kill_worker,
    "full_disk": full_disk,
    "truncated_bundle": truncated_bundle,
    "memory_limit": memory_limit,
    "overload": overload,
    "slow_clients": slow_clients,
    "clock_jump": clock_jump,
}

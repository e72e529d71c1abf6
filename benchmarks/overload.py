"""Far more tiles than can be done: how soon are refusals there, and who is still served?

    python -m benchmarks.overload BUNDLE [--seconds 30] [--times 10]

k6 on one core, the service on the others (of two cores: one each). Tiles alone and forms of 64
arrive at ten times the rate that the service reached before, and at 70 % of it; `/livez` is asked
twenty times a second meanwhile. Milliseconds are k6's own: from the first byte sent to the last
one read. Then one tile is asked for until it is answered within a second.

At thousands of requests a second k6 is late by itself. So a server that refuses without a look
(benchmarks/refuser.py) is sent as many, and where h2load is installed it fills the queue and asks
on 8 and 16 connections more, each anew as soon as it is refused, at both servers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from benchmarks import record
from benchmarks.environments import interpreter
from benchmarks.h2load import hammer, has_h2load
from benchmarks.server import ROOT, pinned, served
from benchmarks.serving.generator import K6, Call, closed, k6_command
from benchmarks.serving.payloads import Payload, form, raw
from bundle import Bundle, open_bundle

MANY = 64
QUEUE = 256
"""Tiles that may wait: a second or two of work, so that k6 need not hold thousands of clients."""
Figures = dict[str, Any]
_SPARE = 64
_REFUSED = (8, 16)
"""Connections of h2load beyond those that wait in the queue."""
_SCRIPT = Path(__file__).with_suffix(".js")
_TOLD = {"count": "count", "med": "p50_ms", "p(95)": "p95_ms", "p(99)": "p99_ms", "max": "max_ms"}


def flood(
    port: int, payload: Payload, *, rate: float, seconds: float, core: int, clients: int
) -> Figures:
    """Let requests arrive so often a second; return latencies by status, and those of /livez."""
    open_loop = {"executor": "constant-arrival-rate", "timeUnit": "1m", "duration": f"{seconds:g}s"}
    aside = {"rate": 20 * 60, "preAllocatedVUs": 8, "exec": "probe"}
    busy = {"rate": round(rate * 60), "preAllocatedVUs": clients, "exec": "load"}
    with tempfile.TemporaryDirectory() as folder:
        plan, out, body = (Path(folder) / name for name in ("plan.json", "seen.json", "body"))
        body.write_bytes(payload.body)
        about = {
            "url": f"http://127.0.0.1:{port}",
            "headers": {"Content-Type": payload.content_type},
            "body": str(body),
            "out": str(out),
            "scenarios": {"load": open_loop | busy, "probe": open_loop | aside},
        }
        plan.write_text(json.dumps(about))
        subprocess.run(
            [*k6_command([core]), "--env", f"PLAN={plan}", str(_SCRIPT)],
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            check=True,
        )
        seen = json.loads(out.read_text())
    told: Figures = {
        name: {_TOLD[key]: round(value, 2) for key, value in one.items()}
        for name, one in seen.items()
        if name != "dropped" and one["count"]
    }
    return told | {"never_sent": seen["dropped"]}


def recovered_s(port: int, tile: bytes) -> float:
    """Ask about one tile until that is answered within a second; return the seconds since now."""
    begin, took = time.perf_counter(), 0.0
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while True:
            asked = time.perf_counter()
            answer = client.post("/encode", content=tile, headers={"Content-Type": "image/png"})
            took = time.perf_counter() - asked
            if answer.status_code == HTTPStatus.OK and took < 1:
                return round(time.perf_counter() - begin, 2)
            time.sleep(0.05)


def measure(bundle: Bundle, payload: Payload, tiles: int, args: argparse.Namespace) -> Figures:
    """Find what the service can do, then send 70 % of it, then many times as much."""
    cores = sorted(os.sched_getaffinity(0), reverse=True)
    generator, *others = cores
    options = ["--log-level", "error", "--max-queue-tiles", str(QUEUE)]
    with served(bundle.path, *options, "--workers", str(args.workers), cores=others) as service:
        calls = [Call("/encode", payload, tiles)]
        room = QUEUE // tiles
        seen = closed(service.port, calls, connections=room // 2, seconds=args.seconds / 3)
        able = seen.tiles_per_s / tiles
        figures: Figures = {"tiles_a_request": tiles, "able_per_s": round(able, 1)}
        for name, times in (("at_70_percent", 0.7), (f"at_{args.times:g}_times", args.times)):
            figures[name] = flood(
                service.port,
                payload,
                rate=times * able,
                seconds=args.seconds,
                core=generator,
                clients=room + _SPARE,
            )
        figures["recovered_s"] = recovered_s(service.port, bundle.picture(0))
        if tiles == 1 and has_h2load():
            for more in _REFUSED:
                figures[f"h2load_{more}_refused"] = hammered(
                    service.port, payload, QUEUE + more, generator, args
                )
        figures["memory_mib"] = service.memory_mib()
    if tiles == 1:
        figures["generators_alone"] = generators_alone(payload, args.times * able, cores, args)
    return figures


def hammered(
    port: int, payload: Payload, connections: int, core: int, args: argparse.Namespace
) -> Figures:
    """Let h2load ask on so many connections; return rates and latencies by status."""
    urls, seconds = [f"http://127.0.0.1:{port}/encode"], round(args.seconds / 2)
    told = hammer(urls, connections=connections, seconds=seconds, png=payload.body, cores=[core])
    return {str(status): asdict(one) for status, one in told.items()}


def generators_alone(
    payload: Payload, rate: float, cores: list[int], args: argparse.Namespace
) -> Figures:
    """Return what the generators see of a server that does nothing but refuse."""
    generator, *others = cores
    with refuser(others) as port:
        seconds, clients = args.seconds / 2, QUEUE + _SPARE
        figures: Figures = {
            "k6": flood(port, payload, rate=rate, seconds=seconds, core=generator, clients=clients)
        }
        if has_h2load():
            for more in _REFUSED:
                figures[f"h2load_{more}"] = hammered(port, payload, more, generator, args)
    return figures


@contextmanager
def refuser(cores: list[int]) -> Iterator[int]:
    """Start the server that refuses; yields its port."""
    command = [*pinned(cores), sys.executable, "-m", "benchmarks.refuser"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main() -> None:
    """Run both cases and write results/overload.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load (30)")
    parser.add_argument("--times", type=float, default=10.0, help="of what can be done (10)")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    interpreter(K6)
    bundle = open_bundle(args.bundle)
    pictures = [bundle.picture(row % len(bundle)) for row in range(MANY)]
    figures = {
        "queue_tiles": QUEUE,
        "workers": args.workers,
        "one": measure(bundle, raw(pictures[:1]), 1, args),
        "many": measure(bundle, form("files")(pictures), MANY, args),
    }
    print(json.dumps(figures, indent=1))
    options = [f"--{name} {getattr(args, name):g}" for name in ("seconds", "times", "workers")]
    record.record("overload", " ".join(["python -m benchmarks.overload BUNDLE", *options]), figures)


if __name__ == "__main__":
    main()

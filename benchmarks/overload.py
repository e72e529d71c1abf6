"""Far more tiles than can be done: how soon are refusals there, and who is still served?

    python -m benchmarks.overload BUNDLE [--seconds 30] [--times 10]

k6 on one core, the service on the others (of two cores: one each). Tiles alone and forms of 64
arrive at ten times the rate that the service reached before, and at 70 % of it; `/livez` is asked
twenty times a second meanwhile. Milliseconds are k6's own: from the first byte sent to the last
one read. Then one tile is asked for until it is answered within a second.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from benchmarks import record
from benchmarks.environments import interpreter
from benchmarks.server import served
from benchmarks.serving.generator import K6, Call, closed, k6_command
from benchmarks.serving.payloads import Payload, form, raw
from bundle import Bundle, open_bundle

MANY = 64
QUEUE = 256
"""Tiles that may wait: a second or two of work, so that k6 need not hold thousands of clients."""
Figures = dict[str, Any]
_SPARE = 64
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
    generator, *others = sorted(os.sched_getaffinity(0), reverse=True)
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
        figures["memory_mib"] = service.memory_mib()
    return figures


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

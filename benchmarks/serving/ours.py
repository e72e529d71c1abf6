"""What only our service has: neighbours, and the client in front of it."""

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.server import served
from benchmarks.serving.generator import Call, at_rate, closed, figures
from benchmarks.serving.payloads import OURS_MANY
from benchmarks.serving.turns import AT_ONCE, MANY, Setting
from bundle import open_bundle
from client import Client

_A_SECOND = 3000
"""Questions about stored tiles that a core has to answer a second, each within milliseconds."""


def extras(path: Path, setting: Setting) -> dict[str, Any]:
    """Return figures of stored and new tiles' neighbours, and of our client."""
    bundle = open_bundle(path)
    ids = [bundle.id(row) for row in range(0, len(bundle), max(1, len(bundle) // 500))]
    stored = [Call(f"/neighbors/{name}") for name in ids]
    form = OURS_MANY.write(setting.tiles[:MANY])
    short = setting.seconds / 2
    found: dict[str, Any] = {"stored_tiles": len(bundle)}
    first_core, *others = sorted(os.sched_getaffinity(0))
    with served(path, "--log-level", "warning", cores=[first_core]) as service:
        seen = closed(service.port, stored, connections=16, seconds=short, k6=setting.k6)
        found["stored_neighbors_one_core"] = figures(seen)
        if setting.k6:
            seen = at_rate(
                service.port,
                stored,
                connections=16,
                rate=_A_SECOND,
                seconds=setting.seconds,
                probe="/livez",
                cores=others,
            )
            found["stored_neighbors_at_rate"] = figures(seen) | {"asked_per_s": _A_SECOND}
    with served(path, "--log-level", "warning") as service:
        many = [Call("/neighbors", form, MANY)]
        seen = closed(service.port, many, connections=AT_ONCE, seconds=short, k6=setting.k6)
        found["neighbors_many"] = figures(seen)
        found["client_tiles_per_s"] = _client(service.port, setting, short)
    return found


def _client(port: int, setting: Setting, seconds: float) -> float:
    """Return tiles/s of `Client.encode_many`, one call of 64 tiles at a time."""
    with Client(f"http://127.0.0.1:{port}") as client:
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            count += sum(1 for _ in client.encode_many(setting.tiles[:MANY]))
        return round(count / (time.perf_counter() - start), 1)

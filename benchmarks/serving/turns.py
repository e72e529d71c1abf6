"""One turn of one contender: start it, check its answers, measure it, end it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import PeerMissing
from benchmarks.scale import tree_memory_mib
from benchmarks.serving.catalogue import Contender
from benchmarks.serving.generator import Call, at_rate, closed, figures
from benchmarks.serving.payloads import Latents, Question
from benchmarks.serving.servers import Running, running

MANY = 64
"""Tiles a request, and connections of a busy service."""
AT_ONCE = 4
"""Connections that send requests of many tiles."""
SHARE = 0.7
"""Of its capacity: the load at which latency is told."""
_KINDS = 16  # different single tiles; k6 holds them once for each connection
_LEAST_COSINE = 0.99


@dataclass(frozen=True)
class Setting:
    """What a turn needs: tiles as PNGs, a port, window length, and whether k6 is there."""

    tiles: Sequence[bytes]
    port: int
    seconds: float
    k6: bool


def turn(contender: Contender, model: Path, expected: Latents, setting: Setting) -> dict[str, Any]:
    """Return the figures of one turn.

    Args:
        contender: who.
        model: what it loads.
        expected: (n, d) latents of the setting's tiles, from the bare fp32 encoder.
        setting: the rest.

    Raises:
        PeerMissing: it does not start, fails, or answers with other latents.
    """
    with running(contender, model, setting.port) as server:
        found: dict[str, Any] = {"ready_s": server.ready_s}
        found["least_cosine"] = _check(server, expected, setting)
        found |= _measure(server, setting)
        resident, proportional = tree_memory_mib(server.pid)
        found["memory_mib"] = {"resident": round(resident), "proportional": round(proportional)}
    return found


def _check(server: Running, expected: Latents, setting: Setting) -> float:
    """Ask about every tile in both ways; return the least cosine between latents."""
    contender, tiles = server.contender, setting.tiles
    ways: list[tuple[Question, list[Sequence[bytes]]]]
    ways = [(contender.single, [[tile] for tile in tiles[:_KINDS]])]
    if contender.many:
        ways.append((contender.many, [tiles[:MANY]]))
    least = 1.0
    for question, groups in ways:
        answers = [server.ask(question.path, question.write(group)) for group in groups]
        latents = np.concatenate([question.latents(answer) for answer in answers])
        least = min(least, _cosine(latents, expected[: len(latents)]))
    if not least >= _LEAST_COSINE:
        raise PeerMissing(f"{contender.key} gives other latents: their cosine is {least:.3f}.")
    return round(least, 5)


def _cosine(found: Latents, expected: Latents) -> float:
    if found.shape != expected.shape:
        raise PeerMissing(f"The latents have shape {found.shape}, not {expected.shape}.")
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    nothing = 1e-9  # two latents of zeros are equal
    return float((((found * expected).sum(axis=1) + nothing) / (lengths + nothing)).min())


def _measure(server: Running, setting: Setting) -> dict[str, Any]:
    contender, port, k6 = server.contender, server.port, setting.k6
    window, short = setting.seconds, setting.seconds / 2
    single = calls(contender.single, [[tile] for tile in setting.tiles[:_KINDS]])
    closed(port, single, connections=8, seconds=min(1.0, short), k6=k6)  # warm-up
    found: dict[str, Any] = {}
    for connections, seconds in ((1, short), (8, short), (MANY, window)):
        seen = closed(port, single, connections=connections, seconds=seconds, k6=k6)
        found[f"single_x{connections}"] = figures(seen)
    if contender.many:
        many = calls(contender.many, [setting.tiles[:MANY]])
        seen = closed(port, many, connections=AT_ONCE, seconds=window, k6=k6)
        found["many"] = figures(seen)
    if k6:
        rate = SHARE * found[f"single_x{MANY}"]["tiles_per_s"]
        seen = at_rate(
            port, single, connections=MANY, rate=rate, seconds=window, probe=contender.live
        )
        found["at_share"] = figures(seen)
    return found


def calls(question: Question, groups: Sequence[Sequence[bytes]]) -> list[Call]:
    """Return a request for each group of tiles."""
    return [Call(question.path, question.write(group), len(group)) for group in groups]

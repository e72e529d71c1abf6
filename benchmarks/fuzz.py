"""Damaged PNGs against the decoder, in a process that may die: what it refuses, what it takes.

    python -m benchmarks.fuzz [--inputs 1000000] [--minutes 30] [--from 0]

Each input is made from its number (`benchmarks/mutants.py`), so a finding is repeated with
`--from NUMBER --inputs 1`. It ends at the first of both bounds. A finding is an exception other
than TileError, a tile of the wrong shape, a dead process, or an input that takes over 10 s of the
processor (or 10 minutes of the clock: a busy machine is no finding).
"""

import argparse
import multiprocessing as mp
import os
import resource
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import record
from benchmarks.mutants import mutant
from bundle.errors import TileError
from bundle.preprocess import MAX_PIXELS, read_tile

SIDE = 192
PIECE = 1000
HANG_CPU_S = 10.0
HANG_WALL_S = 600.0
_SHOWN = 20


@dataclass
class Seen:
    """What became of the inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0
    slowest: int = 0


def judge(number: int) -> tuple[str, str]:
    """Decode the mutant; return what happened, and what is wrong with that, if anything."""
    try:
        tile = read_tile(mutant(number), SIDE, max_pixels=MAX_PIXELS).tile
    except TileError as error:
        told = str(error)
        return type(error).__name__, "" if told.endswith(".") else f"no sentence: {told!r}"
    except Exception as error:  # noqa: BLE001, that is what is looked for
        return "unforeseen", repr(error)
    sound = tile.shape == (SIDE, SIDE) and tile.dtype == np.uint8
    return "decoded", "" if sound else f"a tile of {tile.shape} {tile.dtype}"


def _piece(numbers: range, at: "Synchronized[int]", results: "Queue[tuple[Seen, float]]") -> None:
    """Judge some numbers in the process that may die; `at` tells which one it is at."""
    seen = Seen()
    for number in numbers:
        at.value = number
        start = time.process_time()
        outcome, wrong = judge(number)
        took_ms = (time.process_time() - start) * 1e3
        seen.outcomes[outcome] += 1
        if wrong:
            seen.findings.append(f"{number}: {wrong}")
        if took_ms > seen.slowest_ms:
            seen.slowest_ms, seen.slowest = took_ms, number
    results.put((seen, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _worker(
    pieces: "Queue[range | None]", at: "Synchronized[int]", results: "Queue[tuple[Seen, float]]"
) -> None:
    while (numbers := pieces.get()) is not None:
        _piece(numbers, at, results)


class Victim:
    """The process that decodes; a new one takes its place when it dies or hangs."""

    def __init__(self) -> None:
        self._context = mp.get_context("spawn")
        self._start()

    def _start(self) -> None:
        self._pieces, self._results = self._context.Queue(), self._context.Queue()
        self._at = self._context.Value("q", -1)
        self._process = self._context.Process(
            target=_worker, args=(self._pieces, self._at, self._results), daemon=True
        )
        self._process.start()

    def judge(self, numbers: range) -> tuple[Seen, float, int]:
        """Return what became of the numbers, the peak memory in MiB, and how many were done."""
        self._pieces.put(numbers)
        last, since, used = -1, time.monotonic(), self._cpu_s()
        while True:
            with suppress(Empty):
                return (*self._results.get(timeout=0.5), len(numbers))
            if self._at.value != last:
                last, since, used = self._at.value, time.monotonic(), self._cpu_s()
            died = not self._process.is_alive()
            hangs = self._cpu_s() - used > HANG_CPU_S or time.monotonic() - since > HANG_WALL_S
            if died or (hangs and last >= 0):
                return self._lost(numbers, last, "the process died" if died else "it hangs")

    def _cpu_s(self) -> float:
        """Return the seconds of the processor that the process has used; 0 when it is dead."""
        with suppress(OSError):
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def _lost(self, numbers: range, at: int, what: str) -> tuple[Seen, float, int]:
        self._process.kill()
        self._process.join()
        self._start()
        at = max(at, numbers.start)
        return Seen(Counter({"lost": 1}), [f"{at}: {what}"]), 0.0, at + 1 - numbers.start

    def end(self) -> None:
        """Let the process end."""
        self._pieces.put(None)
        self._process.join(timeout=HANG_CPU_S)


def fuzz(start: int, inputs: int, minutes: float) -> dict[str, Any]:
    """Judge numbers from `start` on until one of the bounds is reached; return the figures."""
    total, done, peak = Seen(), 0, 0.0
    victim, begin = Victim(), time.monotonic()
    with tqdm(total=inputs, unit="inputs", mininterval=10) as bar:
        while done < inputs and time.monotonic() - begin < minutes * 60:
            at = start + done
            seen, memory, count = victim.judge(range(at, min(at + PIECE, start + inputs)))
            total.outcomes += seen.outcomes
            total.findings += seen.findings
            if seen.slowest_ms > total.slowest_ms:
                total.slowest_ms, total.slowest = seen.slowest_ms, seen.slowest
            done, peak = done + count, max(peak, memory)
            bar.update(count)
    victim.end()
    return {
        "first": start,
        "inputs": done,
        "seconds": round(time.monotonic() - begin),
        "outcomes": dict(total.outcomes.most_common()),
        "findings": len(total.findings),
        "first_findings": total.findings[:_SHOWN],
        "slowest_ms": round(total.slowest_ms, 1),
        "slowest_input": total.slowest,
        "peak_memory_mib": round(peak),
    }


def main() -> int:
    """Fuzz, write results/fuzz.json; return 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="most inputs (1,000,000)")
    parser.add_argument("--minutes", type=float, default=30.0, help="most minutes (30)")
    parser.add_argument("--from", dest="start", type=int, default=0, help="first number (0)")
    args = parser.parse_args()
    figures = fuzz(args.start, args.inputs, args.minutes)
    record.record("fuzz", record.invoked("fuzz"), figures)
    for finding in figures["first_findings"]:
        print(finding)
    return 1 if figures["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())

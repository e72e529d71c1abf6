"""Neighbours of new tiles, several ways: recall of the 10 nearest and time a question.

    python -m benchmarks.search BUNDLE [--tiles 62000] [--others]

The bundle's points are grown to as many as asked for (`benchmarks.grown`); 500 more of the same
kind are the questions, one after another in one thread. `--others` adds faiss-cpu, hnswlib and
usearch, which are no part of the project and are installed apart, into `build/peers`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks import record
from benchmarks.environments import Environment, PeerMissing, interpreter
from benchmarks.grown import grown_points
from bundle import open_bundle
from bundle.arrays import Points
from bundle.index import Index
from bundle.sketches import choose, squared_distances
from training.indexing.graph import nearest
from training.indexing.lists import index_points

_QUESTIONS = 500
_K = 10
_OTHERS = Environment("neighbors", ("faiss-cpu==1.15.1", "hnswlib==0.8.0", "usearch==2.26.6"))
_NEAR = 1 + 1e-4  # of equal distances any will do
Ask: TypeAlias = Callable[[NDArray[np.float32]], Any]


def ours(points: Points) -> Iterator[tuple[str, float, Ask]]:
    """Yield name, seconds to build and search of our ways."""
    rows = np.arange(len(points), dtype=np.int32)
    yield "differences", 0.0, lambda asked: choose(rows, squared_distances(points, asked), _K)[0]
    start = time.perf_counter()
    made = index_points(points, 0)
    seconds = time.perf_counter() - start
    names = ("axes", "rows", "sketches", "ends", "centers")
    index = Index.of(*(made.arrays[f"index_{name}.npy"] for name in names))
    lists, probes = made.about.lists, made.about.probes
    yield "all sketches", seconds, lambda asked: index.probe(points, asked, _K, lists)[0]
    if probes < lists:
        name = f"{probes} of {lists} lists"
        yield name, seconds, lambda asked: index.probe(points, asked, _K, probes)[0]


def others(points: Points) -> Iterator[tuple[str, float, Ask]]:
    """Yield the same of libraries that are installed apart."""
    try:
        interpreter(_OTHERS)
    except PeerMissing as error:
        print(error, file=sys.stderr)
        return
    sys.path.extend(map(str, _OTHERS.home.glob("lib/python*/site-packages")))  # ours come first
    for make in (_faiss, _hnswlib, _usearch):
        yield from make(points)


def _faiss(points: Points) -> Iterator[tuple[str, float, Ask]]:
    import faiss  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    lists = round(2 * len(points) ** 0.5)
    for name, probes in (("Flat", 0), (f"IVF{lists},Flat", 16), (f"IVF{lists},SQ8", 16)):
        faiss.omp_set_num_threads(2)
        start = time.perf_counter()
        index = faiss.index_factory(points.shape[1], name)
        index.train(points[: 64 * lists])
        index.add(points)
        seconds = time.perf_counter() - start
        if probes:
            index.nprobe = probes
        faiss.omp_set_num_threads(1)
        told = f"faiss {name}" + (f", {probes} probes" if probes else "")
        yield told, seconds, lambda asked, index=index: index.search(asked[None], _K)[1][0]


def _hnswlib(points: Points) -> Iterator[tuple[str, float, Ask]]:
    import hnswlib  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    start = time.perf_counter()
    index = hnswlib.Index(space="l2", dim=points.shape[1])
    index.init_index(len(points), M=16, ef_construction=100, random_seed=0)
    index.add_items(points, num_threads=2)
    seconds = time.perf_counter() - start
    index.set_num_threads(1)
    for breadth in (32, 64, 128):
        index.set_ef(breadth)
        yield f"hnswlib M16 ef {breadth}", seconds, lambda asked: index.knn_query(asked, _K)[0][0]


def _usearch(points: Points) -> Iterator[tuple[str, float, Ask]]:
    from usearch.index import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        Index as Graph,
    )

    for kind in ("f16", "i8"):
        start = time.perf_counter()
        index = Graph(ndim=points.shape[1], metric="l2sq", dtype=kind, expansion_search=64)
        index.add(np.arange(len(points)), points, threads=2)
        seconds = time.perf_counter() - start
        yield (
            f"usearch {kind} ef 64",
            seconds,
            lambda asked, index=index: index.search(asked, _K).keys,
        )


def measured(ask: Ask, points: Points, asked: Points, truth: Points) -> dict[str, float]:
    """Return recall, and milliseconds a question: of the clock and of this thread alone."""
    ask(asked[0])
    clock, own, found = [], [], 0
    for question, away in zip(asked, truth, strict=True):
        start, used = time.perf_counter(), time.thread_time()
        rows = ask(question)
        own.append(time.thread_time() - used)
        clock.append(time.perf_counter() - start)
        distances = np.linalg.norm(points[np.asarray(rows, dtype=np.intp)] - question, axis=1)
        found += int((distances <= away[-1] * _NEAR).sum())
    figures = {"recall_at_10": found / truth.size}
    for name, seconds in (("ms", clock), ("thread_ms", own)):
        for level in (50, 99):
            figures[f"{name}_p{level}"] = round(float(np.percentile(seconds, level)) * 1e3, 3)
    return figures


def main() -> None:
    """Measure and write results/search-TILES.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--tiles", type=int, default=62_000)
    parser.add_argument("--others", action="store_true", help="faiss, hnswlib and usearch, too")
    args = parser.parse_args()
    source = open_bundle(args.bundle)
    rng = np.random.default_rng(5)
    every, _ = grown_points(source, args.tiles + _QUESTIONS, rng)
    points, asked = every[: args.tiles], every[args.tiles :]
    truth = nearest(asked, points, _K).distances
    ways = chain(ours(points), others(points) if args.others else ())
    figures = {
        name: measured(ask, points, asked, truth) | {"build_s": round(seconds, 1)}
        for name, seconds, ask in ways
    }
    command = f"python -m benchmarks.search BUNDLE --tiles {args.tiles}"
    record.record(
        f"search-{args.tiles}",
        command + (" --others" if args.others else ""),
        {"tiles": args.tiles, "questions": _QUESTIONS, "k": _K, "ways": figures},
    )


if __name__ == "__main__":
    main()

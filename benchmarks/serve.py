"""Tiles a second and latency of the service, beside the study's way, in one run.

    python -m benchmarks.serve BUNDLE [BUNDLE ...] [--seconds 8]

For each bundle: POST /encode with 1 tile (raw) and 64 tiles (multipart) a request on 1 and 16
connections, POST /neighbors and /cluster, GET /neighbors/{id}; the same encoder bare, in
batches of 64, without HTTP; and once the study's way: `keras.predict`, a tile at a time.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import load, record
from benchmarks.generate import pngs
from benchmarks.server import served
from bundle import Bundle, OnnxEncoder, load_tile, open_bundle

BATCH = 64


def bare(bundle: Bundle, pictures: list[bytes], seconds: float) -> dict[str, float]:
    """Return tiles/s of the encoder alone, and with decoding in the same thread."""
    encoder = OnnxEncoder(bundle.path)
    side = bundle.manifest.preprocessing.side
    tiles = np.stack([load_tile(picture, side) for picture in pictures[:BATCH]])
    encoder.encode(tiles)
    rates = {}
    for name, decode in (("encoder", False), ("decode_and_encoder", True)):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            if decode:
                tiles = np.stack([load_tile(picture, side) for picture in pictures[:BATCH]])
            encoder.encode(tiles)
            count += BATCH
        rates[name] = round(count / (time.perf_counter() - start), 1)
    return rates


def study_way(pictures: list[bytes], seconds: float) -> float:
    """Return tiles/s of the study's encoder asked by `keras.predict`, a tile at a time."""
    from training.learning.network import study_autoencoder  # noqa: PLC0415  TensorFlow takes seconds

    encoder = study_autoencoder().encoder
    tiles = [load_tile(picture, 128)[None, :, :, None] for picture in pictures[:BATCH]]
    encoder.predict(tiles[0], verbose=0)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        encoder.predict(tiles[count % BATCH], verbose=0)
        count += 1
    return round(count / (time.perf_counter() - start), 1)


def measure(bundle: Bundle, pictures: list[bytes], seconds: float) -> dict[str, Any]:
    """Measure one bundle: bare, then served."""
    single = [load.request_bytes("POST", "/encode", picture) for picture in pictures[:BATCH]]
    body, kind = load.multipart(pictures[:BATCH])
    ids = [bundle.id(row) for row in range(0, len(bundle), max(1, len(bundle) // 500))]
    cases = {
        "encode_1": (1, single),
        "encode_64": (BATCH, [load.request_bytes("POST", "/encode", body, kind)]),
        "neighbors_64": (BATCH, [load.request_bytes("POST", "/neighbors", body, kind)]),
        "cluster_64": (BATCH, [load.request_bytes("POST", "/cluster", body, kind)]),
        "stored_neighbors": (1, [load.request_bytes("GET", f"/neighbors/{name}") for name in ids]),
    }
    figures: dict[str, Any] = {"bare_tiles_per_s": bare(bundle, pictures, seconds)}
    with served(bundle.path, "--log-level", "warning") as service:
        figures["ready_s"] = service.ready_s
        for name, (tiles, requests) in tqdm(cases.items(), desc=bundle.manifest.profile):
            for connections in (1, 16):
                seen = load.run(service.port, requests, connections=connections, seconds=seconds)
                figures[f"{name}_x{connections}"] = {
                    **asdict(seen),
                    "tiles_per_s": round(seen.per_second * tiles, 1),
                }
        figures["memory_mib"] = service.memory_mib()
    return figures


def main() -> None:
    """Measure every bundle given, in one run, and write results/serve.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    args = parser.parse_args()
    pictures = list(pngs(BATCH))
    figures: dict[str, Any] = {}
    for path in args.bundles:
        bundle = open_bundle(path)
        key = f"{bundle.manifest.profile}, {len(bundle)} tiles"
        figures[key] = measure(bundle, pictures, args.seconds)
    figures["study_way_tiles_per_s"] = study_way(pictures, args.seconds)
    record.record("serve", "python -m benchmarks.serve STUDY_BUNDLE DEFAULT_BUNDLE", figures)


if __name__ == "__main__":
    main()

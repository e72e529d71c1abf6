"""A bundle grown from a fitted one to any number of tiles, for measuring at scale.

    python -m benchmarks.grown BUNDLE TARGET --tiles 1000000

Its points lie where those of the fitted bundle do: each is set between a tile and one of its twenty
nearest, and moved by half the difference of two other neighbours, so that there are as many
directions as in the real ones. The index is fitted; the encoders are the fitted bundle's, verdicts
and clusters those of the tile that each began with. The rest is of the right shape alone: the table
of stored neighbours, the boxes of the k-d tree (tiles of one list), and the pictures (the first
bytes of one; with `--pictures` those of the tile that each began with).
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle, BundleWriter, Manifest, open_bundle
from bundle.arrays import Points
from bundle.bundle import picture_hash
from bundle.layout import ENCODERS, MAP, PICTURE_HASHES
from training.indexing.graph import LEAF_SIZE, nearest, neighbor_graph
from training.indexing.lists import Indexed, index_points
from training.indexing.plane import lay_out

_NEAR = 20
_SHIFT = 0.5
_GRAIN = 0.02
_AT_ONCE = 50_000
_PICTURE_BYTES = 64
_COPIED = ("labels", "core", "dbscan_labels", "scan_numbers", "positions", "tile_sizes")
_JUDGED = ("scores", "boxes", "verdicts")
_KEPT = ("scaler", "random_distances", "eps_sweep", "k_distances")
_PROBES = ("probes", "probe_latents", "probe_maps")


def grown_points(
    source: Bundle, count: int, rng: np.random.Generator
) -> tuple[Points, NDArray[np.intp]]:
    """Return (count, d) float32 new points, and (count,) the tile that each began with."""
    points, near = np.array(source.points), source.neighbors[:, :_NEAR]
    origins = rng.integers(len(points), size=count)
    made = np.empty((count, points.shape[1]), dtype=np.float32)
    for start in range(0, count, _AT_ONCE):
        first = origins[start : start + _AT_ONCE]
        size = len(first)
        others = rng.integers(len(points), size=size)
        second, third = (
            near[rows, rng.integers(near.shape[1], size=size)] for rows in (first, others)
        )
        share = rng.random((size, 1), dtype=np.float32)
        made[start : start + size] = (
            points[first]
            + share * (points[second] - points[first])
            + np.float32(_SHIFT) * (points[others] - points[third])
            + rng.normal(0, _GRAIN, (size, points.shape[1])).astype(np.float32)
        )
    return made, origins


def grow(
    source: Bundle,
    target: Path,
    count: int,
    *,
    seed: int = 5,
    pictures: bool = False,
    mapped: bool = False,
) -> Manifest:
    """Write a bundle of `count` tiles at `target`; `mapped` with true neighbours and their map."""
    points, origins = grown_points(source, count, np.random.default_rng(seed))
    # As in a fit, the probes are stored tiles: a service starts only if it finds their neighbours.
    probes = source.scale(source.arrays["probe_latents.npy"])
    points[: len(probes)] = probes
    origins[: len(probes)] = nearest(probes, source.points, 1).rows[:, 0]
    indexed = index_points(points, seed)
    mean, scale = source.arrays["scaler.npy"]
    k = source.manifest.neighbors
    with BundleWriter(target) as writer:
        writer.array("ids.npy", [f"g{number:07d}".encode() for number in range(count)])
        writer.array("points.npy", points)
        writer.array("latents.npy", points * scale + mean)
        for name, values in (_tree(points, indexed) | indexed.arrays).items():
            writer.array(name, values)
        if mapped:
            graph = neighbor_graph(points, k)
            near, away = graph.rows, graph.distances
            writer.array(MAP, lay_out(points, near))
        else:
            rows, others = np.arange(count, dtype=np.int32), np.arange(1, k + 1, dtype=np.int32)
            near = (rows[:, None] + others) % np.int32(count)
            away = np.array(source.neighbor_distances[origins])
            found = nearest(probes, points, 2)
            near[: len(probes), 0] = found.rows[:, 1]
            away[: len(probes)] = found.distances[:, 1:]
        writer.array("neighbors.npy", near)
        writer.array("neighbor_distances.npy", np.sort(away, axis=1))
        for name in (*_COPIED, *_JUDGED):
            writer.array(f"{name}.npy", source.arrays[f"{name}.npy"][origins])
        for name in (*_KEPT, *_PROBES):
            writer.array(f"{name}.npy", source.arrays[f"{name}.npy"])
        shown = [source.picture(row) for row in range(len(source))] if pictures else []
        _pictures(writer, shown or [source.picture(0)[:_PICTURE_BYTES]], origins)
        encoders = [ENCODERS[precision] for precision in ("fp32", *source.manifest.rounded)]
        for name in (*encoders, "decoder.onnx", "scans.json"):
            with writer.file(name) as stream, (source.path / name).open("rb") as content:
                shutil.copyfileobj(content, stream)
        tiles = source.manifest.source.model_copy(update={"tiles": count})
        return writer.finish(
            source.manifest.model_copy(update={"source": tiles, "index": indexed.about})
        )


def _pictures(writer: BundleWriter, shown: list[bytes], origins: NDArray[np.intp]) -> None:
    chosen = origins % len(shown)
    sizes = np.array([len(picture) for picture in shown])
    hashes = np.array([list(picture_hash(picture)) for picture in shown], dtype=np.uint8)
    writer.array("picture_offsets.npy", np.cumsum([0, *sizes[chosen]]))
    writer.array(PICTURE_HASHES, hashes[chosen])
    with writer.file("pictures.bin") as stream:
        for number in chosen.tolist():
            stream.write(shown[number])


def _tree(points: Points, indexed: Indexed) -> dict[str, NDArray[np.generic]]:
    rows = indexed.arrays["index_rows.npy"]
    starts = np.arange(0, len(rows), LEAF_SIZE)
    ends = np.append(starts[1:], len(rows))
    corners = [
        (box.min(axis=0), box.max(axis=0))
        for box in (points[rows[start:end]] for start, end in zip(starts, ends, strict=True))
    ]
    return {
        "kdtree_rows.npy": rows,
        "kdtree_leaves.npy": np.column_stack([starts, ends]),
        "kdtree_bounds.npy": np.array(corners, dtype=np.float32).transpose(1, 0, 2),
    }


def main() -> None:
    """Grow a bundle and tell its index."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grown", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("target", type=Path, metavar="TARGET")
    parser.add_argument("--tiles", type=int, required=True)
    parser.add_argument("--pictures", action="store_true", help="pictures that can be shown")
    args = parser.parse_args()
    source = open_bundle(args.bundle)
    print(grow(source, args.target, args.tiles, pictures=args.pictures).index)


if __name__ == "__main__":
    main()

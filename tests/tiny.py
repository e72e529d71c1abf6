"""A bundle small enough to know by hand, written without any training.

The encoder averages a tile over a 2 x 2 grid, so a latent is four mean grey values in
[0, 1]; the decoder paints those four squares back. Tiles come in two groups, dark and
bright, and one stray tile in between.

Its maps say lettering wherever a square is bright, 20 log-odds from black to white, and
never see a film edge or a mask. So dark tiles are kept, bright ones dropped, and the grey one
is to be looked at. All tiles count as given at twice the encoder's side.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from sklearn.neighbors import KDTree

from bundle import BundleWriter, Manifest
from bundle.arrays import Tiles
from bundle.bundle import picture_hash
from bundle.manifest import (
    WHITE,
    Clustering,
    Index,
    PlantedBenchmark,
    Preprocessing,
    Quantization,
    Recall,
    Rounding,
    Screening,
    Source,
    Threshold,
)
from bundle.preprocess import content_hash
from bundle.runtime import no_maps
from bundle.screening import gather, outlier_evidence, reference_distances, screen
from bundle.views import look_again
from tests.pictures import png

SIDE = 16
HALF = SIDE // 2
DIM = 4
NEVER = -5.0


def tiny_tiles(count: int = 12, seed: int = 7) -> NDArray[np.uint8]:
    """Return (count, SIDE, SIDE) uint8: first half dark, second half bright, last one grey."""
    rng = np.random.default_rng(seed)
    base = np.where(np.arange(count) < count // 2, 30, 200)
    base[-1] = 119  # none of its cells lies on a bound of the box rule
    squares = base[:, None, None] + rng.integers(-20, 20, (count, 2, 2))
    return squares.repeat(HALF, 1).repeat(HALF, 2).astype(np.uint8)


def tiny_latents(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the tiny encoder gives: (n, 4) float32 means of the four squares."""
    squares = tiles.reshape(len(tiles), 2, HALF, 2, HALF).mean((2, 4)) / 255
    return squares.reshape(len(tiles), DIM).astype(np.float32)


def tiny_maps(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the tiny encoder gives beside latents: (n, 3, 2, 2) float32 log-odds."""
    lettering = (tiny_latents(tiles).reshape(-1, 1, 2, 2) - 0.5) * 20
    return np.concatenate([lettering, *[np.full_like(lettering, NEVER)] * 2], axis=1)


def write_encoder(file: Path, *, maps: bool = True, drift: float = 0.0) -> None:
    """Write the tiny encoder: (n, 16, 16) uint8 -> (n, 4) float32 and (n, 3, 2, 2) float32.

    With `drift`, such as an int8 encoder has, latents are larger by that share.
    """
    nodes = [
        helper.make_node("Cast", ["tiles"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["f", "full"], ["unit"]),
        helper.make_node("Unsqueeze", ["unit", "axis"], ["nchw"]),
        helper.make_node(
            "AveragePool", ["nchw"], ["pool"], kernel_shape=[HALF, HALF], strides=[HALF, HALF]
        ),
        helper.make_node("Flatten", ["pool"], ["latents"]),
    ]
    constants = [
        helper.make_tensor("full", TensorProto.FLOAT, [], [255.0 / (1 + drift)]),
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
    ]
    results: list[tuple[str | int, ...]] = [("latents", DIM)]
    if maps:
        nodes += [
            helper.make_node("Sub", ["pool", "half"], ["above"]),
            helper.make_node("Mul", ["above", "gain"], ["lettering"]),
            helper.make_node("Mul", ["lettering", "nothing"], ["zero"]),
            helper.make_node("Add", ["zero", "never"], ["other"]),
            helper.make_node("Concat", ["lettering", "other", "other"], ["maps"], axis=1),
        ]
        numbers = {"half": 0.5, "gain": 20.0, "nothing": 0.0, "never": NEVER}
        constants += [
            helper.make_tensor(name, TensorProto.FLOAT, [], [value])
            for name, value in numbers.items()
        ]
        results.append(("maps", 3, 2, 2))
    _save(file, nodes, constants, ("tiles", TensorProto.UINT8, ["n", SIDE, SIDE]), *results)


def write_decoder(file: Path) -> None:
    """Write the tiny decoder: (n, 4) float32 -> (n, 16, 16) float32."""
    nodes = [
        helper.make_node("Reshape", ["latents", "grid"], ["squares"]),
        helper.make_node("Resize", ["squares", "", "scales"], ["nchw"], mode="nearest"),
        helper.make_node("Squeeze", ["nchw", "axis"], ["tiles"]),
    ]
    constants = [
        helper.make_tensor("grid", TensorProto.INT64, [4], [-1, 1, 2, 2]),
        helper.make_tensor("scales", TensorProto.FLOAT, [4], [1.0, 1.0, HALF, HALF]),
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
    ]
    _save(file, nodes, constants, ("latents", TensorProto.FLOAT, ["n", DIM]), ("tiles", SIDE, SIDE))


def _save(
    file: Path,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    source: tuple[str, int, list[str | int]],
    *results: tuple[str | int, ...],
) -> None:
    name, kind, shape = source
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape)],
        [
            helper.make_tensor_value_info(str(result[0]), TensorProto.FLOAT, ["n", *result[1:]])
            for result in results
        ],
        constants,
    )
    opset = helper.make_opsetid("", 15)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), file)


def tiny_rules(*, maps: bool = True) -> Screening:
    """Return rules by hand: the score is the evidence's own probability."""
    return Screening(
        evidence="map" if maps else "distance",
        slope=1.0,
        offset=0.0,
        calibrated=True,
        note="chosen by hand",
        drop_score=0.9,
        review_score=0.1,
        off_topic_distance=10.0,
        lettering_share=0.4,
        benchmark=PlantedBenchmark(
            evidence=0.0,
            clean_tiles=4,
            scans=1,
            recalls=[
                Recall(
                    kind="letters", letter_px=(6, 10), contrast=(0.05, 0.15), tiles=8, recall=0.75
                )
            ],
        ),
    )


def tiny_quantization(**figures: float) -> Quantization:
    """Return figures by hand of an int8 encoder that changes nothing, or what is given."""
    harmless = {"tiles": 100, "verdict_flips": 0.0, "neighbor_overlap": 1.0}
    return Quantization(
        calibration_tiles=8,
        largest_difference=0.02,
        allowed_difference=0.04,
        **harmless | figures,
    )


def _write_screening(
    bundle: BundleWriter,
    rules: Screening,
    tiles: NDArray[np.uint8],
    points: NDArray[np.float32],
    maps: NDArray[np.float32],
) -> None:
    evidence = gather(look_again(tiles, maps, tiny_maps, WHITE), SIDE)
    if rules.evidence == "distance":
        away = np.linalg.norm(points[:, None] - points[None], axis=2)
        evidence.peaks[:, 0] = outlier_evidence(np.sort(away, axis=1)[:, 1:])
    found = screen(rules, tiles, evidence, reference_distances(points, points))
    bundle.array("probe_maps.npy", maps[:4])
    bundle.array("tile_sizes.npy", np.full((len(tiles), 2), 2 * SIDE))
    bundle.array("scores.npy", found.scores)
    bundle.array("boxes.npy", found.boxes)
    bundle.array("verdicts.npy", found.verdicts)


TINY_INDEX = Index(lists=2, probes=1, queries=12, recall_at_10=0.75, recall_at_100=0.5)


def _write_optional(
    bundle: BundleWriter,
    points: NDArray[np.float32],
    latents: NDArray[np.float32],
    *,
    index: bool,
    plane: bool,
) -> None:
    if index:
        _write_index(bundle, points)
    if plane:
        bundle.array("map.npy", latents[:, :2])


def _write_index(bundle: BundleWriter, points: NDArray[np.float32]) -> None:
    """Write sketches of the first two numbers of each point and the length of the others."""
    sketches = np.column_stack([points[:, :2], np.hypot(points[:, 2], points[:, 3])])
    bright = points[:, 0] > 0
    rows = np.argsort(bright, kind="stable")
    bundle.array("index_axes.npy", np.eye(DIM)[:, :2])
    bundle.array("index_rows.npy", rows)
    bundle.array("index_sketches.npy", sketches[rows])
    bundle.array("index_ends.npy", [0, (~bright).sum(), len(points)])
    bundle.array("index_centers.npy", [sketches[~bright].mean(0), sketches[bright].mean(0)])


def _write_pictures(
    bundle: BundleWriter, tiles: Tiles, pictures: list[bytes], *, hashes: bool
) -> None:
    bundle.array("tile_hashes.npy", [list(content_hash(tile)) for tile in tiles])
    bundle.array("picture_offsets.npy", np.cumsum([0, *map(len, pictures)]))
    if hashes:
        bundle.array("picture_hashes.npy", [list(picture_hash(picture)) for picture in pictures])
    with bundle.file("pictures.bin") as stream:
        stream.write(b"".join(pictures))


def write_tiny_bundle(
    target: Path,
    *,
    count: int = 12,
    seed: int = 7,
    k: int = 5,
    ids: Sequence[str] | None = None,
    clusters: int = 2,
    maps: bool = True,
    int8: Quantization | None = None,
    bf16: Rounding | None = None,
    index: bool = False,
    picture_hashes: bool = False,
    plane: bool = False,
    writer: type[BundleWriter] = BundleWriter,
) -> Manifest:
    """Write a complete, honest bundle of `count` tiles named c300, c303, c306, ...

    Other `ids` must come in ascending order of their UTF-8 bytes. Another `writer` may err.
    Without `maps` it is a bundle of the study's kind, which judges by outlier distance. With
    `int8` or `bf16` it has such an encoder, off by a thousandth; with `index` one of two lists,
    the dark and the bright, of which a search looks into one; with `picture_hashes` pictures
    are checked one by one, as in large bundles; with `plane` the first two latents are the places
    on its map.
    """
    tiles = tiny_tiles(count, seed)
    ids = ids or [f"c{300 + 3 * number}" for number in range(count)]
    latents = tiny_latents(tiles)
    mean, scale = latents.mean(0), latents.std(0)
    points = ((latents - mean) / scale).astype(np.float32)
    away = np.sqrt(((points[:, None] - points[None]) ** 2).sum(2))
    np.fill_diagonal(away, np.inf)
    order = np.argsort(away, axis=1, kind="stable")[:, :k]
    labels = np.arange(count, dtype=np.int32) * clusters // count
    if not clusters:
        labels[:] = -1
    labels[-1] = -1
    noise = float((labels < 0).mean())
    pictures = [png(tile) for tile in tiles]
    _, rows, nodes, bounds = KDTree(points, leaf_size=4).get_arrays()
    leaves = [number for number, node in enumerate(nodes) if node["is_leaf"]]
    upper = np.sort(away[np.triu_indices(count, 1)])
    seen = tiny_maps(tiles) if maps else no_maps(count)
    rules = tiny_rules(maps=maps)
    with writer(target) as bundle:
        _write_screening(bundle, rules, tiles, points, seen)
        _write_optional(bundle, points, latents, index=index, plane=plane)
        bundle.array("ids.npy", np.array([name.encode() for name in ids]))
        bundle.array("latents.npy", latents)
        bundle.array("scaler.npy", np.stack([mean, scale]))
        bundle.array("points.npy", points)
        bundle.array("neighbors.npy", order)
        bundle.array("neighbor_distances.npy", np.take_along_axis(away, order, 1))
        bundle.array("random_distances.npy", upper)
        bundle.array("kdtree_rows.npy", rows)
        bundle.array(
            "kdtree_leaves.npy", [(nodes[at]["idx_start"], nodes[at]["idx_end"]) for at in leaves]
        )
        bundle.array("kdtree_bounds.npy", np.asarray(bounds)[:, leaves])
        bundle.array("labels.npy", labels)
        bundle.array("core.npy", labels >= 0)
        bundle.array("dbscan_labels.npy", labels)
        bundle.array("eps_sweep.npy", np.array([[0.5, 1.0, 0.0], [1.5, noise, 2.0]]))
        bundle.array("k_distances.npy", np.sort(np.take_along_axis(away, order, 1)[:, -1]))
        bundle.array("scan_numbers.npy", np.arange(count) % 3)
        bundle.array("positions.npy", np.stack([np.arange(count) * 350, np.zeros(count)], 1))
        _write_pictures(bundle, tiles, pictures, hashes=picture_hashes)
        bundle.array("probes.npy", tiles[:4])
        bundle.array("probe_latents.npy", latents[:4])
        with bundle.file("scans.json") as stream:
            stream.write(
                b'[{"name": "film-a", "patient": "p1"}, {"name": "film-b", "patient": "p1"},'
                b' {"name": "film-c", "patient": null}]'
            )
        write_encoder(bundle.staging / "encoder.onnx", maps=maps)
        for name, made in (("int8", int8), ("bf16", bf16)):
            if made is not None:
                write_encoder(bundle.staging / f"encoder-{name}.onnx", maps=maps, drift=1e-3)
        write_decoder(bundle.staging / "decoder.onnx")
        return bundle.finish(
            Manifest(
                created=datetime(2026, 1, 1, tzinfo=UTC),
                profile="default",
                seed=seed,
                settings={"tiny": True},
                versions={},
                source=Source(tiles=count, scans=3),
                preprocessing=Preprocessing(side=SIDE),
                latent_dim=DIM,
                neighbors=k,
                clustering=Clustering(
                    method="by hand", settings={}, clusters=clusters, noise_share=noise
                ),
                dbscan=Clustering(
                    method="dbscan",
                    settings={"eps": 1.5, "min_samples": 5},
                    clusters=clusters,
                    noise_share=noise,
                ),
                screening=rules,
                quantization=int8,
                bfloat16=bf16,
                index=TINY_INDEX if index else None,
                thresholds={
                    "cluster_reach": Threshold(value=1.0, source="chosen by hand"),
                    "self_test": Threshold(value=1e-4, source="chosen by hand"),
                },
                history={"loss": [0.7, 0.6], "val_loss": [0.7, 0.65]},
            )
        )

"""From tiles, latents and models to a bundle: scaler, neighbours, clusters, pictures."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.preprocessing import StandardScaler

from bundle.arrays import Grey, Latents, Points
from bundle.errors import BundleError, InputError
from bundle.manifest import Manifest, Preprocessing, Setting, Source, Threshold
from bundle.neighbors import Hits
from bundle.runtime import OnnxEncoder
from bundle.writer import BundleWriter
from training.cluster import Labels, dbscan, density, edges, k_distances, knee, sweep
from training.graph import neighbor_graph, random_distances, tree_arrays
from training.progress import StepLog, peak_rss_mib
from training.tiles import TileSet

MAX_NEIGHBORS = 100
PROBES = 16
_PICTURES_A_STEP = 256


@dataclass(frozen=True)
class Fitted:
    """What training hands over.

    tiles: the tiles that were trained on.
    latents: (n, d) float32, what `encoder.onnx` gives for them.
    models: the folder that holds encoder.onnx and decoder.onnx.
    history: loss by epoch, by name.
    metrics: figures for the manifest; the most memory in use is added.
    log: the clock of the steps so far; assembling adds its own.
    """

    tiles: TileSet
    latents: Latents = field(repr=False)
    models: Path
    profile: str
    seed: int
    settings: dict[str, Setting]
    versions: dict[str, str]
    history: dict[str, list[float]]
    log: StepLog
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    """What was found about the tiles: everything that is computed from the latents."""

    points: Points
    graph: Hits
    pairs: NDArray[np.float32]
    labels: Labels
    reach: float
    dbscan: Labels
    tolerance: Threshold


def assemble(target: Path, fitted: Fitted) -> Manifest:
    """Scale, index and cluster the latents, and write the bundle at `target`.

    Raises:
        InputError: there are fewer than two tiles.
        BundleError: the latents are not what the encoder gives, or the bundle does not
            prove itself.
    """
    if len(fitted.tiles) < 2:  # noqa: PLR2004
        raise InputError(
            f"A bundle needs at least 2 tiles to have neighbours; there is {len(fitted.tiles)}."
        )
    with BundleWriter(target) as writer:
        _write_tiles(writer, fitted)
        found = _find(writer, fitted)
        return writer.finish(_manifest(fitted, found))


def _find(writer: BundleWriter, fitted: Fitted) -> _Found:
    log, count = fitted.log, len(fitted.tiles)
    tolerance = _write_probes(writer, fitted)
    points = _write_points(writer, fitted.latents)
    k = min(MAX_NEIGHBORS, count - 1)
    with log.step("neighbour graph", count) as bar:
        graph = neighbor_graph(points, k, advance=bar.update)
        pairs = random_distances(points, fitted.seed)
    writer.array("neighbors.npy", graph.rows)
    writer.array("neighbor_distances.npy", graph.distances)
    writer.array("random_distances.npy", pairs)
    with log.step("k-d tree", count):
        for name, values in tree_arrays(points):
            writer.array(name, values)
    matrix = edges(graph)
    with log.step("dbscan", count):
        curve = k_distances(graph)
        study = dbscan(matrix, knee(curve))
        writer.array("k_distances.npy", curve)
        writer.array("eps_sweep.npy", sweep(matrix, curve))
    with log.step("clusters", count):
        labels, reach = density(points, matrix)
    writer.array("labels.npy", labels.labels)
    writer.array("core.npy", labels.core)
    writer.array("dbscan_labels.npy", study.labels)
    return _Found(points, graph, pairs, labels, reach, study, tolerance)


def _write_points(writer: BundleWriter, latents: Latents) -> Points:
    scaler = StandardScaler().fit(latents.astype(np.float64))
    mean, scale = np.stack([scaler.mean_, scaler.scale_]).astype(np.float32)
    points: Points = ((latents - mean) / scale).astype(np.float32)
    writer.array("latents.npy", latents)
    writer.array("scaler.npy", np.stack([mean, scale]))
    writer.array("points.npy", points)
    return points


def _write_probes(writer: BundleWriter, fitted: Fitted) -> Threshold:
    rows = np.unique(np.linspace(0, len(fitted.tiles) - 1, PROBES).round().astype(int))
    probes = np.ascontiguousarray(fitted.tiles.inputs[rows])
    expected = OnnxEncoder(fitted.models, threads=1).encode(probes)
    threaded = OnnxEncoder(fitted.models, threads=2).encode(probes)
    noise = float(np.abs(expected - threaded).max())
    spread = float(fitted.latents.std())
    tolerance = 1e-3 * spread + noise
    difference = float(np.abs(expected - fitted.latents[rows]).max())
    if not difference <= tolerance:
        raise BundleError(
            f"The latents are not what encoder.onnx gives: they differ by {difference:.3g}, "
            f"allowed is {tolerance:.3g}. Fit again."
        )
    writer.array("probes.npy", probes)
    writer.array("probe_latents.npy", expected)
    return Threshold(
        value=tolerance,
        source="a thousandth of the latents' standard deviation, plus the difference "
        "between one thread and two",
    )


def _write_tiles(writer: BundleWriter, fitted: Fitted) -> None:
    tiles = fitted.tiles
    writer.array("ids.npy", np.array([tile_id.encode() for tile_id in tiles.ids]))
    writer.array("scan_numbers.npy", tiles.scan_numbers)
    writer.array("positions.npy", tiles.positions)
    with writer.file("scans.json") as stream:
        stream.write(json.dumps([asdict(scan) for scan in tiles.scans]).encode())
    for name in ("encoder.onnx", "decoder.onnx"):
        with writer.file(name) as stream, (fitted.models / name).open("rb") as source:
            shutil.copyfileobj(source, stream)
    offsets = [0]
    with fitted.log.step("pictures", len(tiles)) as bar, writer.file("pictures.bin") as stream:
        for picture in _pictures(tiles):
            offsets.append(offsets[-1] + stream.write(picture))
            bar.update()
    writer.array("picture_offsets.npy", offsets)


def _pictures(tiles: TileSet) -> Iterator[bytes]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(tiles), _PICTURES_A_STEP):
            yield from pool.map(_png, tiles.inputs[start : start + _PICTURES_A_STEP])


def _png(pixels: Grey) -> bytes:
    stream = BytesIO()
    Image.fromarray(np.asarray(pixels)).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _manifest(fitted: Fitted, found: _Found) -> Manifest:
    return Manifest(
        created=datetime.now(UTC),
        profile=fitted.profile,
        seed=fitted.seed,
        settings=fitted.settings,
        versions=fitted.versions,
        source=Source(
            tiles=len(fitted.tiles),
            scans=len(fitted.tiles.scans),
            skipped=fitted.tiles.skipped,
        ),
        preprocessing=Preprocessing(side=fitted.tiles.inputs.shape[1]),
        latent_dim=fitted.latents.shape[1],
        neighbors=found.graph.rows.shape[1],
        clustering=found.labels.about,
        dbscan=found.dbscan.about,
        thresholds={
            "cluster_reach": Threshold(
                value=found.reach,
                source="95th percentile of stored tiles' distance to the nearest core tile",
            ),
            "self_test": found.tolerance,
        },
        metrics={**fitted.metrics, "peak_rss_mib": peak_rss_mib()},
        history=fitted.history,
        steps=fitted.log.steps,
    )

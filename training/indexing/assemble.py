"""From tiles, latents and models to a bundle: scaler, neighbours, clusters, pictures."""

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle.arrays import Grey, Latents, Points
from bundle.bundle import Bundle, picture_hash
from bundle.errors import BundleError, InputError
from bundle.layout import ENCODERS, MAP, PICTURE_HASHES, SURROUNDINGS, TILE_HASHES
from bundle.manifest import (
    Manifest,
    Precision,
    Preprocessing,
    Quantization,
    Screening,
    Setting,
    Source,
    Threshold,
)
from bundle.neighbors import Hits
from bundle.plane import Plane
from bundle.runtime import OnnxEncoder
from bundle.screening import COLOUR_LIMIT, Evidence, Screened
from bundle.spread import spread
from bundle.writer import BundleWriter
from training.indexing.cluster import Labels, dbscan, edges, k_distances, knee, sweep, sweep_values
from training.indexing.density import Density, density
from training.indexing.graph import neighbor_graph, random_distances, tree_arrays
from training.indexing.lists import LEAST, Indexed, index_points
from training.indexing.plane import STEPS, lay_out
from training.indexing.quantized import Trial, measure
from training.indexing.scaler import scale, sureness
from training.progress import StepLog, peak_rss_mib
from training.screening.judge import Case, judge
from training.screening.rules import colour_limit
from training.tiles import TileSet

MIN_TILES = 2
MAX_NEIGHBORS = 100
PROBES = 16
_PICTURES_A_STEP = 256
_COMPRESSION = 4  # level 6 takes 1.7 times as long and saves nothing


@dataclass(frozen=True)
class Fitted:
    """What training hands over.

    tiles: the tiles that were trained on.
    latents: (n, d) float32, what `encoder.onnx` gives for them. evidence: of its maps.
    placed: the same with what the scan round each tile says, see `training.screening.placing`.
    held_out: (v,) int64 rows that were not trained on.
    models: the folder that holds encoder.onnx and decoder.onnx.
    history: loss by epoch, by name.
    metrics: figures for the manifest; the most memory in use is added.
    log: the clock of the steps so far; assembling adds its own.
    rounded: encoders of less precision in `models`, with the rows that the scales of each were
        taken from.
    """

    tiles: TileSet
    latents: Latents = field(repr=False)
    evidence: Evidence = field(repr=False)
    placed: Evidence = field(repr=False)
    held_out: NDArray[np.int64] = field(repr=False)
    models: Path
    profile: str
    seed: int
    settings: dict[str, Setting]
    versions: dict[str, str]
    history: dict[str, list[float]]
    log: StepLog
    metrics: dict[str, float] = field(default_factory=dict)
    rounded: Mapping[Precision, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    @property
    def makes_maps(self) -> bool:
        """Whether the encoder gives maps of evidence, and a last latent that sums them up."""
        return bool(np.isfinite(self.evidence.peaks).all())


@dataclass(frozen=True)
class _Found:
    """What was found about the tiles: everything that is computed from their points."""

    graph: Hits
    tree: dict[str, NDArray[np.generic]]
    index: Indexed | None
    random_distances: NDArray[np.float32]
    k_distances: NDArray[np.float32]
    eps_sweep: NDArray[np.float32]
    dbscan: Labels
    density: Density
    plane: Plane


def assemble(target: Path, fitted: Fitted) -> Manifest:
    """Scale, index and cluster the latents, and write the bundle at `target`.

    Raises:
        InputError: there are fewer than two tiles.
        BundleError: the latents are not what the encoder gives, or the bundle does not
            prove itself.
    """
    if len(fitted.tiles) < MIN_TILES:
        raise InputError(
            f"A tile needs another to be its neighbour, and there is {len(fitted.tiles)}. "
            f"Give at least {MIN_TILES} tiles; a few hundred are useful."
        )
    with BundleWriter(target) as writer:
        self_test = _write_probes(writer, fitted)
        sure = sureness(fitted.placed.peaks[:, 0]) if fitted.makes_maps else None
        scaler, points = scale(fitted.latents, sure)
        writer.array("latents.npy", fitted.latents)
        writer.array("scaler.npy", scaler)
        writer.array("points.npy", points)
        found = _find(points, fitted)
        _write_found(writer, found)
        rules, screened, surroundings = judge(
            _case(fitted, scaler, points, found.graph), fitted.log
        )
        _write_screened(writer, screened)
        if surroundings.any():
            writer.array(SURROUNDINGS, surroundings)
        _write_tiles(writer, fitted)
        manifest = _manifest(fitted, found, rules, self_test)
        if fitted.rounded:
            arrays = {
                "scaler.npy": scaler,
                "points.npy": points,
                "tile_sizes.npy": fitted.tiles.sizes,
            }
            unfinished = Bundle(fitted.models, manifest, arrays, (), np.empty(0, np.uint8))
            manifest = manifest.model_copy(update=_rounding(fitted, unfinished))
        return writer.finish(manifest)


def _rounding(fitted: Fitted, unfinished: Bundle) -> dict[str, Any]:
    """Return what the manifest tells of the encoders of less precision."""
    found: dict[str, Any] = {}
    probes = spread(len(fitted.tiles), PROBES)
    for precision, rows in fitted.rounded.items():
        with fitted.log.step(f"measure {precision}", len(fitted.tiles)):
            made = measure(Trial(fitted.models, fitted.tiles, rows, probes, unfinished), precision)
        if precision == "int8":
            found["quantization"] = Quantization(calibration_tiles=len(rows), **made.model_dump())
        else:
            found["bfloat16"] = made
    return found | {"steps": fitted.log.steps}


def _case(fitted: Fitted, scaler: NDArray[np.float32], points: Points, graph: Hits) -> Case:
    return Case(
        tiles=fitted.tiles,
        held_out=fitted.held_out,
        evidence=fitted.evidence,
        placed=fitted.placed,
        maps=fitted.makes_maps,
        encoder=OnnxEncoder(fitted.models),
        scaler=scaler,
        points=points,
        graph=graph,
        seed=fitted.seed,
    )


def _find(points: Points, fitted: Fitted) -> _Found:
    log, count = fitted.log, len(points)
    with log.step("neighbour graph", count) as bar:
        graph = neighbor_graph(points, min(MAX_NEIGHBORS, count - 1), advance=bar.update)
    with log.step("k-d tree", count) as bar:
        tree = dict(tree_arrays(points))
        bar.update(count)
    index = None
    if count >= LEAST:
        with log.step("index", count) as bar:
            index = index_points(points, fitted.seed)
            bar.update(count)
    matrix, curve = edges(graph), k_distances(graph)
    values = sweep_values(curve)
    with log.step("DBSCAN over eps", len(values), unit=" eps") as bar:
        study = dbscan(matrix, knee(curve))
        swept = sweep(matrix, values, advance=bar.update)
    with log.step("clusters", count) as bar:
        clusters = density(points, matrix)
        bar.update(count)
    with log.step("map", STEPS, unit=" steps") as bar:
        plane = lay_out(points, graph.rows, advance=bar.update)
    pairs = random_distances(points, fitted.seed)
    return _Found(graph, tree, index, pairs, curve, swept, study, clusters, plane)


def _write_found(writer: BundleWriter, found: _Found) -> None:
    writer.array("neighbors.npy", found.graph.rows)
    writer.array("neighbor_distances.npy", found.graph.distances)
    writer.array("random_distances.npy", found.random_distances)
    for name, values in (found.tree | (found.index.arrays if found.index else {})).items():
        writer.array(name, values)
    writer.array("k_distances.npy", found.k_distances)
    writer.array("eps_sweep.npy", found.eps_sweep)
    writer.array("dbscan_labels.npy", found.dbscan.labels)
    writer.array("labels.npy", found.density.labels.labels)
    writer.array("core.npy", found.density.core)
    writer.array(MAP, found.plane)


def _write_screened(writer: BundleWriter, screened: Screened) -> None:
    writer.array("scores.npy", screened.scores)
    writer.array("boxes.npy", screened.boxes)
    writer.array("verdicts.npy", screened.verdicts)


def _write_probes(writer: BundleWriter, fitted: Fitted) -> Threshold:
    """Write tiles from all over the set with their latents; return what may differ later.

    Another machine, thread count or batch size sums in another order. What the last two do
    is measured here; a thousandth of the latents' spread beside it is far above what the
    first does, and far below what another picture or another encoder does.

    Raises:
        BundleError: the latents handed over are not what the encoder gives.
    """
    rows = spread(len(fitted.tiles), PROBES)
    probes = fitted.tiles.read(rows)
    encoder = OnnxEncoder(fitted.models, threads=1)
    expected = encoder.examine(probes)
    threaded = OnnxEncoder(fitted.models, threads=2).examine(probes)
    singly = [encoder.examine(probes[at : at + 1]) for at in range(len(probes))]
    single = [np.concatenate(parts) for parts in zip(*singly, strict=True)]
    noise = max(
        float(np.abs(one - other).max(initial=0))
        for others in (threaded, single)
        for one, other in zip(expected, others, strict=True)
    )
    allowed = 1e-3 * max(float(fitted.latents.std()), 1e-3) + noise
    difference = float(np.abs(expected.latents - fitted.latents[rows]).max())
    if not difference <= allowed:
        raise BundleError(
            f"The latents are not what encoder.onnx gives: they differ by {difference:.3g}, "
            f"allowed is {allowed:.3g}. Fit again."
        )
    writer.array("probes.npy", probes)
    writer.array("probe_latents.npy", expected.latents)
    writer.array("probe_maps.npy", expected.maps)
    return Threshold(
        value=allowed,
        source="a thousandth of the latents' standard deviation, plus what a second thread or "
        f"a batch of one changed here ({noise:.1e})",
    )


def _write_tiles(writer: BundleWriter, fitted: Fitted) -> None:
    tiles = fitted.tiles
    writer.array("ids.npy", np.array([tile_id.encode() for tile_id in tiles.ids]))
    writer.array("scan_numbers.npy", tiles.scan_numbers)
    writer.array("positions.npy", tiles.positions)
    writer.array("tile_sizes.npy", tiles.sizes)
    writer.array(TILE_HASHES, tiles.contents)
    with writer.file("scans.json") as stream:
        stream.write(json.dumps([asdict(scan) for scan in tiles.scans]).encode())
    names = ["encoder.onnx", "decoder.onnx"]
    names += [ENCODERS[precision] for precision in fitted.rounded]
    for name in names:
        with writer.file(name) as stream, (fitted.models / name).open("rb") as source:
            shutil.copyfileobj(source, stream)
    offsets, hashes = [0], []
    with fitted.log.step("pictures", len(tiles)) as bar, writer.file("pictures.bin") as stream:
        for picture in _pictures(tiles):
            offsets.append(offsets[-1] + stream.write(picture))
            hashes.append(picture_hash(picture))
            bar.update()
    writer.array("picture_offsets.npy", offsets)
    if len(tiles) >= LEAST:
        writer.array(
            PICTURE_HASHES, np.frombuffer(b"".join(hashes), np.uint8).reshape(len(tiles), -1)
        )


def _pictures(tiles: TileSet) -> Iterator[bytes]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(tiles), _PICTURES_A_STEP):
            yield from pool.map(_png, tiles.read(slice(start, start + _PICTURES_A_STEP)))


def _png(pixels: Grey) -> bytes:
    stream = BytesIO()
    Image.fromarray(np.asarray(pixels)).save(stream, "PNG", compress_level=_COMPRESSION)
    return stream.getvalue()


def _manifest(fitted: Fitted, found: _Found, rules: Screening, self_test: Threshold) -> Manifest:
    tiles, clusters = fitted.tiles, found.density
    return Manifest(
        created=datetime.now(UTC),
        profile=fitted.profile,
        seed=fitted.seed,
        settings=fitted.settings,
        versions=fitted.versions,
        source=Source(tiles=len(tiles), scans=len(tiles.scans), skipped=tiles.skipped),
        preprocessing=Preprocessing(side=tiles.inputs.shape[1]),
        latent_dim=fitted.latents.shape[1],
        neighbors=found.graph.rows.shape[1],
        clustering=clusters.labels.about,
        dbscan=found.dbscan.about,
        screening=rules,
        index=found.index.about if found.index else None,
        thresholds={
            "cluster_reach": Threshold(
                value=clusters.reach,
                source="95th percentile of the distances to the nearest core tile, in the "
                "cluster where that is largest",
            ),
            COLOUR_LIMIT: Threshold(
                value=colour_limit(tiles.colours),
                source="share of coloured pixels: 1.3 times that of the tile in 1,000 with the "
                "most, at least 0.1",
            ),
            "self_test": self_test,
        },
        metrics={
            **fitted.metrics,
            **_metrics(tiles, found),
            "peak_rss_mib": peak_rss_mib(),
        },
        history=fitted.history,
        steps=fitted.log.steps,
        white=tiles.white if fitted.makes_maps else None,
    )


def _metrics(tiles: TileSet, found: _Found) -> dict[str, float]:
    """Say without labels what the neighbours are worth.

    close_neighbors: share of tiles whose fifth neighbour is closer than 99 % of random pairs.
    same_scan_neighbors: share of the five nearest that are of the tile's own scan.
    """
    five = min(5, found.graph.rows.shape[1])
    away, pairs = found.graph.distances, found.random_distances
    metrics = {
        "median_nearest_distance": float(np.median(away[:, 0])),
        "median_random_distance": float(np.median(pairs)),
        "close_neighbors": float((away[:, five - 1] < np.quantile(pairs, 0.01)).mean()),
    }
    known = tiles.scan_numbers >= 0
    if known.any():
        own = tiles.scan_numbers[found.graph.rows[known, :five]]
        metrics["same_scan_neighbors"] = float((own == tiles.scan_numbers[known, None]).mean())
    return metrics

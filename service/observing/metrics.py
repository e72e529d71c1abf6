"""What is counted and measured, for Prometheus: the one place that names a metric.

Several worker processes share the figures through files (`service.workers.sharing`), and each of
them gives those of all.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from bundle.manifest import Manifest, Precision
from service.workers.sharing import FOLDER

REGISTRY = CollectorRegistry()
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

REQUESTS = Counter(
    "tilescreen_requests",
    "Requests answered, by the route's template; 499 is a client that left. Probes do not count.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "tilescreen_request_seconds",
    "From a request's headers to the end of its answer.",
    ["route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
PART_SECONDS = Histogram(
    "tilescreen_part_seconds",
    "Parts of a request: read, decode, queue, inference, search; as in Server-Timing.",
    ["part"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
TILES = Counter("tilescreen_tiles", "Tiles that were sent.", registry=REGISTRY)
TILE_ERRORS = Counter(
    "tilescreen_tile_errors", "Tiles that have no answer, by code.", ["code"], registry=REGISTRY
)
RUN_TILES = Histogram(
    "tilescreen_run_tiles",
    "Tiles in a run of the encoder.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
RUN_SECONDS = Histogram(
    "tilescreen_run_seconds", "A run of the encoder.", buckets=_SECONDS, registry=REGISTRY
)
QUEUE_TILES = Gauge(
    "tilescreen_queue_tiles",
    "Tiles that wait for the encoder.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BODY_BYTES = Gauge(
    "tilescreen_body_bytes",
    "Bytes of bodies that requests hold now.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BUNDLE = Gauge(
    "tilescreen_bundle_info",
    "Processes that answer from the bundle, and in which precision; 0 for one that did.",
    ["bundle", "profile", "precision"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BUNDLE_TILES = Gauge(
    "tilescreen_bundle_tiles",
    "Stored tiles of the bundle that answers.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
DRIFT_DISTANCE = Gauge(
    "tilescreen_drift_distance",
    "Distance to the nearest reference: of the last tiles sent (seen), at fit (usual).",
    ["of", "quantile"],
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
DRIFT_TILES = Gauge(
    "tilescreen_drift_tiles",
    "Tiles sent that the drift is told of.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
DRIFT_STABILITY = Gauge(
    "tilescreen_drift_population_stability",
    "Population stability index of those distances; from 0.25 on they have shifted.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)


def answers(manifest: Manifest, precision: Precision) -> None:
    """Tell from which bundle this process answers, and with which of its encoders."""
    BUNDLE.labels(manifest.bundle_id, manifest.profile, precision).set(1)
    BUNDLE_TILES.set(manifest.source.tiles)


def answered(manifest: Manifest, precision: Precision) -> None:
    """Tell that it answers from a bundle no more."""
    BUNDLE.labels(manifest.bundle_id, manifest.profile, precision).set(0)


def forget(process: int | None) -> None:
    """Let what a process that has ended held count no more; what it counted stays."""
    if process is not None and FOLDER in os.environ:
        mark_process_dead(process)  # type: ignore[no-untyped-call]


def exposition(accept: str) -> tuple[bytes, str]:
    """Return all metrics and their content type, in the format that Accept asks for."""
    encode, kind = choose_encoder(accept)
    registry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return encode(registry), kind

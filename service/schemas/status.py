"""How the service is, and which bundle it has."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.schemas.problem import Shape
from service.schemas.results import Answer


class BundleManifest(BaseModel):
    """The bundle's manifest, as docs/bundle-format.md describes it; these and more members."""

    model_config = ConfigDict(extra="allow")

    bundle_id: str = Field(
        description="Hash over everything in the bundle.", examples=["d58c69737ebf73dd"]
    )
    format_version: int = Field(description="Version of the bundle's format.", examples=[2])
    created: datetime = Field(description="When it was fitted.", examples=["2026-01-01T00:00:00Z"])
    profile: str = Field(description="The profile it was fitted with.", examples=["default"])
    seed: int = Field(description="The seed it was fitted with.", examples=[42])
    latent_dim: int = Field(description="Numbers in a latent.", examples=[150])
    neighbors: int = Field(description="Stored neighbours of each tile.", examples=[100])
    source: dict[str, Any] = Field(
        description="The tiles it was fitted on.",
        examples=[{"tiles": 12, "scans": 3, "skipped": {}}],
    )
    screening: dict[str, Any] = Field(
        description="How evidence becomes scores and verdicts, whether that is calibrated, and the "
        "planted benchmark: recall by kind, size and contrast of planted annotations at 1 % false "
        "positives. A verdict is a screen, never a diagnosis.",
        examples=[
            {
                "evidence": "map",
                "slope": 1.0,
                "offset": -1.5,
                "calibrated": True,
                "note": "slope from 2016 planted and 90 unlabelled tiles",
                "drop_score": 0.9,
                "review_score": 0.05,
                "off_topic_distance": 30.0,
                "lettering_share": 0.06,
                "benchmark": {
                    "false_positive_rate": 0.01,
                    "evidence": 3.5,
                    "clean_tiles": 90,
                    "scans": 1,
                    "recalls": [
                        {
                            "kind": "letters",
                            "letter_px": [10, 20],
                            "contrast": [0.15, 0.4],
                            "tiles": 12,
                            "recall": 1.0,
                        }
                    ],
                },
            }
        ],
    )
    files: dict[str, Any] = Field(
        description="Size and SHA-256 of every file.",
        examples=[
            {"encoder.onnx": {"sha256": "0" * 64, "size": 1024, "dtype": None, "shape": None}}
        ],
    )


class Alive(Shape):
    """The process answers."""

    status: str = Field(description="Always `alive`.", examples=["alive"])


class Workers(Shape):
    """How many worker processes answer."""

    ready: int = Field(description="Those that answer now.", examples=[2])
    of: int = Field(description="Those that should.", examples=[2])


class Ready(Answer):
    """Tiles can be encoded: a probe tile has just come back as stored, and found its neighbour."""

    status: Literal["ready", "degraded"] = Field(
        description="`degraded` while a worker process is replaced; the others answer.",
        examples=["ready"],
    )
    workers: Workers = Field(
        description="Worker processes on this port.", examples=[{"ready": 2, "of": 2}]
    )
    tiles: int = Field(description="Number of stored tiles.", examples=[12])
    probe_difference: float = Field(
        description="Largest difference of the probe tile's latent and map from the stored ones.",
        examples=[1e-7],
    )
    queue_tiles: int = Field(description="Tiles that requests hold now.", examples=[0])
    queue_limit: int = Field(
        description="Tiles that they may hold before others are refused.", examples=[4096]
    )


class DriftReport(Answer):
    """Whether the last tiles that were sent are like those of the fit.

    Told from their distances to the nearest of the references, which also decide OFF_TOPIC.
    """

    drift: Literal["unknown", "none", "some", "strong"] = Field(
        description="How much they differ; `unknown` until 100 tiles were sent.", examples=["none"]
    )
    sentence: str = Field(
        description="What that means, in words.",
        examples=["The last 300 tiles are as far from the stored tiles as those of the fit."],
    )
    window: int = Field(description="Tiles that count, the last ones.", examples=[1000])
    tiles: int = Field(description="Tiles in the window.", examples=[300])
    stored: int = Field(
        description="Stored tiles that they are compared with, 2,048 at most.", examples=[365]
    )
    quantiles: list[float] = Field(
        description="Of which quantiles the distances are.",
        examples=[[0.05, 0.25, 0.5, 0.75, 0.95]],
    )
    usual: list[float] = Field(
        description="Distances of the stored tiles, to references of other scans.",
        examples=[[2.0, 3.1, 4.01, 5.2, 8.5]],
    )
    seen: list[float | None] = Field(
        description="Distances of the tiles in the window, null for one that is no number; empty "
        "when none was sent.",
        examples=[[2.1, 3.2, 4.1, 5.2, 8.4]],
    )
    population_stability: float | None = Field(
        description="Population stability index of the two; by custom 0.1 is some and 0.25 a "
        "strong shift, beside what so few tiles come to by chance. Null until 100 tiles were sent.",
        examples=[0.03],
    )
    ks_distance: float | None = Field(
        description="Largest difference of the two cumulative distributions, in [0, 1].",
        examples=[0.05],
    )

"""The manifest: everything about a bundle that is not an array.

When the format changes: raise FORMAT_VERSION, add a bundle of it under tests/data/bundle_vN/,
and describe the change in docs/bundle-format.md. Before the first release an older format is
refused, as no bundle of it is anywhere; from then on it must be kept readable.
"""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

FORMAT_VERSION = 2
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 2**20
MOST_FLIPS, LEAST_OVERLAP, LEAST_MEASURED = 0.001, 0.98, 100
"""Verdicts that may differ, neighbours that must not, and tiles that it takes to tell, for an
encoder of less precision to serve unasked."""

Precision: TypeAlias = Literal["fp32", "bf16", "int8"]
"""What an encoder's convolutions multiply."""
Whole: TypeAlias = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A number that answers can say: JSON is written with numbers of 64 bits."""
Setting: TypeAlias = str | Whole | float | bool | list[str] | None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FileEntry(_Part):
    """One file of the bundle: what its bytes must be."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="bytes")
    dtype: str | None = Field(default=None, description="numpy dtype of an array file")
    shape: tuple[int, ...] | None = Field(default=None, description="shape of an array file")


class Preprocessing(_Part):
    """How bytes become encoder input; `bundle.preprocess` is the code that does it."""

    side: int = Field(ge=8, le=1024, description="pixels of the encoder's square input")
    resize: Literal["bilinear"] = "bilinear"
    channels: Literal["grey"] = "grey"


class Source(_Part):
    """The tiles that the bundle was fitted on."""

    tiles: int = Field(ge=1)
    scans: int = Field(ge=0, description="0 when the tiles' scans are not known")
    skipped: dict[str, str] = Field(default={}, description="file name -> why it was left out")


class Step(_Part):
    """One step of the fit, with its clock."""

    name: str
    seconds: float
    tiles_per_s: float | None = None


class Threshold(_Part):
    """A number that decides something, with where it came from."""

    value: float
    source: str


class Clustering(_Part):
    """How a column of labels was made and how it came out."""

    method: str
    settings: dict[str, Setting]
    clusters: int = Field(ge=0)
    noise_share: float = Field(ge=0, le=1)


class Index(_Part):
    """The index of a large bundle, and how much of the truth it finds; absent from a small one.

    Measured at fit on stored tiles, each left out of its own answer.
    """

    lists: int = Field(ge=1, description="1: every search looks at all sketches and is exact")
    probes: int = Field(ge=1, description="lists that a search looks into if not asked for all")
    queries: int = Field(ge=1, description="stored tiles that the recalls were measured on")
    recall_at_10: float = Field(ge=0, le=1, description="share of the 10 nearest that is found")
    recall_at_100: float = Field(ge=0, le=1, description="share of the 100 nearest")

    @model_validator(mode="after")
    def _probes_are_lists(self) -> Self:
        if self.probes > self.lists:
            raise ValueError(f"{self.probes} probes of {self.lists} lists")
        return self


class Recall(_Part):
    """Share of planted annotations that were found, of one kind, size and contrast.

    letter_px: height of the letters in pixels of the tile as it was given, from and below.
    contrast: grey difference to the ground in [0, 1], from and below.
    """

    kind: str
    letter_px: tuple[float, float]
    contrast: tuple[float, float]
    tiles: int = Field(ge=0)
    recall: float = Field(ge=0, le=1)


class PlantedBenchmark(_Part):
    """How much of what was planted on tiles not trained on is found at 1 % false positives."""

    false_positive_rate: float = 0.01
    evidence: float = Field(description="evidence above which a tile counts as found")
    clean_tiles: int = Field(ge=0)
    scans: int = Field(ge=0, description="scans not trained on; 0 when scans are not known")
    recalls: list[Recall] = []


class Screening(_Part):
    """How evidence becomes scores and verdicts.

    The score of lettering is 1 / (1 + exp(-(slope * evidence + offset))).
    """

    evidence: Literal["map", "distance"]
    slope: float = Field(gt=0)
    offset: float
    calibrated: bool = Field(description="false: scores state no shares; the note says why")
    note: str = Field(description="how it was calibrated, or why not")
    drop_score: float = Field(ge=0, le=1.01, description="lettering score from which to drop")
    review_score: float = Field(ge=0, le=1.01, description="lettering score from which to look")
    off_topic_distance: float = Field(gt=0, description="to the references; 1.5 of it scores 1")
    lettering_share: float = Field(ge=0, le=1, description="estimated among the stored tiles")
    benchmark: PlantedBenchmark


class Rounding(_Part):
    """What an encoder of less precision changes beside `encoder.onnx`, measured at fit.

    On stored tiles: shares are 0 to 1, the difference is in the units of latents and maps.
    """

    tiles: int = Field(ge=1, description="tiles that the following was measured on")
    verdict_flips: float = Field(ge=0, le=1, description="share whose verdict is another")
    neighbor_overlap: float = Field(
        ge=0, le=1, description="share of the ten nearest that are the same"
    )
    largest_difference: float = Field(ge=0, description="of any latent or cell of a map")
    allowed_difference: float = Field(gt=0, description="what the self-test allows")

    @property
    def harmless(self) -> bool:
        """Whether it changes nothing that matters, and so may serve unasked."""
        same = self.verdict_flips <= MOST_FLIPS and self.neighbor_overlap >= LEAST_OVERLAP
        return same and self.tiles >= LEAST_MEASURED


class Quantization(Rounding):
    """What `encoder-int8.onnx` changes, on tiles that it was not calibrated on."""

    calibration_tiles: int = Field(ge=1)


class Concept(_Part):
    """Something that people taught by examples, with what held-out examples say of it.

    The figures are None where too few tiles were marked (`note` says so).
    """

    name: str = Field(min_length=1, max_length=80)
    description: str = Field(default="", max_length=500)
    verdict: Literal["review", "drop"] = Field(
        default="review", description="what a tile is at least from the threshold on"
    )
    threshold: float = Field(default=0.5, ge=0, le=1, description="score from which it is told")
    positive: int = Field(ge=1, description="examples that show it")
    negative: int = Field(ge=0, description="examples that do not")
    scans: int = Field(ge=0, description="scans that were held out in turn")
    average_precision: float | None = Field(default=None, ge=0, le=1)
    auc: float | None = Field(default=None, ge=0, le=1)
    note: str = ""


WHITE = 255
"""The white of a bundle that names none."""
_ABSENT = ("index", "quantization", "bfloat16", "concepts", "white")
"""Fields that are written only where they are not None."""


class Manifest(_Part):
    """`manifest.json`."""

    format_version: int = Field(default=FORMAT_VERSION, ge=FORMAT_VERSION, le=FORMAT_VERSION)
    bundle_id: str = Field(default="", description="hash over everything else in the manifest")
    created: datetime
    profile: str
    seed: Whole
    settings: dict[str, Setting]
    versions: dict[str, str]
    source: Source
    preprocessing: Preprocessing
    latent_dim: int = Field(ge=1)
    neighbors: int = Field(ge=1, description="stored neighbours of each tile")
    clustering: Clustering
    dbscan: Clustering
    screening: Screening
    index: Index | None = Field(default=None, description="None: the bundle has no index")
    thresholds: dict[str, Threshold]
    metrics: dict[str, float] = {}
    history: dict[str, list[float]] = {}
    steps: list[Step] = []
    files: dict[str, FileEntry] = {}
    quantization: Quantization | None = Field(
        default=None, description="of `encoder-int8.onnx`; absent where there is none"
    )
    bfloat16: Rounding | None = Field(
        default=None, description="of `encoder-bf16.onnx`; absent where there is none"
    )
    concepts: tuple[Concept, ...] | None = Field(
        default=None, description="what was taught; absent where nothing was"
    )
    white: int | None = Field(
        default=None,
        ge=1,
        le=WHITE,
        description="the brightest grey of the stored tiles, for the second look; absent: 255",
    )

    @model_validator(mode="after")
    def _clusters_have_tiles(self) -> Self:
        if max(self.clustering.clusters, self.dbscan.clusters) > self.source.tiles:
            raise ValueError(f"more clusters than the {self.source.tiles} tiles")
        return self

    @model_validator(mode="after")
    def _concepts_have_names_of_their_own(self) -> Self:
        names = [one.name for one in self.concepts or ()]
        if len(set(names)) < len(names):
            raise ValueError("two concepts have one name")
        return self

    @model_serializer(mode="wrap")
    def _serialize(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not there, so that bundles of before keep their id."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key not in _ABSENT or value}

    @property
    def rounded(self) -> dict[Precision, Rounding]:
        """What the encoders of less precision change, those that there are, fastest first."""
        both: dict[Precision, Rounding | None] = {"int8": self.quantization, "bf16": self.bfloat16}
        return {precision: made for precision, made in both.items() if made is not None}

    def expected_id(self) -> str:
        """Return the id that the content must have: SHA-256 of the rest, 16 hex digits.

        The rest holds the hash of every file, so the id stands for the whole bundle.
        """
        rest = self.model_dump(mode="json", exclude={"bundle_id"})
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

"""The manifest: everything about a bundle that is not an array.

When the format changes: raise FORMAT_VERSION, keep reading the old version, add a bundle
of it under tests/data/bundle_vN/, and describe the change in docs/bundle-format.md.
"""

import hashlib
import json
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 2**20

Setting: TypeAlias = str | int | float | bool | list[str] | None


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


class Manifest(_Part):
    """`manifest.json`."""

    format_version: int = Field(default=FORMAT_VERSION, ge=1, le=FORMAT_VERSION)
    bundle_id: str = Field(default="", description="hash over everything else in the manifest")
    created: datetime
    profile: str
    seed: int
    settings: dict[str, Setting]
    versions: dict[str, str]
    source: Source
    preprocessing: Preprocessing
    latent_dim: int = Field(ge=1)
    neighbors: int = Field(ge=1, description="stored neighbours of each tile")
    clustering: Clustering
    dbscan: Clustering
    thresholds: dict[str, Threshold]
    metrics: dict[str, float] = {}
    history: dict[str, list[float]] = {}
    steps: list[Step] = []
    files: dict[str, FileEntry] = {}

    def expected_id(self) -> str:
        """Return the id that the content must have: SHA-256 of the rest, 16 hex digits.

        The rest holds the hash of every file, so the id stands for the whole bundle.
        """
        rest = self.model_dump(mode="json", exclude={"bundle_id"})
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

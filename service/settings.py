"""Every setting of the service: name, default, unit and one sentence each.

A setting `max_batch_size` is the environment variable TILESCREEN_MAX_BATCH_SIZE and the
flag --max-batch-size; a flag wins. `python -m service.settings` prints docs/settings.md's table.
"""

import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bundle.encoders import PrecisionChoice
from bundle.preprocess import MAX_PIXELS

PREFIX = "TILESCREEN_"
CURRENT = "current"
ANY_HOST = "*"
_HOST = re.compile(r"\*|[a-z0-9_.-]+|\[?[0-9a-f:.]+\]?")
MIB = 2**20
SECRET = {"api_keys", "database_url"}
"""Settings without a flag: any user of a machine may read the flags of every process."""
EMPTY = (None, "", SecretStr(""))


class Settings(BaseSettings):
    """What can be set. Built once at the start and passed in; nothing reads it at import."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    bundle: Path | None = Field(
        None,
        title="folder",
        description="The bundle to serve, as `python -m training fit` wrote it, or a link to one; "
        "when another takes its place, that is served within a second.",
    )
    bundles: Path | None = Field(
        None,
        title="folder",
        description="A folder of bundles that may be activated; without `bundle`, `current` "
        "in it is served.",
    )
    decisions: Path = Field(
        Path("decisions"),
        title="folder",
        description="What people decide is kept here, in an SQLite file.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        title="address",
        validation_alias=AliasChoices(f"{PREFIX}DATABASE_URL", "DATABASE_URL", "database_url"),
        description="A PostgreSQL database for decisions instead, for replicas on several "
        "machines, as `postgresql://user:password@host/name`; without it `DATABASE_URL` counts.",
    )
    signing_key: Path | None = Field(
        None,
        title="file",
        description="The Ed25519 key that signs exports, as PEM; without it one is made in "
        "`decisions` at the first export. Replicas need one that they share.",
    )
    host: str = Field(
        "127.0.0.1",
        title="address",
        description="Address to listen on; 0.0.0.0 is every network card.",
    )
    port: int = Field(
        8000, title="port", ge=0, le=65535, description="TCP port to listen on; 0 takes a free one."
    )
    published: str = Field(
        "",
        title="address",
        description="In a container, the address that its port is published on, which tells who "
        "can reach it; empty is `host`.",
    )
    allowed_hosts: str = Field(
        "",
        title="names",
        description="Names, with commas between, that the service answers to beside localhost and "
        "loopback addresses, `*` for any: those of a proxy. Empty is any where keys are needed.",
    )
    api_keys: SecretStr = Field(
        SecretStr(""),
        title="keys",
        description="Keys with their roles, as `read:KEY,admin:KEY`; needed where others than this "
        "machine can reach the service.",
    )
    api_keys_file: Path | None = Field(
        None,
        title="file",
        description="A file of such keys, one `role:KEY` or `role:sha256:HASH` a line.",
    )
    workers: int = Field(
        1,
        title="processes",
        ge=1,
        le=256,
        description="Processes that answer on one port; limits of tiles and bytes hold for each.",
    )
    worker_timeout_s: float = Field(
        10.0,
        title="s",
        ge=1,
        le=3600,
        description="A worker that stands still for so long is replaced; the only one ends.",
    )
    threads: int = Field(
        0,
        title="threads",
        ge=0,
        le=256,
        description="Threads of the encoder in each process; 0 shares the cores among them.",
    )
    precision: PrecisionChoice = Field(
        "auto",
        title="precision",
        description="Encoder to serve: `fp32`, `bf16`, `int8`, or `auto`, the fastest of which "
        "the bundle says that it changes nothing that matters.",
    )
    max_batch_size: int = Field(
        32, title="tiles", ge=1, le=4096, description="Most tiles in one run of the encoder."
    )
    max_batch_delay_ms: float = Field(
        0.0,
        title="ms",
        ge=0,
        le=1000,
        description="How long a tile waits for company in its run, even if the encoder is idle.",
    )
    max_queue_tiles: int = Field(
        4096,
        title="tiles",
        ge=1,
        le=1_000_000,
        description="Tiles that may be under way, read but not answered; "
        "a request beyond that is answered 429.",
    )
    max_client_batch: int = Field(
        256, title="tiles", ge=1, le=100_000, description="Most tiles in one request."
    )
    max_body_bytes: int = Field(
        33 * MIB,  # the client's 32 MiB of tiles, and the form around them
        title="bytes",
        ge=1024,
        le=16 * 1024 * MIB,
        description="Longest body of a request, all tiles together.",
    )
    max_bytes_in_flight: int = Field(
        128 * MIB,
        title="bytes",
        ge=1024,
        le=1024 * 1024 * MIB,
        description="Bytes that the bodies of all requests may hold together; "
        "a request beyond that is answered 429.",
    )
    max_tile_bytes: int = Field(
        16 * MIB, title="bytes", ge=1024, le=2048 * MIB, description="Longest PNG file of a tile."
    )
    max_tile_pixels: int = Field(
        MAX_PIXELS,
        title="pixels",
        ge=64,
        le=256 * MIB,
        description="Most pixels of a tile, read from its header before it is decoded.",
    )
    request_timeout_s: float = Field(
        30.0,
        title="s",
        ge=0.05,
        le=3600,
        description="Longest time to receive a body, and then to encode its tiles; "
        "a third of it for a request's head, a sixth of it without a byte of the body.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", title="level", description="Least serious log lines to write; `info` has requests."
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, given: str) -> str:
        for name in _listed(given):
            if not _HOST.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a host; leave out scheme, port and path")
        return given

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.bundle is None and self.bundles is None:
            raise ValueError(
                "there is no bundle to serve: give --bundle, or --bundles for a folder of them "
                f"({PREFIX}BUNDLE, {PREFIX}BUNDLES)"
            )
        if self.max_client_batch > self.max_queue_tiles:
            raise ValueError(
                f"max_client_batch ({self.max_client_batch}) is above max_queue_tiles "
                f"({self.max_queue_tiles}): such a request could never be taken. "
                "Lower the first as well, or raise the second"
            )
        if self.max_tile_bytes > self.max_body_bytes:
            raise ValueError(
                f"max_tile_bytes ({self.max_tile_bytes}) is above max_body_bytes "
                f"({self.max_body_bytes}): such a tile could never arrive. "
                "Lower the first as well, or raise the second"
            )
        if self.max_body_bytes > self.max_bytes_in_flight:
            raise ValueError(
                f"max_body_bytes ({self.max_body_bytes}) is above max_bytes_in_flight "
                f"({self.max_bytes_in_flight}): such a body could never be taken. "
                "Lower the first as well, or raise the second"
            )
        return self

    @property
    def thread_count(self) -> int:
        """Number of threads that `threads` stands for."""
        return self.threads or max(1, len(os.sched_getaffinity(0)) // self.workers)

    @property
    def has_keys(self) -> bool:
        """Whether API keys are set."""
        return bool(self.api_keys.get_secret_value()) or self.api_keys_file is not None

    @property
    def host_names(self) -> frozenset[str]:
        """The names of `allowed_hosts`, in small letters and without brackets."""
        return frozenset(name.strip("[]").removesuffix(".") for name in _listed(self.allowed_hosts))

    @property
    def followed(self) -> Path:
        """The path of the bundle to serve, which may be a link that is moved one day."""
        if self.bundle is not None:
            return self.bundle
        assert self.bundles is not None, "one of the two is given: see _agree"
        return self.bundles / CURRENT


def _listed(names: str) -> list[str]:
    return [name.strip().lower() for name in names.split(",") if name.strip()]


def table() -> str:
    """Return the settings as a table in Markdown, for docs/settings.md."""
    rows = ["| variable | flag | default | unit | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "none" if field.default in EMPTY else f"`{field.default}`"
        flag = "none" if name in SECRET else f"`--{name.replace('_', '-')}`"
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {flag} | {default} | {field.title} "
            f"| {field.description} |"
        )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")

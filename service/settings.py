"""Every setting of the service: name, default, unit and one sentence each.

A setting `max_batch_size` is the environment variable TILESCREEN_MAX_BATCH_SIZE and the
flag --max-batch-size; a flag wins. `python -m service.settings` prints docs/settings.md's table.
"""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bundle.preprocess import MAX_PIXELS

PREFIX = "TILESCREEN_"


def _setting(default: Any, unit: str, sentence: str, **bounds: float) -> Any:
    extra = {"unit": unit}
    return Field(default, description=sentence, json_schema_extra=extra, **bounds)  # type: ignore[arg-type]


class Settings(BaseSettings):
    """What can be set. Built once at the start and passed in; nothing reads it at import."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    bundle: Path = _setting(..., "folder", "The bundle to serve, as `python -m training fit` wrote it.")
    host: str = _setting("127.0.0.1", "address", "Address to listen on; 0.0.0.0 is every network card.")
    port: int = _setting(8000, "port", "TCP port to listen on; 0 takes a free one.", ge=0, le=65535)
    threads: int = _setting(
        os.cpu_count() or 1, "threads", "Threads of the encoder, and of decoding.", ge=1, le=256
    )
    max_batch_size: int = _setting(32, "tiles", "Most tiles in one run of the encoder.", ge=1, le=4096)
    max_batch_delay_ms: float = _setting(
        2.0, "ms", "How long a tile waits for others to share its run.", ge=0, le=1000
    )
    max_queue_tiles: int = _setting(
        4096, "tiles", "Tiles that may wait; a request beyond that is answered 429.", ge=1, le=10**6
    )
    max_client_batch: int = _setting(256, "tiles", "Most tiles in one request.", ge=1, le=10**5)
    max_body_bytes: int = _setting(
        64 * 2**20, "bytes", "Longest body of a request, all tiles together.", ge=1024, le=2**34
    )
    max_tile_bytes: int = _setting(
        16 * 2**20, "bytes", "Longest PNG file of one tile.", ge=1024, le=2**31
    )
    max_tile_pixels: int = _setting(
        MAX_PIXELS, "pixels", "Most pixels of one tile, read from its header.", ge=64, le=2**28
    )
    request_timeout_s: float = _setting(
        30.0, "s", "Longest time to receive a body, and then to answer it.", gt=0, le=3600
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.max_client_batch > self.max_queue_tiles:
            raise ValueError(
                f"max_client_batch ({self.max_client_batch}) is above max_queue_tiles "
                f"({self.max_queue_tiles}): such a request could never be taken"
            )
        if self.max_tile_bytes > self.max_body_bytes:
            raise ValueError(
                f"max_tile_bytes ({self.max_tile_bytes}) is above max_body_bytes "
                f"({self.max_body_bytes}): such a tile could never arrive"
            )
        return self

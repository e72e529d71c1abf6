"""How much may be sent at once, as the service publishes it or its refusals teach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FORM_PART = 1024
"""Bytes that a form puts around a tile: a boundary, two headers, and the longest file name."""
_FORM_END = 1024


@dataclass
class Limits:
    """How much one request may hold, and all requests together.

    tiles: number of tiles in a request. body_bytes: bytes of its tiles, without the form around
    them. tile_bytes: bytes of one file; a longer one is not sent. tiles_under_way: of all requests
    together, as far as the service tells.

    A request never holds more than the defaults, whatever the service would take: what is lost
    when one breaks stays small.
    """

    tiles: int = 64
    body_bytes: int = 32 * 2**20
    tile_bytes: int = 32 * 2**20
    tiles_under_way: int | None = None

    def publish(self, told: Mapping[str, Any]) -> None:
        """Take in what the service tells of itself; it only ever lowers a limit.

        Raises:
            KeyError, TypeError, ValueError: a member is missing or no number.
        """
        self.tiles = max(1, min(self.tiles, int(told["request_tiles"])))
        room = int(told["request_bytes"]) - self.tiles * _FORM_PART - _FORM_END
        self.body_bytes = max(1, min(self.body_bytes, room))
        self.tile_bytes = min(self.tile_bytes, int(told["tile_bytes"]))
        self.tiles_under_way = int(told["tiles_under_way"])

    def requests(self, most: int) -> int:
        """Return how many full requests the service takes at a time, at most so many."""
        if self.tiles_under_way is None:
            return most
        return max(1, min(most, self.tiles_under_way // self.tiles))

    def lower_tiles(self, refused: int) -> None:
        """Learn that so many tiles were too many for a request."""
        self.tiles = max(1, min(self.tiles, refused // 2))

    def lower_bytes(self, refused: int) -> None:
        """Learn that so many bytes were too many for a request."""
        self.body_bytes = max(1, min(self.body_bytes, refused // 2))

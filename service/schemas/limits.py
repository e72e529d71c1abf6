"""How much may be asked at once."""

from pydantic import Field

from service.schemas.results import Answer


class Limits(Answer):
    """What one request may hold, and all requests together; for clients that send many tiles."""

    request_tiles: int = Field(description="Most tiles in one request.", examples=[256])
    request_bytes: int = Field(
        description="Longest body of a request, the form around the tiles included.",
        examples=[34603008],
    )
    request_timeout_s: float = Field(
        description="Seconds that a body may take to arrive, and then its tiles to be encoded.",
        examples=[30.0],
    )
    tile_bytes: int = Field(description="Longest PNG file of a tile.", examples=[16777216])
    tile_pixels: int = Field(description="Most pixels of a tile.", examples=[4194304])
    tiles_under_way: int = Field(
        description="Tiles that may be under way in all requests together; beyond is 429.",
        examples=[4096],
    )
    bytes_under_way: int = Field(
        description="Bytes that all bodies may hold together; beyond is 429.",
        examples=[134217728],
    )

"""PNG bytes for tests, made in memory."""

from io import BytesIO
from typing import Any

from numpy.typing import NDArray
from PIL import Image


def png(pixels: NDArray[Any], mode: str | None = None, **options: Any) -> bytes:
    """Encode an array (uint8, uint16 or bool) as a PNG, converted to `mode` if given."""
    image = Image.fromarray(pixels)
    stream = BytesIO()
    (image.convert(mode) if mode else image).save(stream, "PNG", **options)
    return stream.getvalue()

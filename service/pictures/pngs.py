"""Grey pixels as PNG bytes, for routes and pages alike."""

from io import BytesIO

from PIL import Image

from bundle.arrays import Grey


def png_bytes(pixels: Grey) -> bytes:
    """Encode a (height, width) uint8 picture as a PNG."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()

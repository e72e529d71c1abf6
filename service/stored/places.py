"""The map of all tiles as columns of bytes, for the page that draws it."""

import numpy as np

from bundle import Bundle
from service.stored.findings import Findings

_FULL = 255


def map_columns(bundle: Bundle, findings: Findings) -> bytes:
    """Return the columns of the map, one after another, by row, little-endian.

    n tiles have 14 n bytes: x and y as float32 pairs in -1 to 1, cluster labels as int32 (-1:
    stray), verdicts as uint8 (0 keep, 1 review, 2 drop), lettering scores as uint8 of 255.
    """
    scores = np.rint(findings.scores[:, 0] * _FULL).astype(np.uint8)
    labels = np.asarray(bundle.labels).astype("<i4")
    places = np.ascontiguousarray(bundle.plane, dtype="<f4")
    return b"".join(part.tobytes() for part in (places, labels, findings.verdicts, scores))

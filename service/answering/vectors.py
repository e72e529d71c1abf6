"""Latents without JSON: one NumPy array, or one Arrow stream."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from service.answering.looks import Look
from service.errors import Problem

NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
ERRORS = "X-Tile-Errors"
_NAMED = 500
"""Failed tiles that fit into a header; the rows of NaN tell all of them."""

Found = Sequence[Look | Problem]


def npy(found: Found, dim: int) -> bytes:
    """Return (n, dim) float32 latents as a file of NumPy; a failed tile is a row of NaN."""
    stream = BytesIO()
    np.lib.format.write_array(stream, _rows(found, dim), allow_pickle=False)
    return stream.getvalue()


def errors(found: Found) -> Mapping[str, str]:
    """Return the header that names failed tiles: `damaged_tile=(1 4), not_a_png=(2)`, or none.

    It is a dictionary of RFC 9651: positions in the request, by the code of the problem.
    """
    failed: dict[str, list[str]] = {}
    wrong = [(index, one) for index, one in enumerate(found) if isinstance(one, Problem)]
    for index, problem in wrong[:_NAMED]:
        failed.setdefault(problem.kind.code, []).append(str(index))
    told = ", ".join(f"{code}=({' '.join(places)})" for code, places in sorted(failed.items()))
    return {ERRORS: told} if told else {}


def arrow(found: Found, ids: Sequence[str | None], dim: int) -> bytes:
    """Return a stream of one record batch with a row a tile.

    Columns: `id`, `latent` (fixed-size list of dim float32), `error` (code) and `detail`; a tile
    has a latent or an error, the other is null.
    """
    # Not above: seldom asked for, and 4 MiB of memory among four workers.
    import nanoarrow  # noqa: PLC0415
    from nanoarrow import ipc  # noqa: PLC0415

    latent = nanoarrow.fixed_size_list(nanoarrow.float32(), dim)
    text = nanoarrow.string()
    schema = nanoarrow.struct({"id": text, "latent": latent, "error": text, "detail": text})
    problems = [one if isinstance(one, Problem) else None for one in found]
    sound = np.array([problem is None for problem in problems])
    latents = nanoarrow.c_array_from_buffers(
        latent,
        len(found),
        [np.packbits(sound, bitorder="little").tobytes()],
        null_count=int((~sound).sum()),
        children=[nanoarrow.c_array(_rows(found, dim).reshape(-1), nanoarrow.float32())],
    )
    columns = [
        nanoarrow.c_array(ids, text),
        latents,
        nanoarrow.c_array([one and one.kind.code for one in problems], text),
        nanoarrow.c_array([one and one.detail for one in problems], text),
    ]
    batch = nanoarrow.c_array_from_buffers(schema, len(found), [None], children=columns)
    stream = BytesIO()
    with ipc.StreamWriter.from_writable(stream) as writer:
        writer.write_array(batch)
    return stream.getvalue()


def _rows(found: Found, dim: int) -> NDArray[np.float32]:
    rows = np.full((len(found), dim), np.nan, dtype=np.float32)
    for row, one in zip(rows, found, strict=True):
        if isinstance(one, Look):
            row[:] = one.latent
    return rows

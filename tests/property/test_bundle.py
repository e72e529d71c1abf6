"""Promises of the bundle that hold for any input, tried on many."""

import shutil
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from bundle import Bundle, BundleError, TileError, decode_png, load_tile, open_bundle, search
from bundle.index import Index
from bundle.layout import ARRAYS, OTHERS
from bundle.neighbors import IndexKind, nearest_among
from bundle.screening import gather, screen
from bundle.sketches import Sketches, choose, measure, sketch
from tests.forge import SIGNATURE, chunk, reseal
from tests.pictures import png
from tests.tiny import tiny_rules

SIDE = 16
GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]
VALID = [png(GREY.astype(np.uint16) << 8) if mode == "I;16" else png(GREY, mode) for mode in MODES]
KINDS = [
    b"IHDR",
    b"PLTE",
    b"tRNS",
    b"IDAT",
    b"IEND",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"zTXt",
    b"\xff a?",
]
FILES = sorted({*ARRAYS, *OTHERS, "manifest.json"})
quick = settings(max_examples=150, deadline=None)
with_bundle = settings(
    quick, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_tile_or_refused(data: bytes) -> None:
    """Assert the promise of `load_tile`: a picture of the right shape, or a TileError."""
    with suppress(TileError):
        tile = load_tile(data, SIDE, max_pixels=4096)
        assert (tile.shape, tile.dtype) == ((SIDE, SIDE), np.uint8)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, content) of each chunk of a valid PNG."""
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


@quick
@given(st.binary(max_size=200))
@example(b"")
def test_any_bytes(data: bytes) -> None:
    """Any bytes are a tile or a TileError."""
    is_tile_or_refused(data)
    is_tile_or_refused(SIGNATURE + data)


@quick
@given(st.sampled_from(VALID), st.data())
def test_any_flipped_bit_of_a_picture(valid: bytes, data: st.DataObject) -> None:
    """A PNG with one bit flipped is never taken for a tile, as every chunk has a checksum."""
    at = data.draw(st.integers(0, len(valid) * 8 - 1))
    flipped = bytearray(valid)
    flipped[at // 8] ^= 1 << at % 8
    with pytest.raises(TileError):
        load_tile(bytes(flipped), SIDE)


@quick
@given(st.sampled_from(VALID), st.data())
def test_any_cut_of_a_picture(valid: bytes, data: st.DataObject) -> None:
    """A PNG that ends early, wherever, is refused."""
    with pytest.raises(TileError):
        load_tile(valid[: data.draw(st.integers(0, len(valid) - 1))], SIDE)


@settings(quick, max_examples=400)
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=40), st.integers(0, 5))),
    st.integers(0, 400),
    st.integers(0, 255),
)
def test_chunks_that_lie(
    valid: bytes, extra: list[tuple[bytes, bytes, int]], at: int, value: int
) -> None:
    """Changed and added chunks with right checksums are a tile or a TileError, nothing else."""
    parts = [[kind, bytearray(content)] for kind, content in chunks(valid)]
    content = parts[at % len(parts)][1]
    if content:
        content[at % len(content)] = value
    for kind, more, place in extra:
        parts.insert(place, [kind, bytearray(more)])
    is_tile_or_refused(SIGNATURE + b"".join(chunk(bytes(k), bytes(c)) for k, c in parts))


@quick
@given(
    arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40))),
    st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    st.integers(8, 48),
)
def test_preprocessing_keeps_shape_range_and_greys(
    grey: NDArray[np.uint8], mode: str, side: int
) -> None:
    """Grey pictures decode exactly in any mode; resized ones stay within their own range."""
    data = png(grey, mode)
    assert np.array_equal(decode_png(data), grey)
    tile = load_tile(data, side)
    assert (tile.shape, tile.dtype) == ((side, side), np.uint8)
    assert grey.min() <= tile.min() <= tile.max() <= grey.max()


def stored(points: NDArray[np.float32], like: Bundle) -> Bundle:
    """Return a bundle of these points with their k-d tree; nothing else in it is right."""
    _, rows, nodes, bounds = KDTree(points, leaf_size=3).get_arrays()
    leaves = [number for number, node in enumerate(nodes) if node["is_leaf"]]
    found = {
        "points.npy": points,
        "kdtree_rows.npy": np.asarray(rows, dtype=np.int32),
        "kdtree_leaves.npy": np.array(
            [(nodes[one]["idx_start"], nodes[one]["idx_end"]) for one in leaves], dtype=np.int32
        ),
        "kdtree_bounds.npy": np.asarray(bounds)[:, leaves].astype(np.float32),
    }
    source = like.manifest.source.model_copy(update={"tiles": len(points)})
    manifest = like.manifest.model_copy(update={"source": source})
    return replace(like, manifest=manifest, arrays={**like.arrays, **found})


# Few values, so that duplicates and ties are common.
COORDINATES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])


@with_bundle
@given(
    st.sampled_from(["brute", "kdtree"]),
    arrays(np.float32, st.tuples(st.integers(1, 60), st.just(3)), elements=COORDINATES),
    arrays(np.float32, st.tuples(st.integers(0, 4), st.just(3)), elements=COORDINATES),
    st.integers(1, 9),
)
def test_search_equals_brute_force_in_distance(
    tiny_bundle: Bundle,
    index: IndexKind,
    points: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
) -> None:
    """Both searches give the k smallest distances, to k different tiles, with ties and twins."""
    hits = search(stored(points, tiny_bundle), queries, k, index=index)
    away = np.sqrt(((queries[:, None].astype(float) - points[None]) ** 2).sum(2))
    assert np.allclose(hits.distances, np.sort(away, axis=1)[:, :k], atol=1e-5)
    assert np.allclose(np.take_along_axis(away, hits.rows, 1), hits.distances, atol=1e-5)
    assert all(len(set(row)) == min(k, len(points)) for row in hits.rows.tolist())


def sketched(points: NDArray[np.float32], axes: int, lists: int) -> Index:
    """Return an index of points of three numbers over the first axes, in lists by turns."""
    made = sketch(np.eye(3)[:, :axes], points)
    rows = np.argsort(np.arange(len(points)) % lists, kind="stable").astype(np.int32)
    ends = np.append(0, np.bincount(np.arange(len(points)) % lists, minlength=lists).cumsum())
    return Index.of(np.eye(3, axes, dtype=np.float32), rows, made[rows], ends, made[:lists])


@with_bundle
@given(
    arrays(np.float32, st.tuples(st.integers(3, 90), st.just(3)), elements=COORDINATES),
    arrays(np.float32, st.just((3,)), elements=st.floats(width=32)),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_the_index_equals_brute_force_in_distance(
    points: NDArray[np.float32], query: NDArray[np.float32], axes: int, lists: int, k: int
) -> None:
    """All lists give exactly what measuring every point gives, whatever is asked, NaN too."""
    k = min(k, len(points))
    rows, squared = sketched(points, axes, lists).probe(points, query, k, lists)
    with np.errstate(over="ignore", invalid="ignore"):
        everything = np.arange(len(points), dtype=np.int32)
        expected = choose(everything, measure(points, everything, query), k)
    assert np.array_equal(rows, expected[0])
    assert np.array_equal(squared, expected[1], equal_nan=True)


@with_bundle
@given(
    arrays(np.float32, st.tuples(st.integers(3, 90), st.just(3)), elements=COORDINATES),
    arrays(np.float32, st.just((3,)), elements=COORDINATES),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_a_few_lists_give_k_tiles(
    points: NDArray[np.float32], query: NDArray[np.float32], lists: int, k: int
) -> None:
    """A search of one list gives k different tiles at their true distances, ascending."""
    rows, squared = sketched(points, 2, lists).probe(points, query, k, 1)
    assert len(set(rows.tolist())) == len(rows) == min(k, len(points))
    assert np.array_equal(squared, measure(points, rows, query))
    assert (np.diff(squared) >= 0).all()


@with_bundle
@given(st.sampled_from(FILES), st.integers(0, 10**9), st.integers(1, 255))
def test_any_altered_byte_of_a_bundle(tiny_path: Path, name: str, at: int, mask: int) -> None:
    """One byte altered anywhere in a bundle is refused, unless the manifest still says the same."""
    with TemporaryDirectory() as parent:
        folder = Path(shutil.copytree(tiny_path, Path(parent) / "copy"))
        data = bytearray((folder / name).read_bytes())
        data[at % len(data)] ^= mask
        (folder / name).write_bytes(data)
        with suppress(BundleError):
            found = open_bundle(folder).manifest
            assert name == "manifest.json"
            assert found == open_bundle(tiny_path).manifest


# numpy says so when it meets the whole numbers of Python 2, such as 12L.
@pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning")
@with_bundle
@given(st.sampled_from(sorted(ARRAYS)), st.integers(0, 127), st.integers(0, 255), st.booleans())
def test_any_array_header(tiny_path: Path, name: str, at: int, value: int, cut: bool) -> None:
    """A forged array file with a fitting hash opens or is refused; it never escapes as a crash."""
    with TemporaryDirectory() as parent:
        folder = Path(shutil.copytree(tiny_path, Path(parent) / "copy"))
        data = bytearray((folder / name).read_bytes())
        data[at] = value
        (folder / name).write_bytes(data[:at] if cut else data)
        reseal(folder)
        with suppress(BundleError):
            assert len(open_bundle(folder)) == 12


@quick
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(0, 3), st.just(3), g := st.shared(st.integers(1, 5)), g),
        elements=st.floats(width=32),
    ),
    st.integers(8, 40),
)
def test_any_maps_give_scores_and_boxes(maps: NDArray[np.float32], side: int) -> None:
    """Whatever an encoder says, also no number at all: scores in 0..1, boxes on the tile."""
    count = len(maps)
    tiles = np.zeros((count, side, side), dtype=np.uint8)
    evidence = gather(maps, side)
    found = screen(tiny_rules(), tiles, evidence, np.zeros(count, dtype=np.float32))
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    placed = maps.max(axis=(2, 3)) > -2
    assert np.array_equal(found.boxes.any(axis=2), placed)
    for tile, layer in np.argwhere(placed):
        left, top, right, bottom = found.boxes[tile, layer].tolist()
        y, x = np.array(divmod(maps[tile, layer].argmax(), maps.shape[3])) * side / maps.shape[3]
        assert 0 <= left <= x < right <= side
        assert 0 <= top <= y < bottom <= side


@with_bundle
@given(
    arrays(np.float32, st.tuples(st.integers(1, 40), st.just(3)), elements=COORDINATES),
    arrays(np.float32, st.tuples(st.integers(0, 4), st.just(3)), elements=COORDINATES),
    st.sets(st.integers(0, 39)),
    st.integers(1, 9),
)
def test_nearest_among_equals_brute_force_in_distance(
    tiny_bundle: Bundle,
    points: NDArray[np.float32],
    queries: NDArray[np.float32],
    chosen: set[int],
    k: int,
) -> None:
    """The k smallest distances to the rows that count, or to all of them if they are fewer."""
    rows = np.array(sorted(row for row in chosen if row < len(points)), dtype=np.intp)
    among = Sketches.of(rows.astype(np.int32), points[rows])
    hits = nearest_among(stored(points, tiny_bundle), queries, among, k)
    away = np.sqrt(((queries[:, None].astype(float) - points[rows]) ** 2).sum(2))
    assert np.allclose(hits.distances, np.sort(away, axis=1)[:, :k], atol=1e-5)
    assert all(set(row) <= set(rows.tolist()) for row in hits.rows.tolist())

"""Which files a bundle holds, and the dtype and shape of each array in it."""

from typing import NamedTuple

from bundle.manifest import Manifest, Precision


class ArraySpec(NamedTuple):
    """What an array file must be; a letter in `shape` is a size from the manifest or free."""

    dtype: str
    shape: str
    meaning: str


ARRAYS: dict[str, ArraySpec] = {
    "ids.npy": ArraySpec("S", "n", "ids as UTF-8, strictly ascending by byte"),
    "latents.npy": ArraySpec("<f4", "n d", "encoder output"),
    "scaler.npy": ArraySpec("<f4", "2 d", "mean and scale: point = (latent - mean) / scale"),
    "points.npy": ArraySpec("<f4", "n d", "scaled latents, the last with what the scan says"),
    "neighbors.npy": ArraySpec("<i4", "n k", "rows of the nearest other tiles, nearest first"),
    "neighbor_distances.npy": ArraySpec("<f4", "n k", "their distances"),
    "random_distances.npy": ArraySpec("<f4", "q", "ascending distances of random pairs"),
    "kdtree_rows.npy": ArraySpec("<i4", "n", "rows in the order of the tree's leaves"),
    "kdtree_leaves.npy": ArraySpec("<i4", "l 2", "first and end position of each leaf"),
    "kdtree_bounds.npy": ArraySpec("<f4", "2 l d", "lower and upper corner of each leaf's box"),
    "labels.npy": ArraySpec("<i4", "n", "cluster label, -1 for stray tiles"),
    "core.npy": ArraySpec("|b1", "n", "true for tiles that define their cluster"),
    "dbscan_labels.npy": ArraySpec("<i4", "n", "the study's DBSCAN label, -1 for noise"),
    "eps_sweep.npy": ArraySpec("<f4", "m 3", "eps, noise share, number of clusters"),
    "k_distances.npy": ArraySpec("<f4", "c", "ascending distances to the min_samples-th tile"),
    "scan_numbers.npy": ArraySpec("<i4", "n", "position in scans.json, -1 when not known"),
    "positions.npy": ArraySpec("<i4", "n 2", "y and x in the scan in pixels, -1 when not known"),
    "tile_sizes.npy": ArraySpec("<i4", "n 2", "height and width of the tile as it was given"),
    "scores.npy": ArraySpec("<f4", "n 5", "scores of the reasons, see bundle.screening.REASONS"),
    "boxes.npy": ArraySpec("<i2", "n 3 4", "left, top, right, bottom in the encoder's input"),
    "verdicts.npy": ArraySpec("|u1", "n", "0 keep, 1 review, 2 drop"),
    "picture_offsets.npy": ArraySpec("<i8", "p", "n + 1 offsets into pictures.bin"),
    "probes.npy": ArraySpec("|u1", "t s s", "tiles for the self-test"),
    "probe_latents.npy": ArraySpec("<f4", "t d", "the latents the encoder must give for them"),
    "probe_maps.npy": ArraySpec("<f4", "t e g g", "the maps it must give for them; e is 0 or 3"),
}

INDEX: dict[str, ArraySpec] = {
    "index_axes.npy": ArraySpec("<f4", "d a", "orthonormal columns, the sketches' axes"),
    "index_sketches.npy": ArraySpec("<f4", "n b", "along the axes; last, the length of the rest"),
    "index_rows.npy": ArraySpec("<i4", "n", "the tile of each sketch, those of a list together"),
    "index_ends.npy": ArraySpec("<i8", "j", "list i is sketches [i] to [i + 1]"),
    "index_centers.npy": ArraySpec("<f4", "z b", "centre of each list, as a sketch"),
}
"""Of bundles whose manifest has an `index`, and of no others."""

CONCEPTS: dict[str, ArraySpec] = {
    "concepts.npy": ArraySpec("<f4", "o w", "weights of point, log-odds of the scores, and of 1"),
    "concept_scores.npy": ArraySpec("<f4", "n o", "score of each concept, in 0..1"),
}
"""Of bundles whose manifest has `concepts`, and of no others."""

PICTURE_HASH_BYTES = 16
PICTURE_HASHES = "picture_hashes.npy"
TILE_HASHES = "tile_hashes.npy"
SURROUNDINGS = "surroundings.npy"
MAP = "map.npy"
OPTIONAL_ARRAYS: dict[str, ArraySpec] = {
    PICTURE_HASHES: ArraySpec("|u1", "n h", "the first 16 bytes of each picture's SHA-256"),
    TILE_HASHES: ArraySpec("|u1", "n h", "content hash of each tile, see bundle.preprocess"),
    SURROUNDINGS: ArraySpec("<f4", "n", "what the scan changes of the evidence of LETTERING"),
    MAP: ArraySpec("<f4", "n 2", "places of the tiles in a plane, for maps"),
}
"""PICTURE_HASHES, of bundles with many pictures: with it each is checked when it is read, not all
at the start. TILE_HASHES and MAP, absent from bundles of before: by the hashes decisions find their
tile again. SURROUNDINGS, absent where they change nothing."""

OTHERS: dict[str, str] = {
    "encoder.onnx": "(n, s, s) uint8 -> (n, d) float32 and, of some, (n, 3, g, g) float32",
    "decoder.onnx": "(n, d) float32 -> (n, s, s) float32 in [0, 1]",
    "pictures.bin": "each tile's encoder input as a PNG, one after another",
    "scans.json": "a list of {name, patient}",
}

ENCODERS: dict[Precision, str] = {
    "fp32": "encoder.onnx",
    "bf16": "encoder-bf16.onnx",
    "int8": "encoder-int8.onnx",
}
"""The file of each precision."""

OPTIONAL: dict[str, str] = {
    ENCODERS["bf16"]: "as encoder.onnx, written for convolutions in bfloat16",
    ENCODERS["int8"]: "as encoder.onnx, its convolutions in 8-bit integers",
}
"""Files that a bundle may hold; `bfloat16` and `quantization` of the manifest tell of them."""


def specs(manifest: Manifest) -> dict[str, ArraySpec]:
    """Return what each array of a bundle must be, by file name."""
    extra = {name: spec for name, spec in OPTIONAL_ARRAYS.items() if name in manifest.files}
    return (
        ARRAYS | extra | (INDEX if manifest.index else {}) | (CONCEPTS if manifest.concepts else {})
    )


def sizes(manifest: Manifest) -> dict[str, int]:
    """Return the sizes that the manifest fixes, by the letter used in `ARRAYS`."""
    n = manifest.source.tiles
    index = {"j": manifest.index.lists + 1, "z": manifest.index.lists} if manifest.index else {}
    count = len(manifest.concepts or ())
    return index | {
        "o": count,
        "w": manifest.latent_dim + 6,
        "n": n,
        "p": n + 1,
        "d": manifest.latent_dim,
        "k": manifest.neighbors,
        "s": manifest.preprocessing.side,
        "2": 2,
        "3": 3,
        "4": 4,
        "5": 5,
        "h": PICTURE_HASH_BYTES,
    }

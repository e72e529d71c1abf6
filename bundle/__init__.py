"""The contract between training and service: what a bundle is, and how a tile becomes input."""

import os

# Before ONNX Runtime is imported: as it is built for Linux from 1.29 on it tells its makers of each
# model that it loads, unless this is set.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from bundle.bundle import Bundle
from bundle.clusters import Assignment, assign
from bundle.encoders import choose_precision, open_encoder
from bundle.errors import (
    AnimatedTile,
    BundleDamaged,
    BundleError,
    BundleMissing,
    BundleTooNew,
    BundleTooOld,
    DamagedTile,
    EmptyTile,
    InputError,
    NotAPng,
    SelfTestFailed,
    TileError,
    TilescreenError,
    TileTooLarge,
    TileTooSmall,
    UnknownCluster,
    UnknownTile,
)
from bundle.manifest import FORMAT_VERSION, Manifest
from bundle.neighbors import Hits, rarity, search
from bundle.preprocess import decode_png, load_tile, read_tile, resize
from bundle.reader import open_bundle
from bundle.runtime import Encoder, OnnxDecoder, OnnxEncoder, self_test
from bundle.writer import BundleWriter

__all__ = [
    "FORMAT_VERSION",
    "AnimatedTile",
    "Assignment",
    "Bundle",
    "BundleDamaged",
    "BundleError",
    "BundleMissing",
    "BundleTooNew",
    "BundleTooOld",
    "BundleWriter",
    "DamagedTile",
    "EmptyTile",
    "Encoder",
    "Hits",
    "InputError",
    "Manifest",
    "NotAPng",
    "OnnxDecoder",
    "OnnxEncoder",
    "SelfTestFailed",
    "TileError",
    "TileTooLarge",
    "TileTooSmall",
    "TilescreenError",
    "UnknownCluster",
    "UnknownTile",
    "assign",
    "choose_precision",
    "decode_png",
    "load_tile",
    "open_bundle",
    "open_encoder",
    "rarity",
    "read_tile",
    "resize",
    "search",
    "self_test",
]

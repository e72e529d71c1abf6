"""From tiles on disk to a bundle: train, export, encode, assemble."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Latents, Maps
from bundle.layout import ENCODERS
from bundle.manifest import Manifest, Precision
from bundle.openvino_encoder import multiplies_bfloat16
from bundle.runtime import OnnxEncoder
from bundle.screening import Evidence, gather
from bundle.spread import spread
from bundle.views import examine_twice
from training.indexing.assemble import Fitted, assemble
from training.learning.adapting import Adaptation, adapt
from training.learning.backend import versions
from training.learning.checkpoint import State
from training.learning.config import FitConfig
from training.learning.export import export
from training.learning.halves import split_first
from training.learning.learn import Course, learn
from training.learning.network import Autoencoder, build
from training.learning.quantize import CALIBRATION_TILES, quantize
from training.learning.resume import mark_of
from training.learning.split import owners_of, sentence, split
from training.overlap import Overlap, find_overlap
from training.progress import StepLog
from training.screening.placing import placed
from training.tiles import TileSet

_ENCODED_AT_ONCE = 64


@dataclass(frozen=True)
class Job:
    """One fit: what to train on, how, and where to.

    target: the bundle's folder.
    work: folder for what must outlive an interruption.
    data_mark: hash of the tiles, from training.learning.data.
    gpu: train in mixed precision.
    """

    tiles: TileSet
    config: FitConfig
    target: Path
    work: Path
    data_mark: str
    gpu: bool
    log: StepLog = field(repr=False)


def run_job(job: Job) -> Manifest:
    """Train, encode and write the bundle; return its manifest.

    Raises:
        TilescreenError: training failed or the bundle does not prove itself.
    """
    config, tiles = job.config, job.tiles
    parts = split(owners_of(tiles), config.validation, np.random.default_rng(config.seed))
    print(sentence(parts), file=sys.stderr)
    mark = mark_of(config, job.data_mark)
    # The study's encoder makes no maps for tiles to agree on.
    overlap = None if config.profile == "study" else find_overlap(tiles)
    network, state = _train(job, Course(tiles, parts, job.work, mark), overlap)
    with job.log.step("export to ONNX", len(tiles)):
        export(network, job.work)
    rounded = _round(job, parts.train)
    seen = examine(OnnxEncoder(job.work), tiles, overlap, job.log)
    settings = config.settings() | {
        "epochs": config.epochs_for(len(parts.train)),
        "validation_tiles": len(parts.validation),
        "validation_by": parts.by,
        "mixed_precision": job.gpu,
    }
    return assemble(
        job.target,
        Fitted(
            tiles=tiles,
            latents=seen.latents,
            evidence=seen.evidence,
            placed=seen.placed,
            held_out=parts.validation,
            models=job.work,
            profile=config.profile,
            seed=config.seed,
            settings=settings,
            versions=versions(),
            history=state.history,
            log=job.log,
            metrics={
                "best_val_loss": min(state.history["val_loss"]),
                "best_epoch": state.best_epoch,
            },
            rounded=rounded,
        ),
    )


def _round(job: Job, rows: NDArray[np.int64]) -> dict[Precision, NDArray[np.int64]]:
    """Write the encoders of less precision.

    Returns: of each, the rows of the tiles that its scales were taken from.
    """
    chosen: NDArray[np.int64] = np.sort(rows)[spread(len(rows), CALIBRATION_TILES)]
    with job.log.step("quantise", len(chosen)):
        quantize(job.work / ENCODERS["fp32"], job.work / ENCODERS["int8"], job.tiles.read(chosen))
    made: dict[Precision, NDArray[np.int64]] = {"int8": chosen}
    if multiplies_bfloat16():  # or nobody could tell here what it changes
        split_first(job.work / ENCODERS["fp32"], job.work / ENCODERS["bf16"])
        made["bf16"] = chosen[:0]
    return made


def _train(job: Job, course: Course, overlap: Overlap | None) -> tuple[Autoencoder, State]:
    config = job.config
    adaptation = Adaptation(
        job.tiles,
        course.split.train,
        config.adapt_rounds,
        config.seed,
        job.work,
        course.mark,
        overlap,
    )
    start = adapt(adaptation, job.log)
    keras.utils.set_random_seed(config.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16" if job.gpu else "float32")
    try:
        network = build(config, start)
        return network, learn(network, config, course, job.log)
    finally:
        keras.config.set_dtype_policy(before)


class Encoded(NamedTuple):
    """What the exported encoder says of n tiles.

    latents: (n, d) float32. evidence: of each tile alone, as the service has it of one that is
    sent. placed: with what its scan says; the same where the encoder makes no maps.
    """

    latents: Latents
    evidence: Evidence
    placed: Evidence


def examine(encoder: OnnxEncoder, tiles: TileSet, overlap: Overlap | None, log: StepLog) -> Encoded:
    """Examine all tiles with the very code that serves."""
    latents, lettering, found = [], [], []
    side = tiles.inputs.shape[1]
    with log.step("encode", len(tiles)) as bar:
        for start in range(0, len(tiles), _ENCODED_AT_ONCE):
            some = tiles.read(slice(start, start + _ENCODED_AT_ONCE))
            seen = examine_twice(encoder, some, tiles.white)
            latents.append(seen.latents)
            lettering.append(seen.maps[:, :1])
            found.append(gather(seen.maps, side))
            bar.update(len(seen.latents))
    alone = _joined(found)
    maps = np.concatenate(lettering)
    together = np.concatenate(latents)
    if not maps.size:
        return Encoded(together, alone, alone)
    agreed = alone if overlap is None else _agreed(alone, maps, overlap, side)
    return Encoded(together, alone, placed(tiles, agreed))


def _agreed(alone: Evidence, maps: Maps, overlap: Overlap, side: int) -> Evidence:
    """Return the evidence with that of lettering, (n, 1, g, g) maps, as all tiles agree on it."""
    together = gather(overlap.agreed(maps[:, 0])[:, None], side)
    peaks, boxes = alone.peaks.copy(), alone.boxes.copy()
    peaks[:, 0], boxes[:, 0] = together.peaks[:, 0], together.boxes[:, 0]
    return Evidence(peaks, boxes)


def _joined(parts: list[Evidence]) -> Evidence:
    return Evidence(
        np.concatenate([one.peaks for one in parts]), np.concatenate([one.boxes for one in parts])
    )

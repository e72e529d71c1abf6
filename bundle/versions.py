"""A new version of a bundle: the same tiles and encoder, with concepts that people taught."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.concepts import concept_scores
from bundle.layout import CONCEPTS
from bundle.manifest import Concept, Manifest
from bundle.screening import raised, rule_verdicts
from bundle.writer import BundleWriter

_WRITTEN = {*CONCEPTS, "verdicts.npy"}


def write_version(
    bundle: Bundle,
    target: Path,
    concepts: Sequence[Concept],
    weights: NDArray[np.float32],
) -> Manifest:
    """Write a bundle beside another, with these concepts instead of its own.

    All files but those of the concepts and the verdicts are the same, linked where that can be.
    The new bundle appears at the target only after it has proved itself.

    Args:
        bundle: the one to begin with.
        target: folder of the new one.
        concepts: at least one.
        weights: (c, d + 6) float32, see `bundle.concepts.concept_scores`.

    Returns: the manifest of the new bundle.

    Raises:
        BundleError: it does not prove itself, or something else stands at the target.
    """
    scores = np.asarray(bundle.scores)
    found = concept_scores(weights, bundle.points, scores)
    before = rule_verdicts(bundle.manifest.screening, scores)
    manifest = bundle.manifest.model_copy(update={"concepts": tuple(concepts)})
    with BundleWriter(target) as writer:
        for name, entry in bundle.manifest.files.items():
            if name not in _WRITTEN:
                writer.take(bundle.path, name, entry)
        writer.array("concepts.npy", weights)
        writer.array("concept_scores.npy", found)
        writer.array("verdicts.npy", raised(concepts, found, scores, before))
        return writer.finish(manifest)

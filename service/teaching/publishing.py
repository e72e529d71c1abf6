"""Writes what was taught as a new version of the bundle that answers."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bundle.errors import BundleError
from bundle.manifest import Concept, Manifest
from bundle.versions import write_version
from service.errors import BundleRefused, NoFolder, NothingTaught
from service.settings import PREFIX
from service.state import Serving
from service.teaching.taught import Examples

_ENDING = re.compile(r"-taught-\d+$")


def folder_of(serving: Serving) -> Path:
    """Return the folder of bundles.

    Raises:
        NoFolder: none is set.
    """
    folder = serving.settings.bundles
    if folder is None:
        raise NoFolder(
            "There is no folder to write the new bundle version into. Start the service with "
            f"--bundles FOLDER ({PREFIX}BUNDLES), beside --bundle or instead of it."
        )
    return folder


def publish(serving: Serving, lessons: Sequence[tuple[Examples, str, str]]) -> tuple[str, Manifest]:
    """Write a version with these concepts, and those of the bundle that have other names.

    Of the bundle's, those that were taken away since stay out.

    Takes seconds; not on the event loop.

    Args:
        serving: the bundle to begin with.
        lessons: examples, description and verdict of each concept.

    Returns: the new folder's name and its manifest.

    Raises:
        NoFolder, NothingTaught: there is no place, or nothing, to write.
        BundleRefused: the new bundle cannot be written, or does not prove itself.
    """
    folder = folder_of(serving)
    if not lessons:
        raise NothingTaught("No concept has a positive example yet, so there is none to publish.")
    concepts, weights = [], []
    for examples, description, verdict in lessons:
        figures = serving.teaching.evaluate(examples)
        weights.append(serving.teaching.fit(examples).weights)
        concepts.append(
            Concept.model_validate(
                {
                    "name": examples.name,
                    "description": description,
                    "verdict": verdict,
                    "positive": len(examples.positive),
                    "negative": len(examples.negative),
                    "scans": figures.scans,
                    "average_precision": figures.average_precision,
                    "auc": figures.auc,
                    "note": figures.note,
                }
            )
        )
    bundle = serving.bundle
    taken = {one.name for one in concepts} | serving.teaching.gone
    for at, old in enumerate(bundle.manifest.concepts or ()):
        if old.name not in taken:
            concepts.append(old)
            weights.append(np.asarray(bundle.arrays["concepts.npy"][at]))
    last = max(examples.seq for examples, _, _ in lessons)
    name = f"{_ENDING.sub('', bundle.path.resolve().name)}-taught-{last}"
    try:
        return name, write_version(bundle, folder / name, concepts, np.stack(weights))
    except OSError as error:
        raise BundleRefused(
            f"The new bundle version could not be written into {folder}: {error.strerror}. Let the "
            "service write there; in a container the folder may be mounted read-only."
        ) from error
    except BundleError as error:
        raise BundleRefused(f"The new bundle version could not be written: {error}") from error

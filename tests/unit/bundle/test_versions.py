"""A new version of a bundle holds concepts, and is otherwise the same."""

from pathlib import Path

import numpy as np
import pytest

from bundle import BundleDamaged, BundleError, open_bundle
from bundle.manifest import Concept
from bundle.versions import write_version
from tests.forge import forge_array, reseal
from tests.tiny import write_tiny_bundle


def concept(**said: object) -> Concept:
    return Concept.model_validate({"name": "grid", "positive": 3, "negative": 1, "scans": 0} | said)


def weights(*, bright: float, offset: float = 0) -> np.ndarray:
    """Tell bright tiles, whose first number is above the mean."""
    found = np.zeros((1, 10), dtype=np.float32)
    found[0, 0], found[0, -1] = bright, offset
    return found


def test_a_version_keeps_the_files_and_raises_verdicts(tmp_path: Path) -> None:
    """Tiles that show the concept are to be looked at; the rest of the bundle is untouched."""
    write_tiny_bundle(tmp_path / "old")
    old = open_bundle(tmp_path / "old")
    manifest = write_version(old, tmp_path / "new", [concept()], weights(bright=-9))
    new = open_bundle(tmp_path / "new")
    dark = old.points[:, 0] < 0
    assert manifest.bundle_id != old.manifest.bundle_id
    assert np.array_equal(new.concept_scores[:, 0] >= 0.5, dark)
    assert new.verdicts.tolist() == np.where(dark, 1, old.verdicts).tolist()
    assert (tmp_path / "new/encoder.onnx").samefile(tmp_path / "old/encoder.onnx")


def test_a_concept_may_drop(tmp_path: Path) -> None:
    """A concept whose verdict is drop has its tiles dropped."""
    write_tiny_bundle(tmp_path / "old")
    old = open_bundle(tmp_path / "old")
    write_version(old, tmp_path / "new", [concept(verdict="drop")], weights(bright=-9))
    assert (open_bundle(tmp_path / "new").verdicts[old.points[:, 0] < 0] == 2).all()


def test_a_version_of_a_version_begins_anew(tmp_path: Path) -> None:
    """Verdicts of a concept that is gone do not stay."""
    write_tiny_bundle(tmp_path / "old")
    old = open_bundle(tmp_path / "old")
    write_version(old, tmp_path / "one", [concept(verdict="drop")], weights(bright=-9))
    one = open_bundle(tmp_path / "one")
    write_version(one, tmp_path / "two", [concept(name="none")], weights(bright=0, offset=-9))
    assert np.array_equal(open_bundle(tmp_path / "two").verdicts, old.verdicts)


def test_a_version_replaces_nothing_else(tmp_path: Path) -> None:
    """A folder that is no bundle is left alone."""
    write_tiny_bundle(tmp_path / "old")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(BundleError, match="is no bundle"):
        write_version(
            open_bundle(tmp_path / "old"), tmp_path / "mine", [concept()], weights(bright=1)
        )


def test_scores_outside_are_refused(tmp_path: Path) -> None:
    """A score of a concept above 1 is damage."""
    write_tiny_bundle(tmp_path / "old")
    write_version(open_bundle(tmp_path / "old"), tmp_path / "new", [concept()], weights(bright=1))
    forge_array(tmp_path / "new", "concept_scores.npy", np.full((12, 1), 2, dtype=np.float32))
    with pytest.raises(BundleDamaged, match="concept_scores"):
        open_bundle(tmp_path / "new")


def test_two_concepts_of_one_name_are_refused(tmp_path: Path) -> None:
    """Names tell concepts apart."""
    write_tiny_bundle(tmp_path / "old")
    twice = [concept().model_dump(mode="json")] * 2
    reseal(tmp_path / "old", concepts=twice)
    with pytest.raises(BundleDamaged, match="one name"):
        open_bundle(tmp_path / "old")

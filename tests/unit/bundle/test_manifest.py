"""The manifest's own rules."""

import json

import pytest
from pydantic import ValidationError

from bundle import Bundle, Manifest
from bundle.manifest import Preprocessing, Threshold
from tests.forge import bundle_id


def test_the_id_stands_for_the_content(tiny_bundle: Bundle) -> None:
    """Any change gives another id; the same content gives the same one."""
    manifest = tiny_bundle.manifest
    assert manifest.expected_id() == manifest.bundle_id
    assert manifest.model_copy(update={"seed": 8}).expected_id() != manifest.bundle_id


def test_the_id_can_be_computed_without_our_code(tiny_bundle: Bundle) -> None:
    """The recipe on the format's page, on the text of the file, gives the same id."""
    text = tiny_bundle.manifest.model_dump_json(indent=1)
    assert bundle_id(json.loads(text)) == tiny_bundle.manifest.bundle_id


def test_a_manifest_survives_its_text(tiny_bundle: Bundle) -> None:
    """Text and back changes nothing, whole numbers and truth values included."""
    text = tiny_bundle.manifest.model_dump_json()
    assert Manifest.model_validate_json(text) == tiny_bundle.manifest


def test_a_manifest_cannot_be_changed(tiny_bundle: Bundle) -> None:
    """What was checked stays as it was."""
    with pytest.raises(ValidationError, match="frozen"):
        tiny_bundle.manifest.seed = 8  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_numbers_are_finite(value: float) -> None:
    """A training run that diverged cannot put NaN in a manifest, where JSON has no word for it."""
    with pytest.raises(ValidationError, match="finite"):
        Threshold(value=value, source="x")


def test_the_input_has_bounds() -> None:
    """A side that no encoder has is refused."""
    with pytest.raises(ValidationError, match="1024"):
        Preprocessing(side=4096)

"""A bundle appears whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from bundle import BundleError, BundleWriter, SelfTestFailed, open_bundle
from bundle.writer import check_target
from tests.tiny import write_tiny_bundle


class Liar(BundleWriter):
    """Writes another array than it is given, at one place."""

    name, value = "probe_latents.npy", 9.0

    def array(self, name: str, values: object) -> None:
        super().array(name, np.full_like(values, self.value) if name == self.name else values)


def test_a_written_bundle_opens(tmp_path: Path) -> None:
    """The writer's manifest is the one that the reader gets."""
    manifest = write_tiny_bundle(tmp_path / "deep" / "er" / "bundle")
    assert open_bundle(tmp_path / "deep" / "er" / "bundle").manifest == manifest


def test_nothing_else_is_left(tmp_path: Path) -> None:
    """Neither the hidden folder nor an old bundle stays behind."""
    write_tiny_bundle(tmp_path / "bundle")
    write_tiny_bundle(tmp_path / "bundle", seed=8)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_old_bundle_is_replaced_whole(tmp_path: Path) -> None:
    """No file of the old bundle is mixed into the new one; what was open stays readable."""
    write_tiny_bundle(tmp_path / "bundle", count=20)
    before = open_bundle(tmp_path / "bundle")
    write_tiny_bundle(tmp_path / "bundle", count=12)
    assert len(open_bundle(tmp_path / "bundle")) == 12
    assert before.id(19) == "c357"


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    """Leaving the block early, by any exception, removes what was written."""

    def interrupted() -> None:
        with BundleWriter(tmp_path / "bundle") as writer:
            writer.array("labels.npy", [0, 1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_a_failed_rewrite_keeps_the_old_bundle(tmp_path: Path) -> None:
    """The bundle at the target is touched only when the new one has proved itself."""
    manifest = write_tiny_bundle(tmp_path / "bundle")
    with pytest.raises(SelfTestFailed, match=r"probe_latents\.npy"):
        write_tiny_bundle(tmp_path / "bundle", writer=Liar)
    assert open_bundle(tmp_path / "bundle").manifest == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_that_does_not_prove_itself_is_refused(tmp_path: Path) -> None:
    """The writer reads back what it wrote, with the reader's sentences."""

    class OutOfRange(Liar):
        name, value = "neighbors.npy", 99

    with pytest.raises(BundleError, match=r"neighbors\.npy holds a number outside"):
        write_tiny_bundle(tmp_path / "bundle", writer=OutOfRange)
    assert not list(tmp_path.iterdir())


def test_a_forgotten_file(tmp_path: Path, tiny_path: Path) -> None:
    """`finish` names a file that was not written."""
    manifest = open_bundle(tiny_path).manifest
    with (
        BundleWriter(tmp_path / "bundle") as writer,
        pytest.raises(BundleError, match=r"boxes\.npy was not written"),
    ):
        writer.finish(manifest)


def test_an_unknown_array(tmp_path: Path) -> None:
    """Only arrays of the layout can be written."""
    with BundleWriter(tmp_path / "bundle") as writer, pytest.raises(KeyError, match="notes"):
        writer.array("notes.npy", [1])


def test_an_unknown_file(tmp_path: Path) -> None:
    """Only files of the layout can be written, so no path leads out."""
    with BundleWriter(tmp_path / "bundle") as writer, pytest.raises(KeyError, match="passwd"):
        writer.file("../passwd")


def test_arrays_take_the_layouts_dtype(tmp_path: Path) -> None:
    """Whatever is given, the file has the dtype of the layout, little-endian, C order."""
    with BundleWriter(tmp_path / "bundle") as writer:
        writer.array("positions.npy", np.asfortranarray(np.zeros((3, 2), dtype=">i8")))
        array = np.load(writer.staging / "positions.npy", mmap_mode="r")
        assert (array.dtype.str, array.flags.c_contiguous) == ("<i4", True)


def test_the_manifest_tells_shapes(tiny_path: Path) -> None:
    """Each array's dtype and shape stand in the manifest, for people and other readers."""
    files = json.loads((tiny_path / "manifest.json").read_bytes())["files"]
    assert (files["latents.npy"]["dtype"], files["latents.npy"]["shape"]) == ("<f4", [12, 4])
    assert files["encoder.onnx"]["shape"] is None


@pytest.mark.parametrize("make", ["file", "folder"])
def test_other_peoples_things_are_never_replaced(tmp_path: Path, make: str) -> None:
    """A file, or a folder that is no bundle, is refused before anything is written."""
    target = tmp_path / "photos"
    if make == "file":
        target.write_text("mine")
    else:
        (target / "holiday").mkdir(parents=True)
    with pytest.raises(BundleError, match="photos exists and is no bundle"):
        write_tiny_bundle(target)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_an_empty_folder_may_be_the_target(tmp_path: Path) -> None:
    """A folder made in advance is taken."""
    (tmp_path / "bundle").mkdir()
    check_target(tmp_path / "bundle")
    write_tiny_bundle(tmp_path / "bundle")
    assert len(open_bundle(tmp_path / "bundle")) == 12


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing to a link replaces the bundle that it leads to and keeps the link."""
    write_tiny_bundle(tmp_path / "one", count=20)
    (tmp_path / "current").symlink_to("one")
    write_tiny_bundle(tmp_path / "current", count=12)
    assert (tmp_path / "current").is_symlink()
    assert len(open_bundle(tmp_path / "one")) == 12

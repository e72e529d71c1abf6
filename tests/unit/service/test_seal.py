"""A bundle that is changed while it is served: nothing is said from what is left of it."""

import mmap
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from bundle import BundleDamaged, open_bundle
from service.bundles.seal import Seal
from service.stored.graph import Graph
from tests.api import running
from tests.tiny import write_tiny_bundle


@pytest.fixture
def served(tiny_path: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle that may be damaged."""
    return Path(shutil.copytree(tiny_path, tmp_path / "bundle"))


@pytest.mark.parametrize("name", ["points.npy", "neighbors.npy", "pictures.bin", "manifest.json"])
def test_a_file_cut_short_ends_the_answers(served: Path, name: str) -> None:
    """After a file lost its end, every question about tiles gets 503; the process is alive."""
    with running(served) as api:
        assert api.get("/neighbors/c300").status_code == 200
        os.truncate(served / name, (served / name).stat().st_size - 1)
        answers = [api.get(url) for url in ("/neighbors/c300", "/readyz", "/tiles/c300/image")]
        alive = api.get("/livez")
    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0].json()["code"] == "bundle_changed"
    assert name in answers[0].json()["detail"]
    assert alive.status_code == 200


def test_a_file_written_over_ends_the_answers(served: Path) -> None:
    """Other bytes of the same length are a change as well."""
    with running(served) as api:
        with (served / "labels.npy").open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\7")
        assert api.get("/cluster/c300").status_code == 503


def test_a_file_written_through_a_map_ends_the_answers(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system notes no such change; the date of the file tells it within a second."""
    monkeypatch.setattr("service.bundles.seal._COMPARED_EVERY_S", 0.0)
    with running(served) as api:
        assert api.get("/neighbors/c300").status_code == 200
        with (served / "points.npy").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[-8:] = bytes(8)
            mapped.flush()
        os.utime(served / "points.npy")  # the system does so when it writes the page
        assert api.get("/neighbors/c300").status_code == 503


def test_a_file_replaced_by_another_changes_nothing(served: Path) -> None:
    """A new file under the old name, as copying tools put it, is not the one that is served."""
    urls = ["/neighbors/c300", "/tiles/c303/reconstruction"]
    with running(served) as api:
        expected = [api.get(url).content for url in urls]
    with running(served) as api:
        for name in ("points.npy", "neighbors.npy", "neighbor_distances.npy", "decoder.onnx"):
            (served / "new").write_bytes(b"junk")
            (served / "new").rename(served / name)
        assert [api.get(url).content for url in urls] == expected


def test_a_picture_damaged_before_it_was_opened(tmp_path: Path) -> None:
    """Pictures are checked as they are read: 503 with the tile's name, and all others answer."""
    write_tiny_bundle(tmp_path / "bundle", picture_hashes=True)
    pictures = tmp_path / "bundle" / "pictures.bin"
    data = bytearray(pictures.read_bytes())
    data[len(open_bundle(tmp_path / "bundle").picture(0)) + 60] ^= 1
    pictures.write_bytes(data)
    with running(tmp_path / "bundle") as api:
        broken = [api.get(f"/{url}") for url in ("tiles/c303/image", "screen/c303/overlay")]
        whole = [api.get(f"/{url}") for url in ("tiles/c300/image", "neighbors/c303")]
    assert [answer.status_code for answer in (*broken, *whole)] == [503, 503, 200, 200]
    for answer in broken:
        problem = answer.json()
        assert problem["code"] == "bundle_damaged"
        assert "'c303'" in problem["detail"]
        assert "can put a whole copy" in problem["detail"]
        assert str(tmp_path) not in answer.text


def test_neighbours_are_read_from_the_files(tiny_path: Path) -> None:
    """What is read of every tile is what the arrays hold; a line cut short is no answer."""
    bundle = open_bundle(tiny_path)
    with Seal(tiny_path / name for name in bundle.manifest.files) as seal:
        graph = Graph(bundle, seal)
        for row in range(len(bundle)):
            rows, distances = graph.near(row)
            np.testing.assert_array_equal(rows, bundle.neighbors[row])
            np.testing.assert_array_equal(distances, bundle.neighbor_distances[row])
        assert graph.width == bundle.neighbors.shape[1]
        with pytest.raises(BundleDamaged, match=r"neighbors\.npy was cut short"):
            graph.near(len(bundle))


@pytest.mark.parametrize("watched", [True, False])
def test_what_has_changed_is_named(tmp_path: Path, watched: bool) -> None:
    """Noted by the system or by comparing: the file that changed, and no other, for good."""
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_bytes(bytes(10))
    with Seal(files, watched=watched) as seal:
        assert seal.broken() is None
        files[0].read_bytes()
        (tmp_path / "new").write_bytes(b"other")
        (tmp_path / "new").rename(files[2])
        assert seal.broken() is None
        os.truncate(files[1], 3)
        assert seal.broken() == "b"
        assert seal.broken() == "b"

"""A bundle that is changed while it is served: nothing is said from what is left of it."""

import os
import shutil
from pathlib import Path

import pytest

from service.bundles.seal import Seal
from tests.api import running


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


def test_a_file_replaced_by_another_changes_nothing(served: Path) -> None:
    """A new file under the old name, as copying tools put it, is not the one that is served."""
    with running(served) as api:
        before = api.get("/neighbors/c300").json()
        (served / "new").write_bytes(b"junk")
        (served / "new").rename(served / "points.npy")
        assert api.get("/neighbors/c300").json() == before


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

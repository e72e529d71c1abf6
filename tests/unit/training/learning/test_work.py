"""The hidden folder of a fit, and what it refuses to write over."""

import os
import shutil
from pathlib import Path

import pytest

from bundle.errors import InputError
from training.learning.work import open_work, work_folder


def enter(target: Path) -> None:
    """Begin a fit and end it at once."""
    with open_work(target, resume=False):
        pass


def test_work_lies_hidden_beside_the_bundle(tmp_path: Path) -> None:
    """The folder is made with its parents and named after the bundle."""
    with open_work(tmp_path / "deep" / "bundle", resume=False) as work:
        assert work == tmp_path / "deep" / ".bundle.work"
        assert work.is_dir()


@pytest.mark.parametrize("resume", [True, False])
def test_resume_keeps_what_is_there(
    tmp_path: Path, resume: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only --resume finds what an interrupted run left; without it the loss is told."""
    with open_work(tmp_path / "bundle", resume=False) as work:
        (work / "checkpoint.npz").touch()
    with open_work(tmp_path / "bundle", resume=resume) as work:
        assert (work / "checkpoint.npz").exists() == resume
    assert ("Starting afresh: the checkpoint" in capsys.readouterr().err) != resume


@pytest.mark.parametrize("resume", [True, False])
def test_one_fit_at_a_time(tmp_path: Path, resume: bool) -> None:
    """While one fit works, another of the same bundle is refused and takes nothing."""
    with open_work(tmp_path / "bundle", resume=False) as work:
        (work / "checkpoint.npz").touch()
        with (
            pytest.raises(InputError, match=r"Another fit is writing .*bundle; wait for it"),
            open_work(tmp_path / "bundle", resume=resume),
        ):
            pass
        assert (work / "checkpoint.npz").exists()


def test_folder_removed_at_the_end_can_be_made_again(tmp_path: Path) -> None:
    """A fit that is done removes its folder with the lock; the next one begins."""
    for _ in range(2):
        with open_work(tmp_path / "bundle", resume=True) as work:
            shutil.rmtree(work)


@pytest.mark.parametrize("content", ["folder", "file", "link"])
def test_what_is_no_bundle_is_left_alone(tmp_path: Path, content: str) -> None:
    """A folder with the user's own things is never replaced."""
    target, photos = tmp_path / "out", tmp_path / "photos"
    photos.mkdir()
    (photos / "holiday.png").touch()
    if content == "folder":
        photos.rename(target)
    elif content == "file":
        target.touch()
    else:
        target.symlink_to(photos)
    with pytest.raises(InputError, match=r"is not a bundle, so it is left alone"):
        enter(target)
    assert not work_folder(target).exists()


def test_bundle_or_empty_folder_is_replaced(tmp_path: Path, tiny_path: Path) -> None:
    """An older bundle may stand at the target, and so may an empty folder."""
    shutil.copytree(tiny_path, tmp_path / "bundle")
    (tmp_path / "empty").mkdir()
    for name in ("bundle", "empty"):
        enter(tmp_path / name)
        assert work_folder(tmp_path / name).is_dir()
    assert (tmp_path / "bundle" / "manifest.json").is_file()


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in the way of the parent folder is named before any training."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written to .*another --out"):
        enter(tmp_path / "file" / "bundle")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_parent(tmp_path: Path) -> None:
    """A folder without the right to write is refused before any training."""
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        enter(tmp_path / "bundle")

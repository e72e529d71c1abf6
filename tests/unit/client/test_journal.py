"""The journal survives whatever ends a run."""

from pathlib import Path

import pytest

from client import BundleChanged, InputUnusable
from client.journal import Journal, Run
from client.sources import TileFile

RUN = Run("encode", None, "b1")
ONE, TWO = (TileFile(f"{name}.png", Path(f"{name}.png"), 10, 99) for name in ("one", "two"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The journal of a run that broke after one tile."""
    path = tmp_path / "out.csv.journal"
    with Journal(path, RUN, resume=False) as journal:
        journal.add([(ONE, {"latent": [0.1]})])
    return path


def test_results_come_back(path: Path) -> None:
    """A resumed journal knows what was answered and what was not."""
    with Journal(path, RUN, resume=True) as journal:
        assert ONE in journal
        assert TWO not in journal
        assert list(journal.results([TWO, ONE])) == [(TWO, None), (ONE, {"latent": [0.1]})]


def test_lines_are_on_disk_before_add_returns(tmp_path: Path) -> None:
    """A process that is killed loses nothing that was added."""
    with Journal(tmp_path / "j", RUN, resume=False) as journal:
        journal.add([(ONE, {"latent": [0.1]})])
        assert b'"latent":[0.1]}}\n' in (tmp_path / "j").read_bytes()


@pytest.mark.parametrize("keep", [1, 20, 60])
def test_a_torn_last_line_is_dropped(path: Path, keep: int) -> None:
    """Half a line is cut off; its tile is asked again and the file stays sound."""
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key":["two.png",10,99],"result":{"latent":[0.25,0.5]}}'[:keep])
    with Journal(path, RUN, resume=True) as journal:
        assert ONE in journal
        assert TWO not in journal
    assert path.read_bytes() == whole


def test_a_torn_header_begins_anew(path: Path) -> None:
    """A run that died in its first write leaves nothing to keep."""
    path.write_bytes(path.read_bytes()[:12])
    with Journal(path, RUN, resume=True) as journal:
        assert ONE not in journal
    assert path.read_bytes().count(b"journal") == 1


@pytest.mark.parametrize("changed", [(11, 99), (10, 98)])
def test_a_changed_file_is_asked_again(path: Path, changed: tuple[int, int]) -> None:
    """Another size or time of change is another picture."""
    with Journal(path, RUN, resume=True) as journal:
        assert TileFile("one.png", Path("one.png"), *changed) not in journal


def test_a_broken_run_is_not_overwritten(path: Path) -> None:
    """Without --resume the answers of a broken run are not thrown away."""
    with pytest.raises(InputUnusable, match=r"Add --resume .* or delete it"):
        Journal(path, RUN, resume=False)


def test_another_bundle_is_refused(path: Path) -> None:
    """Results of two bundles are never mixed."""
    with pytest.raises(BundleChanged, match="bundle b2, the results so far are of bundle b1"):
        Journal(path, Run("encode", None, "b2"), resume=True)


@pytest.mark.parametrize("run", [Run("cluster", None, "b1"), Run("neighbors", 5, "b1")])
def test_another_question_is_refused(path: Path, run: Run) -> None:
    """A journal is of one command and one k."""
    with pytest.raises(InputUnusable, match="is of a run of `encode`"):
        Journal(path, run, resume=True)


@pytest.mark.parametrize("line", [b"id,label\n", b"{}\n", b"[1]\n"])
def test_a_foreign_file_is_left_alone(tmp_path: Path, line: bytes) -> None:
    """A file that happens to have the journal's name is not touched."""
    (tmp_path / "j").write_bytes(line)
    with pytest.raises(InputUnusable, match="is no journal"):
        Journal(tmp_path / "j", RUN, resume=True)
    assert (tmp_path / "j").read_bytes() == line


def test_another_version_is_refused(path: Path) -> None:
    """A later format is not guessed at."""
    path.write_bytes(path.read_bytes().replace(b'"journal":1', b'"journal":2'))
    with pytest.raises(InputUnusable, match="another version"):
        Journal(path, RUN, resume=True)


def test_a_complete_run_leaves_no_journal(path: Path) -> None:
    """All is in the table by then."""
    with Journal(path, RUN, resume=True) as journal:
        journal.close(complete=True)
    assert not path.exists()


def test_a_run_with_failures_can_be_mended_or_begun_anew(path: Path) -> None:
    """After a run that ended, --resume keeps its results and a plain run replaces them."""
    with Journal(path, RUN, resume=True) as journal:
        journal.close(complete=False)
    with Journal(path, RUN, resume=True) as journal:
        assert ONE in journal
        journal.close(complete=False)
    with Journal(path, RUN, resume=False) as journal:
        assert ONE not in journal


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(InputUnusable, match="cannot be written: No such file or directory"):
        Journal(tmp_path / "no" / "j", RUN, resume=False)

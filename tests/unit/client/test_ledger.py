"""The ledger survives whatever ends a run, and knows tiles by their content."""

import subprocess
import sys
from pathlib import Path

import pytest

from client import BundleChanged, InputUnusable
from client.batch.ledger import Ledger, Run, digest_of

ROOT = Path(__file__).parents[3]
RUN = Run("encode", None, "b1")
ONE, TWO = digest_of(b"one"), digest_of(b"two")
LINE = b'{"sha256":"%s","result":{"latent":[0.25,0.5]}}' % TWO.hex().encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The ledger of a run that broke after one tile."""
    path = tmp_path / "out.csv.ledger"
    with Ledger(path, RUN, resume=False) as ledger:
        ledger.add([(ONE, {"id": "one", "index": 7, "latent": [0.1]})])
    return path


def test_answers_come_back_without_a_name(path: Path) -> None:
    """A resumed ledger knows which contents were answered; what they were called is not kept."""
    with Ledger(path, RUN, resume=True) as ledger:
        assert ONE in ledger
        assert TWO not in ledger
        assert ledger.result(ONE) == {"latent": [0.1]}


def test_lines_are_on_disk_before_add_returns(tmp_path: Path) -> None:
    """A process that is killed loses nothing that was added."""
    with Ledger(tmp_path / "l", RUN, resume=False) as ledger:
        ledger.add([(ONE, {"latent": [0.1]})])
        assert b'"latent":[0.1]}}\n' in (tmp_path / "l").read_bytes()


@pytest.mark.parametrize("keep", [1, 20, 60, len(LINE)])
def test_a_torn_last_line_is_dropped(path: Path, keep: int) -> None:
    """Half a line is cut off; its tile is asked again and the file stays sound."""
    whole = path.read_bytes()
    path.write_bytes(whole + LINE[:keep])
    with Ledger(path, RUN, resume=True) as ledger:
        assert ONE in ledger
        assert TWO not in ledger
    assert path.read_bytes() == whole


def test_a_torn_header_begins_anew(path: Path) -> None:
    """A run that died in its first write leaves nothing to keep."""
    path.write_bytes(path.read_bytes()[:12])
    with Ledger(path, RUN, resume=True) as ledger:
        assert ONE not in ledger
    assert path.read_bytes().count(b'"ledger"') == 1


def test_a_broken_run_is_not_overwritten(path: Path) -> None:
    """Without --resume the answers of a broken run are not thrown away."""
    with pytest.raises(InputUnusable, match=r"Add --resume .* or delete it"):
        Ledger(path, RUN, resume=False)


def test_a_ledger_without_an_answer_is_begun_anew(tmp_path: Path) -> None:
    """A run that broke before its first answer leaves nothing to ask about; half a line is one."""
    path = tmp_path / "l"
    with Ledger(path, RUN, resume=False):
        pass
    with Ledger(path, Run("screen", 5, "b2"), resume=False) as ledger:
        assert len(ledger) == 0
    path.write_bytes(path.read_bytes() + b"{")
    with pytest.raises(InputUnusable, match="Add --resume"):
        Ledger(path, RUN, resume=False)


def test_an_empty_ledger_holds_nothing_to_lose(tmp_path: Path) -> None:
    """A run that was killed before its first line is begun anew without a word."""
    (tmp_path / "l").touch()
    with Ledger(tmp_path / "l", RUN, resume=False) as ledger:
        assert len(ledger) == 0


def test_another_bundle_is_refused(path: Path) -> None:
    """Answers of two bundles are never mixed."""
    with pytest.raises(BundleChanged, match="bundle b2, the results so far are of bundle b1"):
        Ledger(path, Run("encode", None, "b2"), resume=True)


@pytest.mark.parametrize("run", [Run("cluster", None, "b1"), Run("neighbors", 5, "b1")])
def test_another_question_is_refused(path: Path, run: Run) -> None:
    """A ledger is of one command and one k."""
    with pytest.raises(InputUnusable, match="is of a run of `encode`"):
        Ledger(path, run, resume=True)


@pytest.mark.parametrize("line", [b"id,label\n", b"{}\n", b"[1]\n"])
def test_a_foreign_file_is_left_alone(tmp_path: Path, line: bytes) -> None:
    """A file that happens to have the ledger's name is not touched."""
    (tmp_path / "l").write_bytes(line)
    with pytest.raises(InputUnusable, match="is no ledger"):
        Ledger(tmp_path / "l", RUN, resume=True)
    assert (tmp_path / "l").read_bytes() == line


def test_another_version_is_refused(path: Path) -> None:
    """A later format is not guessed at."""
    path.write_bytes(path.read_bytes().replace(b'"ledger":2', b'"ledger":3'))
    with pytest.raises(InputUnusable, match="another version"):
        Ledger(path, RUN, resume=True)


def test_two_runs_do_not_write_to_one_ledger(path: Path) -> None:
    """The second is told so, with --resume or without, and the first goes on."""
    pytest.importorskip("fcntl")
    with Ledger(path, RUN, resume=True) as ledger:
        for resume in (True, False):
            with pytest.raises(InputUnusable, match="Another run writes to"):
                Ledger(path, RUN, resume=resume)
        ledger.add([(TWO, {"latent": [0.2]})])
        assert ledger.result(TWO) == {"latent": [0.2]}


def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    """Whoever dies with the ledger open does not keep others out."""
    path = tmp_path / "l"
    code = (
        "import os, pathlib, sys; from client.batch.ledger import *\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]), Run('encode', None, 'b1'), resume=False)\n"
        "ledger.add([(digest_of(b'one'), {'latent': [0.1]})]); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    with Ledger(path, RUN, resume=True) as ledger:
        assert ONE in ledger


def test_a_complete_run_leaves_no_ledger(path: Path) -> None:
    """All is in the table by then."""
    with Ledger(path, RUN, resume=True) as ledger:
        ledger.close(complete=True)
    assert not path.exists()


def test_a_run_with_failures_can_be_mended_or_begun_anew(path: Path) -> None:
    """After a run that ended, --resume keeps its answers and a plain run replaces them."""
    for _ in range(2):
        with Ledger(path, RUN, resume=True) as ledger:
            assert ONE in ledger
            ledger.close(complete=False)
    with Ledger(path, RUN, resume=False) as ledger:
        assert ONE not in ledger
    assert path.read_bytes().count(b"\n") == 1


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(InputUnusable, match="cannot be written: No such file or directory"):
        Ledger(tmp_path / "no" / "l", RUN, resume=False)

"""What is said once the work is done: nothing is undone by what cannot be written."""

import csv
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from client.__main__ import main
from client.exits import NOTHING_DONE, READER_GONE, SOME_FAILED
from tests.unit.client.fake_service import FakeService

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
_SAY = "import sys; from client.saying import say, warn; {}; sys.exit(say('done', status=2))"


def _said(shell: str, before: str = "pass") -> subprocess.CompletedProcess[str]:
    python = [sys.executable, "-c", _SAY.format(before)]
    command = ["bash", "-o", "pipefail", "-c", f'"$@" {shell}', "bash", *python]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_full_disk_leaves_the_status_as_it_is() -> None:
    """It was done; that it could not be told is told."""
    done = _said(">/dev/full")
    assert done.returncode == 2
    told = "client: It is done, but standard output cannot be written: No space left on device.\n"
    assert done.stderr == told


def test_a_reader_who_left_is_no_complaint() -> None:
    """The status is that of the shell."""
    done = _said("| true", before="import time; time.sleep(0.3)")
    assert (done.returncode, done.stderr) == (READER_GONE, "")


def test_a_full_standard_error_is_nobodys_business() -> None:
    """There is nowhere left to complain."""
    done = _said("2>/dev/full", before="warn('a'); warn('b')")
    assert (done.returncode, done.stdout) == (2, "done\n")


def test_a_table_is_written_though_nothing_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress and the list of failed tiles go to standard error, the counts to standard output."""
    for name, content in (("a", b"x"), ("b", b"bad"), ("c", b"xx")):
        (tmp_path / f"{name}.png").write_bytes(content)
    out = tmp_path / "out.csv"
    asked = ["encode", str(tmp_path), "--out", str(out), "--url", "http://service"]
    with Path("/dev/full").open("w") as output, Path("/dev/full").open("w") as error:
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr(sys, "stderr", error)
        assert main(asked, transport=httpx.MockTransport(FakeService())) == SOME_FAILED
    with out.open(newline="") as stream:
        assert [bool(row["error"]) for row in csv.DictReader(stream)] == [False, True, False]


def test_a_list_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """What the disk refuses is told of the file, not of standard output."""
    service = FakeService(pages={"/decisions?limit=1000": {"decisions": [], "next": None}})
    asked = ["decisions", "--out", "/dev/full", "--url", "http://service"]
    assert main(asked, transport=httpx.MockTransport(service)) == NOTHING_DONE
    assert capsys.readouterr().err == "client: /dev/full: No space left on device.\n"


def test_a_list_that_is_there_stays_where_no_other_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would read as if nobody had decided anything; and what is called otherwise is no list."""
    out = tmp_path / "decided.csv"
    out.write_text("as it was")
    asked = ["decisions", "--url", "http://service", "--out"]
    service = httpx.MockTransport(lambda _: httpx.Response(404))
    assert main([*asked, str(out)], transport=service) == NOTHING_DONE
    assert out.read_text() == "as it was"
    capsys.readouterr()
    assert main([*asked, "decided.parquet"], transport=service) == NOTHING_DONE
    told = "client: decided.parquet ends in '.parquet'; decisions are written as .csv.\n"
    assert capsys.readouterr().err == told

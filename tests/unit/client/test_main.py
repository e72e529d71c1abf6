"""The batch command: a folder into a table."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from client import Retry
from client.__main__ import main, parse
from tests.unit.client.fake_service import AT_ONCE, FakeService, play, problem

REFUSED = httpx.ConnectError("refused")
BROKEN = httpx.ReadError("reset")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tiles t000 to t149 with 1 to 150 bytes, more than two requests can hold."""
    folder = tmp_path / "tiles"
    folder.mkdir()
    for number in range(150):
        (folder / f"t{number:03}.png").write_bytes(b"x" * (number + 1))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the table goes."""
    return tmp_path / "out.csv"


def _run(service: FakeService, command: str, folder: Path, out: Path, *more: str) -> int:
    args = [command, str(folder), "--out", str(out), "--url", "http://service", *more]
    return main(args, transport=httpx.MockTransport(service), retry=AT_ONCE)


def _rows(out: Path) -> list[dict[str, str]]:
    with out.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _breaking_after(
    answers: int, service: FakeService
) -> Callable[[httpx.Request], httpx.Response]:
    """The service's answers to so many requests with tiles; after them nobody answers."""

    def answer(request: httpx.Request) -> httpx.Response:
        if len(service.asked) >= answers:
            raise httpx.ConnectError("refused", request=request)
        return service(request)

    return answer


def _broken_run(folder: Path, out: Path) -> FakeService:
    """Let a run break after its first request; the ledger then holds 64 tiles."""
    service = FakeService()
    transport = httpx.MockTransport(_breaking_after(1, service))
    args = ["encode", str(folder), "--out", str(out), "--url", "http://service", "--parallel", "1"]
    assert main(args, transport=transport, retry=AT_ONCE) == 3
    service.asked.clear()
    return service


def test_a_folder_becomes_a_table(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every tile has its row, in order of files, and the status is 0."""
    assert _run(FakeService(), "encode", folder, out) == 0
    rows = _rows(out)
    assert [row["file"] for row in rows] == [f"t{number:03}.png" for number in range(150)]
    assert [float(row["l0"]) for row in rows] == list(range(1, 151))
    assert capsys.readouterr().out == f"150 of 150 tiles -> {out}\n"
    assert not out.with_name("out.csv.ledger").exists()


def test_the_order_does_not_depend_on_who_answers_first(folder: Path, out: Path) -> None:
    """A first request that has to be repeated does not move its rows."""
    service = FakeService(script=[problem(429, "queue_full")])
    assert _run(service, "encode", folder, out) == 0
    assert [row["id"] for row in _rows(out)] == [f"t{number:03}" for number in range(150)]


def test_neighbours_are_asked_with_k(folder: Path, out: Path) -> None:
    """-k reaches the service; two hits a tile make two rows."""
    service = FakeService()
    assert _run(service, "neighbors", folder, out, "-k", "2") == 0
    assert "/neighbors?k=2" in service.queries
    assert len(_rows(out)) == 300


def test_verdicts_are_counted(folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Screen: a row a tile, no evidence asked for, and a line that sums up."""
    service = FakeService()
    assert _run(service, "screen", folder, out) == 0
    assert "/screen?k=0" in service.queries
    assert [row["verdict"] for row in _rows(out)] == ["keep"] * 10 + ["review"] * 10 + [
        "drop"
    ] * 130
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "10 keep, 10 review, 130 drop"


def test_verdicts_of_a_broken_run_are_counted_too(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sum is of the whole table, whatever was asked this time; failed tiles have none."""
    (folder / "t003.png").write_bytes(b"bad")
    assert _run(FakeService(), "screen", folder, out) == 2
    assert "\n9 keep, 10 review, 130 drop\n" in capsys.readouterr().out
    (folder / "t003.png").write_bytes(b"mended")
    assert _run(FakeService(), "screen", folder, out, "--resume") == 0
    assert "\n10 keep, 10 review, 130 drop\n" in capsys.readouterr().out


def test_evidence_is_for_ndjson(folder: Path, out: Path) -> None:
    """-k reaches the service; the line is the result as the service gave it."""
    service, target = FakeService(), out.with_suffix(".ndjson")
    assert _run(service, "screen", folder / "t020.png", target, "-k", "2") == 0
    assert "/screen?k=2" in service.queries
    line = json.loads(target.read_text())
    assert (line["verdict"], line["evidence"][0]["neighbors"][0]["id"]) == ("drop", "c9")


def test_progress_has_a_rate(folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes to standard error, in lines where that is no terminal; --quiet leaves it out."""
    _run(FakeService(), "encode", folder, out)
    assert (shown := capsys.readouterr().err).startswith("150 of 150 tiles, ")
    assert shown.endswith(" tiles/s\n")
    _run(FakeService(), "encode", folder, out, "--quiet")
    assert capsys.readouterr().err == ""


def test_a_silent_service_is_told_while_it_is_waited_for(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock tells it, for no answer comes that could; and it stops when the run ends."""
    monkeypatch.setattr("client.batch.run._TICK_S", 0.01)
    monkeypatch.setattr("client.batch.progress._EVERY_S", 0.02)
    service = FakeService(script=[httpx.ReadTimeout("")] * 3)
    args = ["screen", str(folder), "--out", str(out), "--timeout", "1", "--parallel", "1"]
    slow = Retry(tries=4, first_s=0.1, jitter=lambda: 0.0)
    assert main(args, transport=httpx.MockTransport(service), retry=slow) == 0
    told = capsys.readouterr().err.splitlines()
    silent = "0 of 150 tiles, no answer within 1 s to the last"
    assert f"{silent} request; --timeout allows more" in told
    assert f"{silent} 3 requests; --timeout allows more" in told
    assert told[-1].startswith("150 of 150 tiles, ")
    assert "no answer" not in told[-1]


def test_failed_files_are_listed(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2; the reason is on the screen, in the table and in the list of failures."""
    (folder / "t003.png").write_bytes(b"bad")
    listed = out.with_name("failed.csv")
    assert _run(FakeService(), "encode", folder, out, "--failures", str(listed)) == 2
    assert "  t003.png: It is not_a_png. (not_a_png)" in capsys.readouterr().err
    assert _rows(out)[3]["error"] == "not_a_png: It is not_a_png."
    assert listed.read_text() == ("file,id,code,reason\nt003.png,t003,not_a_png,It is not_a_png.\n")


def test_many_failures_are_cut_short_on_the_screen(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty are shown; where the rest is, is said."""
    for number in range(30):
        (folder / f"t{number:03}.png").write_bytes(b"bad")
    assert _run(FakeService(), "encode", folder, out, "--quiet") == 2
    shown = capsys.readouterr().err
    listed = out.with_name("out.csv.failures.csv")
    assert shown.startswith(f"30 failed, listed in {listed}:")
    assert shown.count("not_a_png)") == 20
    assert "\n  and 10 more\n" in shown
    assert len(_rows(listed)) == 30


def test_no_failures_make_an_empty_list(folder: Path, out: Path) -> None:
    """A list of an earlier run does not stay behind."""
    listed = out.with_name("failed.csv")
    listed.write_text("old")
    assert _run(FakeService(), "encode", folder, out, "--failures", str(listed)) == 0
    assert listed.read_text() == "file,id,code,reason\n"


def test_a_file_that_vanishes_midway_fails_alone(folder: Path, out: Path) -> None:
    """It was there when the folder was read and is gone when its turn comes."""
    service = FakeService()

    def deleting(request: httpx.Request) -> httpx.Response:
        (folder / "t140.png").unlink(missing_ok=True)
        return service(request)

    args = ["encode", str(folder), "--out", str(out), "--url", "http://service"]
    assert main(args, transport=httpx.MockTransport(deleting), retry=AT_ONCE) == 2
    assert _rows(out)[140]["error"].startswith("unreadable_file: The file cannot be read: No such")


def test_only_failed_files_are_asked_again(folder: Path, out: Path) -> None:
    """After a run with failures, --resume asks for those alone and completes the table."""
    (folder / "t003.png").write_bytes(b"bad")
    assert _run(FakeService(), "encode", folder, out) == 2
    (folder / "t003.png").write_bytes(b"mended")
    service = FakeService()
    assert _run(service, "encode", folder, out, "--resume") == 0
    assert service.asked == [["t003.png"]]
    assert _rows(out)[3]["l0"] == "6.0"


def test_a_run_with_failures_can_be_begun_anew(folder: Path, out: Path) -> None:
    """Its table is written: nothing is lost by beginning anew without --resume."""
    (folder / "t003.png").write_bytes(b"bad")
    assert _run(FakeService(), "encode", folder, out) == 2
    assert _run(FakeService(), "encode", folder, out) == 2


def test_a_broken_run_goes_on(folder: Path, out: Path) -> None:
    """What was answered is kept and not asked again; the table is complete and in order."""
    service = _broken_run(folder, out)
    assert not out.exists()
    assert _run(service, "encode", folder, out, "--resume", "--parallel", "1") == 0
    assert [names[0] for names in service.asked] == ["t064.png", "t128.png"]
    assert [float(row["l0"]) for row in _rows(out)] == list(range(1, 151))


def test_a_broken_run_says_how_to_go_on(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence about the service, and the one about what is kept."""
    _broken_run(folder, out)
    shown = capsys.readouterr().err
    assert "client: Nothing answers at http://service." in shown
    assert f"The answers so far are in {out}.ledger; add --resume to go on from there." in shown


def test_a_broken_run_is_not_thrown_away(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same command without --resume is refused."""
    service = _broken_run(folder, out)
    assert _run(service, "encode", folder, out) == 1
    assert "Add --resume to go on with it" in capsys.readouterr().err
    assert service.asked == []


def test_a_changed_file_is_asked_again(folder: Path, out: Path) -> None:
    """Same name, size and time, another picture: its answer is that of the new one."""
    service = _broken_run(folder, out)
    times = (folder / "t001.png").stat()
    (folder / "t001.png").write_bytes(b"yy")
    os.utime(folder / "t001.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert _run(service, "encode", folder, out, "--resume", "--parallel", "1") == 0
    assert service.asked[0][0] == "t001.png"
    assert [names[0] for names in service.asked[1:]] == ["t127.png"]


def test_a_renamed_or_moved_file_is_not_asked_again(folder: Path, out: Path) -> None:
    """What was answered is kept by content; the table has the new name and id."""
    service = _broken_run(folder, out)
    (folder / "sub").mkdir()
    for number in range(64):
        (folder / f"t{number:03}.png").rename(folder / f"sub/r{number:03}.png")
    assert _run(service, "encode", folder, out, "--resume") == 0
    assert {name[0] for names in service.asked for name in names} == {"t"}
    row = _rows(out)[1]
    assert (row["file"], row["id"], row["l0"]) == ("sub/r001.png", "r001", "2.0")


def test_a_tile_that_is_there_twice_is_asked_once(folder: Path, out: Path) -> None:
    """Copies have their own rows with the one answer, or the one reason."""
    (folder / "copy.png").write_bytes((folder / "t005.png").read_bytes())
    (folder / "t000.png").write_bytes(b"bad")
    (folder / "t009.png").write_bytes(b"bad")
    service = FakeService()
    assert _run(service, "encode", folder, out) == 2
    assert sum(map(len, service.asked)) == 149
    rows = {row["id"]: row for row in _rows(out)}
    assert rows["copy"]["l0"] == rows["t005"]["l0"] == "6.0"
    assert rows["t000"]["error"] == rows["t009"]["error"] == "not_a_png: It is not_a_png."


def test_a_ledger_of_ones_own_serves_the_next_run(folder: Path, out: Path) -> None:
    """With --ledger it stays: a folder that grew is asked about what is new alone."""
    kept = out.with_name("kept.ledger")
    assert _run(FakeService(), "encode", folder, out, "--ledger", str(kept)) == 0
    (folder / "new.png").write_bytes(b"n")
    service = FakeService()
    assert _run(service, "encode", folder, out, "--ledger", str(kept), "--resume") == 0
    assert service.asked == [["new.png"]]
    assert len(_rows(out)) == 151


@pytest.mark.parametrize(("rate", "status"), [("0", 2), ("0.01", 2), ("0.02", 0)])
def test_some_failures_may_be_allowed(folder: Path, out: Path, rate: str, status: int) -> None:
    """Two of 150 are more than a hundredth; they are listed whatever the status."""
    for number in (3, 4):
        (folder / f"t{number:03}.png").write_bytes(b"bad" * number)
    assert _run(FakeService(), "encode", folder, out, "--max-failure-rate", rate) == status
    assert len(_rows(out.with_name("out.csv.failures.csv"))) == 2


def test_published_limits_are_kept(folder: Path, out: Path) -> None:
    """No request is refused for its size: the service is asked what it takes."""
    told = {"request_tiles": 20, "request_bytes": 60_000, "tile_bytes": 149, "tiles_under_way": 20}
    service = FakeService(most_tiles=20, limits=told)
    assert _run(service, "encode", folder, out) == 2
    assert max(map(len, service.asked)) == 20
    assert sum(map(len, service.asked)) == 149
    assert _rows(out)[149]["error"].startswith("tile_too_long: The file has 150 bytes; at most 149")


def test_limits_that_do_not_read_as_such_are_told(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Something else answers there, or another version."""
    assert _run(FakeService(limits={"request_tiles": 20}), "encode", folder, out) == 1
    assert "/limits tells no 'request_bytes'" in capsys.readouterr().err


def test_resume_without_a_broken_run_just_runs(folder: Path, out: Path) -> None:
    """A script may always say --resume."""
    assert _run(FakeService(), "encode", folder, out, "--resume") == 0


def test_resume_with_another_bundle_is_refused(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The results would mix two bundles; the way out is named."""
    service = _broken_run(folder, out)
    service.bundle = "b2"
    assert _run(service, "encode", folder, out, "--resume") == 1
    shown = capsys.readouterr().err
    assert "distances and clusters of two bundles must not be mixed" in shown
    assert f"Delete {out}.ledger and run again" in shown


def test_a_bundle_that_changes_midway_stops_the_run(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers of the new bundle are not taken."""
    service = FakeService()

    def changing(request: httpx.Request) -> httpx.Response:
        if len(service.asked) == 1:
            service.bundle = "b2"
        return service(request)

    args = ["encode", str(folder), "--out", str(out), "--url", "http://service", "--parallel", "1"]
    assert main(args, transport=httpx.MockTransport(changing), retry=AT_ONCE) == 3
    assert "from bundle b2, the results so far are of bundle b1" in capsys.readouterr().err
    assert not out.exists()


def test_a_tile_that_breaks_the_connection_fails_alone(folder: Path, out: Path) -> None:
    """The service still answers, so it is looked for by halves, and the run goes on without it."""
    (folder / "t005.png").write_bytes(b"cut")
    assert _run(FakeService(), "encode", folder, out) == 2
    failed = {row["id"]: row["error"] for row in _rows(out) if row["error"]}
    assert list(failed) == ["t005"]
    assert failed["t005"].startswith("connection_failed: ")


def test_a_service_that_was_away_for_long_costs_no_tile(folder: Path, out: Path) -> None:
    """It comes back just when patience has run out: its tiles are asked again, not given up."""
    service = FakeService(script=[BROKEN] * AT_ONCE.tries)
    assert _run(service, "encode", folder, out, "--parallel", "1") == 0


def _full(tile: bytes, times: int, service: FakeService) -> httpx.MockTransport:
    """The service's answers; its queue is full so often when a tile comes."""
    left = [problem(429, "queue_full", **{"Retry-After": "0"})] * times

    def answer(request: httpx.Request) -> httpx.Response:
        if tile in request.content and left:
            return play(left.pop(), request)
        return service(request)

    return httpx.MockTransport(answer)


def test_a_busy_service_is_waited_for(folder: Path, out: Path) -> None:
    """Other clients fill its queue for far longer than one request is tried."""
    args = ["encode", str(folder), "--out", str(out), "--url", "http://service"]
    transport = _full(b'"t064.png"', 9 * AT_ONCE.tries, FakeService())
    assert main(args, transport=transport, retry=AT_ONCE) == 0
    assert [float(row["l0"]) for row in _rows(out)] == list(range(1, 151))


def test_a_service_that_stays_full_ends_the_run(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When no tile of the run was answered for ten times the usual patience."""
    args = ["encode", str(folder), "--out", str(out), "--url", "http://service"]
    transport = _full(b"png", 10**6, FakeService())
    assert main(args, transport=transport, retry=AT_ONCE) == 3
    assert "The service is not free and asks to wait 0 s (asked 4 times)" in capsys.readouterr().err


@pytest.mark.parametrize("told", ["3600", "0"])
def test_what_is_no_full_queue_is_not_insisted_on(folder: Path, out: Path, told: str) -> None:
    """A wait of an hour, and a service that is not ready time and again, end the run."""
    status, code = (429, "slow_down") if told == "3600" else (503, "not_ready")
    service = FakeService(script=[problem(status, code, **{"Retry-After": told})] * 10)
    assert _run(service, "encode", folder, out, "--parallel", "1") == 3
    assert len(service.asked) == (1 if told == "3600" else AT_ONCE.tries)


def test_one_error_of_many_workers_is_told(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A problem of the whole request ends the run with one sentence."""
    service = FakeService(script=[problem(422, "invalid_request")] * 3)
    assert _run(service, "encode", folder, out) == 3
    assert "client: It is invalid_request. (invalid_request, 422)" in capsys.readouterr().err


def test_nobody_there_is_found_at_once(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first contact is not repeated, and leaves nothing behind."""

    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    patient = Retry(first_s=3600)
    args = ["encode", str(folder), "--out", str(out)]
    assert main(args, transport=httpx.MockTransport(nobody), retry=patient) == 1
    assert "Nothing answers at http://127.0.0.1:8000. Start the" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == [folder]


@pytest.mark.parametrize(("answer", "status"), [(429, 0), (502, 1)])
def test_a_first_contact_is_repeated_where_somebody_is_there(
    folder: Path, out: Path, answer: int, status: int
) -> None:
    """Whoever says "too many requests" is; a proxy that finds nobody ends the run at once."""
    service, left = FakeService(), [httpx.Response(answer)]

    def first(request: httpx.Request) -> httpx.Response:
        return play(left.pop(), request) if left else service(request)

    args = ["encode", str(folder), "--out", str(out)]
    assert main(args, transport=httpx.MockTransport(first), retry=AT_ONCE) == status


def test_another_program_is_not_taken_for_the_service(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever else answers at the address is named as such."""
    page = httpx.MockTransport(lambda _: httpx.Response(200, html="<h1>Welcome</h1>"))
    assert main(["encode", str(folder), "--out", str(out)], transport=page) == 1
    assert "does not speak as Tilescreen does" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["encode", "nowhere", "--out", "out.csv"], "nowhere does not exist"),
        (["encode", ".", "--out", "out.csv"], "none of them is a PNG"),
        (["encode", ".", "--out", "out.xls"], "results are written as .csv"),
        (["encode", ".", "--out", "no/out.csv"], "The folder no does not exist"),
        (["encode", ".", "--out", "a.csv", "--failures", "no/f"], "The folder no does not exist"),
        (["encode", "a.png", "--out", "a.csv", "--url", "host"], "no address of a service"),
        (["neighbors", ".", "--out", "a.csv", "-k", "101"], "no whole number from 1 to 100"),
        (["neighbors", ".", "--out", "a.csv", "-k", "five"], "no whole number from 1 to 100"),
        (["screen", ".", "--out", "a.csv", "-k", "21"], "no whole number from 0 to 20"),
        (["screen", ".", "--out", "a.csv", "-k", "x"], "no whole number from 0 to 20"),
        (["encode", ".", "--out", "a.csv", "--timeout", "0"], "no number of seconds above 0"),
        (["encode", ".", "--out", "a.csv", "--timeout", "x"], "no number of seconds above 0"),
        (["encode", ".", "--out", "a.csv", "--max-failure-rate", "2"], "no share from 0 to 1"),
        (["encode", ".", "--out", "a.csv", "--max-failure-rate", "x"], "no share from 0 to 1"),
        (["encode", "."], "required: --out"),
        (["paint", "."], "invalid choice: 'paint'"),
        ([], "required: COMMAND"),
    ],
)
def test_bad_usage_is_a_sentence_and_status_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    sentence: str,
) -> None:
    """Nothing is sent; status 2 is kept for runs with failures."""
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").touch()
    if args[1:2] == ["a.png"]:
        Path("a.png").write_bytes(b"x")
    assert main(args) == 1
    assert sentence in capsys.readouterr().err


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """--help tells the exit statuses and leaves with 0."""
    assert main(["encode", "--help"]) == 0
    assert "2 written, but more failed; 3 broken off" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--out", "--failures", "--ledger"])
def test_what_cannot_be_written_is_told_before_anything_is_asked(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """Hours of answers must not end at a folder that takes no file."""
    if not Path("/proc").is_dir():
        pytest.skip("needs /proc, into which nobody can write")
    out, service = folder.with_name("out.csv"), FakeService()
    assert _run(service, "encode", folder, out, option, "/proc/self/none.csv") == 1
    assert "none.csv cannot be written" in capsys.readouterr().err
    assert service.queries == []
    assert list(out.parent.glob("out.csv*")) == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("tiles --failures out.csv", "both the table (--out) and the list of failed tiles"),
        ("tiles --ledger tiles/../out.csv", "both the table (--out) and the ledger (--ledger)"),
        ("tiles --ledger l --failures ./l", "both the ledger (--ledger) and the list of failed"),
        ("tiles --failures out.csv.ledger", "both the ledger (--ledger) and the list of failed"),
        ("tiles --ledger linked", "linked would be both the table (--out) and the ledger"),
        ("tiles man.csv --out man.csv", "man.csv would be both an input and the table (--out)"),
        ("man.csv --failures man.csv", "both an input and the list of failed tiles (--failures)"),
        ("t.zip --ledger t.zip", "t.zip would be both an input and the ledger (--ledger)"),
    ],
)
def test_one_file_has_one_role(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: str,
    sentence: str,
) -> None:
    """Nothing is asked, and what is there already stays as it is."""
    monkeypatch.chdir(folder.parent)
    kept = {"out.csv": b"an older table", "man.csv": b"path\ntiles/t000.png\n", "t.zip": b"PK"}
    for name, content in kept.items():
        Path(name).write_bytes(content)
    Path("linked").symlink_to("out.csv")
    service = FakeService()
    whole = ["encode", "--out", "out.csv", "--url", "http://service", *args.split()]
    assert main(whole, transport=httpx.MockTransport(service), retry=AT_ONCE) == 1
    assert sentence in capsys.readouterr().err
    assert service.queries == []
    assert {name: Path(name).read_bytes() for name in kept} == kept


def test_what_is_no_file_fails_alone(folder: Path, out: Path) -> None:
    """A pipe in a folder is not waited for."""
    os.mkfifo(folder / "pipe.png")
    assert _run(FakeService(), "encode", folder, out, "--max-failure-rate", "0.9") == 0
    assert "pipe.png,pipe,unreadable_file" in out.with_name(out.name + ".failures.csv").read_text()


def test_a_full_disk_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the system says is told with the file's name."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    listed = Path("/dev/full")
    out = folder.with_name("out.ndjson")
    assert _run(FakeService(), "encode", folder, out, "--failures", str(listed)) == 3
    told = capsys.readouterr().err
    assert "client: /dev/full: No space left on device. Make room there first.\n" in told
    assert f"The answers so far are in {out}.ledger; add --resume" in told


def test_a_ledger_that_cannot_grow_is_named(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may lie on another disk than the table; what it holds by then is kept."""
    resource = pytest.importorskip("resource")
    kept, before = out.with_name("kept.ledger"), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        assert _run(FakeService(), "encode", folder, out, "--ledger", str(kept)) == 3
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr().err
    assert f"client: {kept}: File too large.\n" in told
    assert f"The answers so far are in {kept}; add --resume to go on from there." in told
    service = FakeService()
    assert _run(service, "encode", folder, out, "--ledger", str(kept), "--resume") == 0
    assert 0 < sum(map(len, service.asked)) < 150


def test_two_files_of_one_stem_are_told_apart(folder: Path, out: Path) -> None:
    """Both have their row; `file` says which is which."""
    (folder / "sub").mkdir()
    (folder / "sub" / "t000.png").write_bytes(b"12345")
    assert _run(FakeService(), "encode", folder, out) == 0
    twins = [(row["file"], row["l0"]) for row in _rows(out) if row["id"] == "t000"]
    assert twins == [("sub/t000.png", "5.0"), ("t000.png", "1.0")]


def test_ndjson_of_neighbours(folder: Path, out: Path) -> None:
    """One result a line, as the service gave it."""
    target = out.with_suffix(".ndjson")
    assert _run(FakeService(), "neighbors", folder / "t001.png", target) == 0
    line = json.loads(target.read_text())
    assert (line["file"], line["neighbors"][0]["id"]) == ("t001.png", "c1")


def test_evidence_is_not_asked_for_where_a_table_cannot_hold_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """-k with a .csv would drop what was asked for."""
    with pytest.raises(SystemExit):
        parse(["screen", "tiles", "--out", "verdicts.csv", "-k", "3"])
    assert "no room for evidence; give --out a name in .ndjson" in capsys.readouterr().err
    assert parse(["screen", "tiles", "--out", "verdicts.ndjson", "-k", "3"]).k == 3

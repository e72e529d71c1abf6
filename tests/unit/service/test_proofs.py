"""What one process has proved of a bundle, the others take its word for, and no more than that."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from bundle import BundleDamaged, BundleError, open_bundle
from bundle.encoders import choose_precision, open_encoder
from bundle.reader import Prove
from service.settings import Settings
from service.stored.decoder import prove_decoder
from service.workers.ahead import Ahead
from service.workers.member import Post, encoded
from service.workers.proofs import Proofs
from service.workers.supervisor import Supervisor
from tests.tiny import tiny_quantization, write_tiny_bundle

FORK = get_context("fork")


@pytest.fixture
def proofs() -> Iterator[Proofs]:
    """Nothing is proved yet."""
    with closing(Proofs()) as made:
        yield made


def in_another(work: Callable[[], object]) -> None:
    """Run work in a forked process, which must end well."""
    process = FORK.Process(target=work)
    process.start()
    process.join(20)
    assert process.exitcode == 0


def failing() -> None:
    """Fail as a check does."""
    raise BundleDamaged("It is not whole.")


def test_another_process_need_not_prove_it_again(proofs: Proofs) -> None:
    """Nor does this one; what is in another state is proved."""
    in_another(lambda: proofs.prove(b"one", lambda: None))
    proofs.prove(b"one", failing)
    with pytest.raises(BundleDamaged):
        proofs.prove(b"two", failing)


def test_what_failed_is_not_remembered(proofs: Proofs) -> None:
    """The next one fails as well."""
    for _ in range(2):
        with pytest.raises(BundleDamaged):
            proofs.prove(b"one", failing)


def test_who_dies_while_proving_holds_nobody_up(proofs: Proofs) -> None:
    """Its lock goes with it."""
    begun = FORK.Event()

    def stand_still() -> None:
        begun.set()
        time.sleep(60)

    process = FORK.Process(target=proofs.prove, args=(b"one", stand_still))
    process.start()
    assert begun.wait(20)
    os.kill(process.pid or 0, signal.SIGKILL)
    seen = list[str]()
    proofs.prove(b"one", lambda: seen.append("proved"))
    assert seen == ["proved"]
    process.join(20)


def test_old_proofs_are_forgotten(proofs: Proofs) -> None:
    """There is room for some; what was proved first is proved again."""
    for number in range(65):
        proofs.prove(b"%d" % number, lambda: None)
    proofs.prove(b"1", failing)
    with pytest.raises(BundleDamaged):
        proofs.prove(b"0", failing)


@pytest.mark.parametrize("name", ["points.npy", "encoder.onnx"])
def test_a_bundle_that_was_proved_and_then_altered_is_refused(
    proofs: Proofs, tmp_path: Path, name: str
) -> None:
    """A file written over, or another in its place with the same size and date."""
    write_tiny_bundle(tmp_path / "bundle")
    first = open_bundle(tmp_path / "bundle", prove=proofs.prove)
    assert len(open_bundle(tmp_path / "bundle", prove=proofs.prove)) == len(first)
    file = tmp_path / "bundle" / name
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BundleDamaged, match="altered"):
        open_bundle(tmp_path / "bundle", prove=proofs.prove)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A bundle."""
    write_tiny_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def ahead(proofs: Proofs) -> Iterator[Ahead]:
    """Proves with those, and ends."""
    made = Ahead(proofs, "auto", lambda: None)
    yield made
    made.end()


def ended(ahead: Ahead) -> None:
    """Wait until its process has come to an end by itself."""
    process = ahead._process
    assert process is not None
    process.join(20)
    assert process.exitcode == 0


def test_all_of_a_bundle_is_proved_ahead(
    proofs: Proofs, ahead: Ahead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that has its turn before anyone else, so this one checks nothing."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    ahead.prove(str(tmp_path / "bundle"))
    checked = list[str]()
    turn = proofs.turn

    @contextmanager
    def noted() -> Iterator[Prove]:
        def check_and_note(check: Callable[[], object]) -> None:
            checked.append("here")
            check()

        with turn() as prove:
            yield lambda state, check: prove(state, partial(check_and_note, check))

    monkeypatch.setattr(proofs, "turn", noted)
    bundle = open_bundle(tmp_path / "bundle", prove=proofs.prove)
    assert choose_precision(bundle, "auto") == "int8"
    open_encoder(bundle, precision="int8", prove=proofs.prove)
    prove_decoder(bundle, proofs.prove)
    assert checked == []
    proofs.prove(b"another", lambda: None)
    assert checked == ["here"]


def test_what_cannot_be_proved_ahead_is_left_to_others(
    proofs: Proofs, ahead: Ahead, tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A damaged bundle, or none; whoever opens it says what is wrong, and nobody else."""
    (tiny / "points.npy").write_bytes(b"")
    for folder in (tiny, tiny / "nowhere"):
        ahead.prove(str(folder))
        ended(ahead)
        with pytest.raises(BundleError):
            open_bundle(folder, prove=proofs.prove)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGSTOP])
def test_a_proof_that_dies_or_stands_still_holds_nobody_up_for_long(
    proofs: Proofs, ahead: Ahead, tiny: Path, monkeypatch: pytest.MonkeyPatch, signal_: int
) -> None:
    """In the midst of it; who comes next proves by itself."""
    monkeypatch.setattr("service.workers.ahead.open_bundle", lambda *_, **__: time.sleep(60))
    ahead.prove(str(tiny))
    process = ahead._process
    assert process is not None
    ahead.watch()
    assert process.is_alive()
    os.kill(process.pid or 0, signal_)
    monkeypatch.setattr(ahead, "_ends", time.monotonic())
    ahead.watch()
    assert len(open_bundle(tiny, prove=proofs.prove))
    assert not process.is_alive()


def test_one_proof_at_a_time(ahead: Ahead, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one ends the one before, and does not wait for it."""
    monkeypatch.setattr("service.workers.ahead.open_bundle", lambda *_, **__: time.sleep(60))
    ahead.prove(str(tiny))
    first = ahead._process
    assert first is not None
    began = time.monotonic()
    ahead.prove(str(tiny))
    assert time.monotonic() - began < 10
    assert not first.is_alive()


def test_a_proof_that_cannot_begin_is_done_without(
    proofs: Proofs, ahead: Ahead, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a container may have no more processes: the log tells, and all goes on."""

    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    ahead.prove(str(tiny))
    ahead.watch()
    assert len(open_bundle(tiny, prove=proofs.prove))


def test_a_proof_keeps_nothing_of_the_supervisors(proofs: Proofs, tiny: Path) -> None:
    """What it inherits is let go in it, and there alone: else workers would wait for its end."""
    ours, theirs = socket.socketpair()
    ahead = Ahead(proofs, "auto", ours.close)
    with ours, theirs:
        ahead.prove(str(tiny))
        ended(ahead)
        ours.sendall(b"still here")
        assert theirs.recv(20) == b"still here"
    ahead.end()


def test_a_worker_that_cannot_begin_is_tried_again(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One refusal, as of a container's limit of processes, ended all of the service."""
    monkeypatch.setattr(Ahead, "prove", lambda *_: None)
    fork, refusals = os.fork, [11, 11]

    def refused_at_first() -> int:
        if refusals:
            raise BlockingIOError(refusals.pop(), "Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", refused_at_first)

    def fails(post: Post) -> None:
        post.line.sendall(encoded({"say": "failed", "sentence": "It cannot."}))

    settings = Settings(bundle=tiny, workers=1)
    assert Supervisor(settings, fails, lambda *_: None, lambda: None).run() == "It cannot."
    told = "worker 0 cannot begin now, and is tried again: [Errno 11] Resource temporarily"
    assert [told in line for line in caplog.messages] == [True, True]


def test_the_supervisor_proves_before_any_worker_begins(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And ends that process when it ends itself."""
    done = list[str]()
    monkeypatch.setattr(Ahead, "prove", lambda _, folder: done.append(f"prove {folder}"))
    monkeypatch.setattr(Ahead, "end", lambda _: done.append("end"))
    start = Supervisor._start

    def noted(self: Supervisor, slot: int, deaths: int) -> None:
        done.append(f"worker {slot}")
        start(self, slot, deaths)

    monkeypatch.setattr(Supervisor, "_start", noted)

    def fails(post: Post) -> None:
        post.line.sendall(encoded({"say": "failed", "sentence": "It cannot."}))

    settings = Settings(bundle=tiny, workers=2)
    assert Supervisor(settings, fails, lambda *_: None, lambda: None).run() == "It cannot."
    assert done[:3] == [f"prove {tiny.resolve()}", "worker 0", "worker 1"]
    assert done[-1] == "end"
    assert capfd.readouterr().err == ""

"""What one process has proved of a bundle, the others take its word for, and no more than that."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path

import pytest

from bundle import BundleDamaged, BundleError, open_bundle
from bundle.encoders import choose_precision, open_encoder
from bundle.reader import Prove
from service.stored.decoder import prove_decoder
from service.workers.ahead import prove_ahead
from service.workers.proofs import Proofs
from tests.tiny import write_tiny_bundle

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


def test_all_of_a_bundle_is_proved_ahead(
    proofs: Proofs, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that has its turn before anyone else, so this one checks nothing."""
    prove_ahead(tiny, "auto", proofs)
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
    bundle = open_bundle(tiny, prove=proofs.prove)
    open_encoder(bundle, precision=choose_precision(bundle, "auto"), prove=proofs.prove)
    prove_decoder(bundle, proofs.prove)
    assert checked == []
    proofs.prove(b"another", lambda: None)
    assert checked == ["here"]


def test_what_cannot_be_proved_ahead_is_left_to_others(proofs: Proofs, tiny: Path) -> None:
    """A damaged bundle, or none; whoever opens it says what is wrong."""
    (tiny / "points.npy").write_bytes(b"")
    for folder in (tiny, tiny / "nowhere"):
        prove_ahead(folder, "auto", proofs)
        with pytest.raises(BundleError):
            open_bundle(folder, prove=proofs.prove)


def test_a_proof_that_dies_holds_nobody_up(
    proofs: Proofs, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed in the midst of it; who comes next proves by itself."""
    monkeypatch.setattr("service.workers.ahead.open_bundle", lambda *_, **__: time.sleep(60))
    prove_ahead(tiny, "auto", proofs)
    (process,) = (one for one in active_children() if one.name == "proof")
    assert process.is_alive()
    os.kill(process.pid or 0, signal.SIGKILL)
    assert len(open_bundle(tiny, prove=proofs.prove))
    process.join(20)

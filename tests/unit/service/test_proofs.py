"""What one process has proved of a bundle, the others take its word for, and no more than that."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from bundle import BundleDamaged, open_bundle
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

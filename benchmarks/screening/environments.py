"""An environment for each peer, made when it is first asked for, apart from the project's."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.screening.catalogue import Peer
from benchmarks.server import ROOT

WORK = ROOT / "build" / "peers"
_TIMEOUT_S = 4 * 3600
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class PeerMissing(Exception):
    """A peer cannot be installed or run; the message is a sentence that says why."""


def interpreter(peer: Peer) -> Path:
    """Return the Python that has a peer's packages, installed if need be.

    It is `build/peers/ENVIRONMENT`; a peer without packages runs in the project's own.

    Raises:
        PeerMissing: they do not install.
    """
    if not peer.packages:
        return Path(sys.executable)
    home = WORK / peer.environment
    python, stamp = home / "bin" / "python", home / "installed.txt"
    wanted = "\n".join(peer.packages) + "\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{peer.key}: installing {', '.join(peer.packages)}", file=sys.stderr)
        _run(peer.key, [sys.executable, "-m", "venv", str(home)])
        _run(peer.key, [str(python), "-m", "pip", "install", "--quiet", *peer.packages])
        stamp.write_text(wanted)
    return python


def run_script(peer: Peer, python: Path, arguments: list[str]) -> None:
    """Run a module in a peer's environment, from the project's root, on one thread.

    Raises:
        PeerMissing: it fails or does not end within four hours.
    """
    _run(peer.key, [str(python), "-m", *arguments])


def _run(name: str, command: list[str]) -> None:
    log = WORK / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | dict.fromkeys(_THREADS, "1") | {"HF_HUB_OFFLINE": "1"}
    with log.open("w") as stream:
        try:
            subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=True,
                timeout=_TIMEOUT_S,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise PeerMissing(_why(name, log, error)) from error


def _why(name: str, log: Path, error: Exception) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    said = [line for line in lines if line]
    last = said[-1][:300] if said and isinstance(error, subprocess.CalledProcessError) else error
    return f"{name} was skipped: {last} (more in build/peers/{log.name})"

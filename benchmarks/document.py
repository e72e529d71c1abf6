"""schemathesis over the whole OpenAPI document, all checks, against a service of its own.

    python -m benchmarks.document [--minutes 20] [--port 8210] [--bundle BUNDLE]

Examples, bounds, thousands of made-up requests and sequences of them, decisions and activations
included. The status is 1 for a server error, an answer that is not there within 15 s, or one that
is not as the document says. What the document cannot say is listed apart: `refused` are
requests that fit it and cannot be used (a PNG of one pixel), `taken` those that do not fit and
can (a text with blanks around it that is short enough without), `unmarked` examples of a
concept that are taken back although no tile has their ids, as the answer to marking them said,
`standing` a tile's decision that is told after one reviewer's was taken back (there always is
one, be it "undecided"), and `slashed` methods that what lies below a concept has not: they are
answered as of a concept whose name has a slash, with a sentence that names have none.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.environments import Environment, interpreter
from benchmarks.fault.service import HOST, Service, running
from benchmarks.server import ROOT

TOOL = Environment("schemathesis", ("schemathesis==4.32.5",))
HANG_S = 15
_APART = {
    "RejectedPositiveData": "refused",
    "AcceptedNegativeData": "taken",
    "EnsureResourceAvailability": "unmarked",
    "UseAfterFree": "standing",
}
_SLASHED = {"Allow header mismatch", "Wrong response to undeclared method"}
_BELOW = "/concepts/{name}/"


def examine(service: Service, minutes: float, report: Path) -> dict[str, Any]:
    """Run the tool for some minutes; return its report."""
    python = interpreter(TOOL)
    address = f"http://{HOST}:{service.port}/openapi.json"
    options = ["--checks=all", "--phases=examples,coverage,fuzzing,stateful"]
    options += [f"--request-timeout={HANG_S}", f"--max-time={round(minutes * 60)}"]
    options += ["--continue-on-failure", "--suppress-health-check=all", "--warnings=off"]
    options += ["--report=json", f"--report-json-path={report}"]
    command = [str(python.with_name("schemathesis")), "run", address, *options]
    subprocess.run(command, check=False, stdout=sys.stderr)
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def figures(report: dict[str, Any], service: Service) -> dict[str, Any]:
    """Return what a result file says of it; `findings` are what must not be."""
    told: dict[str, Any] = {name: {} for name in (*_APART.values(), "slashed", "findings")}
    for failure in report["failures"]:
        kind = failure["type"]
        where = _APART.get(kind, "findings")
        below = all(_BELOW in operation for operation in failure["operations"])
        if failure["title"] in _SLASHED and below:
            where = "slashed"
        told[where][failure["title"]] = failure["operations"]
    return {
        "tool": f"schemathesis {report['schemathesis_version']}",
        "seed": report["seed"],
        "seconds": round(report["running_time"]),
        "operations": report["operations"]["tested"],
        "requests": report["test_cases"]["generated"],
        "tool_errors": [str(error)[:300] for error in report["errors"]],
        "service_still_running": service.status() is None,
        "peak_memory_mib": service.memory_mib(),
        **told,
    }


def main() -> int:
    """Run it and write results/document.json; return 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.document", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long (20)")
    parser.add_argument("--port", type=int, default=8210)
    parser.add_argument("--bundle", type=Path, default=ROOT / "tests/data/bundle_v2")
    args = parser.parse_args()
    interpreter(TOOL)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(args.bundle, work / "bundles" / "first")
        (work / "bundles" / "current").symlink_to("first")
        options = [f"--bundles={work / 'bundles'}", f"--decisions={work / 'decisions'}"]
        options += ["--log-level=error"]
        with running(Service(work / "bundles" / "current", args.port, options)) as service:
            report = examine(service, args.minutes, work / "report.json")
            found = figures(report, service)
    record.record("document", record.invoked("document"), found)
    print(json.dumps(found, indent=1))
    return 1 if found["findings"] or not found["service_still_running"] else 0


if __name__ == "__main__":
    sys.exit(main())

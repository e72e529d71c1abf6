"""What screening costs: seconds of a fit, and processor time of a tile beyond encoding it.

    python -m benchmarks.screening_cost --fitted BUNDLE [BUNDLE ...] --served BUNDLE --tiles FOLDER

The seconds are those that each bundle's own manifest has of the steps that a fit without
screening would not take. The service is asked about the same forms of 64 tiles by `/encode` and by
`/screen`, in turns; its processor time is told, which a busy machine lengthens little. Tiles in
doubt are looked at twice or four times by `/screen` and once by `/encode`.
"""

import argparse
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks import record
from benchmarks.large import processor_s
from benchmarks.server import Served, served
from bundle import open_bundle

STEPS = ("look at your tiles", "lessons on your tiles", "adapt", "plant and calibrate")
_FORM, _TURNS = 64, 5


def of_fit(path: Path) -> dict[str, Any]:
    """Return the seconds of a bundle's fit that screening took."""
    manifest = open_bundle(path).manifest
    steps = [step for step in manifest.steps if step.name in STEPS]
    return {
        "tiles": manifest.source.tiles,
        "seconds": round(sum(step.seconds for step in steps), 1),
        "of": round(sum(step.seconds for step in manifest.steps), 1),
        "steps": {
            name: round(sum(step.seconds for step in steps if step.name == name), 1)
            for name in STEPS
        },
    }


def of_tile(service: Served, forms: list[list[bytes]]) -> dict[str, Any]:
    """Return milliseconds of the processor a tile, asked to encode and to screen in turns."""
    found: dict[str, list[float]] = {"encode": [], "screen": []}
    count = sum(map(len, forms))
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=120) as client:
        for turn in range(_TURNS + 1):
            for question, each in found.items():
                before = processor_s(service.pid)
                for form in forms:
                    files = [("files", (f"{at}.png", one)) for at, one in enumerate(form)]
                    client.post(f"/{question}", files=files).raise_for_status()
                if turn:  # the first one warms up
                    each.append(1e3 * (processor_s(service.pid) - before) / count)
    encode, screen = (round(median(found[question]), 3) for question in ("encode", "screen"))
    return {
        "tiles": count,
        "encode_ms": encode,
        "screen_ms": screen,
        "beyond_encoding": round(screen / encode - 1, 4),
    }


def main() -> None:
    """Write results/screening-cost.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screening_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--fitted", type=Path, nargs="+", required=True, metavar="BUNDLE")
    parser.add_argument("--served", type=Path, required=True, metavar="BUNDLE")
    parser.add_argument("--tiles", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args()
    tiles = [file.read_bytes() for file in sorted(args.tiles.glob("*.png"))]
    forms = [tiles[at : at + _FORM] for at in range(0, len(tiles), _FORM)]
    figures: dict[str, Any] = {"fit": [of_fit(path) for path in args.fitted]}
    with served(args.served, "--log-level", "error") as service:
        figures["serve"] = {
            "stored_tiles": len(open_bundle(args.served)),
            **of_tile(service, forms),
        }
    print(figures)
    command = "--fitted BUNDLE ... --served BUNDLE --tiles FOLDER"
    record.record("screening-cost", f"python -m benchmarks.screening_cost {command}", figures)


if __name__ == "__main__":
    main()

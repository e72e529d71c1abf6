"""An audit of 62,000 tiles: its steps on the clock, its memory, and its page in a browser.

    python -m benchmarks.audit_scale BUNDLE --out FOLDER [--tiles 62000]

The bundle is grown to as many tiles (`benchmarks.grown`) and gets classes that its lettering
predicts: drawn with odds of four to one where a tile is dropped for it, evenly elsewhere. FOLDER
keeps the classes, the audit and a picture of the page's beginning.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks import record
from benchmarks.grown import grow
from benchmarks.server import ROOT
from bundle import Bundle, open_bundle

_ODDS = (0.5, 0.8)
"""Share of the class `normal` among tiles without lettering, and with it."""
_STEP = re.compile(r"([a-z][^:|\r\n]*?) *: 100%[^\r\n]*\[((?:\d+:)+\d+)<")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_SIZE = """() => ({
  height_px: document.documentElement.scrollHeight,
  wider_than_screen: document.documentElement.scrollWidth > innerWidth,
  elements: document.querySelectorAll("*").length,
  pictures: document.querySelectorAll("img, svg").length,
})"""


def write_classes(bundle: Bundle, file: Path) -> None:
    """Draw a class for each tile."""
    rng = np.random.default_rng(1)
    lettered = bundle.scores[:, 0] >= bundle.manifest.screening.drop_score
    normal = rng.random(len(bundle)) < np.where(lettered, _ODDS[1], _ODDS[0])
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "class"))
        for row in range(len(bundle)):
            writer.writerow((bundle.id(row), "normal" if normal[row] else "abnormal"))


def audited(bundle: Path, classes: Path, out: Path) -> dict[str, Any]:
    """Run the command in a process of its own; return its seconds, steps and peak memory.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, "-m", "training", "audit", bundle, "--labels", classes, "--out", out]
    start = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        bars = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(bars)
    return {
        "seconds": round(time.monotonic() - start, 1),
        "steps": dict(_STEP.findall(bars)),
        "peak_mib": round(used.ru_maxrss / 1024, 1),
    }


def opened(page_file: Path, picture: Path) -> dict[str, Any]:
    """Open the page; return how long that took and how large it is, and keep a picture of it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        start = time.perf_counter()
        page.goto(page_file.resolve().as_uri())
        seconds = time.perf_counter() - start
        figures: dict[str, Any] = page.evaluate(_SIZE)
        page.screenshot(path=picture)
        browser.close()
    return {
        "loaded_s": round(seconds, 2),
        "page_bytes": page_file.stat().st_size,
        **figures,
    }


def main() -> None:
    """Measure and write results/audit-TILES.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit_scale", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--tiles", type=int, default=62_000)
    parser.add_argument("--grown", type=Path, help="keep the grown bundle here, or use it again")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path, classes = args.grown or args.out / "bundle", args.out / "classes.csv"
    if not path.exists():
        grow(open_bundle(args.bundle), path, args.tiles, pictures=True)
    write_classes(open_bundle(path), classes)
    figures = {"tiles": args.tiles, "audit": audited(path, classes, args.out / "audit")}
    figures["page"] = opened(args.out / "audit" / "audit.html", args.out / "page.png")
    command = f"python -m benchmarks.audit_scale BUNDLE --out FOLDER --tiles {args.tiles}"
    record.record(f"audit-{args.tiles}", command, figures)


if __name__ == "__main__":
    main()

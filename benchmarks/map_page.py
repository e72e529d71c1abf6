"""The map's page at 62,000 tiles in headless Chromium: frames of pan and zoom, time to the map.

    python -m benchmarks.map_page BUNDLE [--tiles 62000]

The bundle is grown to as many tiles (`benchmarks.grown`); the service and the browser, which has no
graphics card, share the machine. Each frame of the script is asked for by a pointer or a wheel.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks import record
from benchmarks.grown import grow
from benchmarks.server import served
from bundle import open_bundle

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_FRAMES = 300
_MOVE = """(frames) => new Promise((resolve) => {
  const canvas = document.querySelector(".stage .over");
  const box = canvas.getBoundingClientRect();
  const at = (dx, dy) => ({pointerId: 1, bubbles: true, clientX: box.left + box.width / 2 + dx,
    clientY: box.top + box.height / 2 + dy});
  canvas.setPointerCapture = () => {};
  const times = [];
  let before = performance.now();
  let frame = 0;
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(0, 0)));
  const step = (now) => {
    times.push(now - before);
    before = now;
    if (frame === frames) {
      canvas.dispatchEvent(new PointerEvent("pointerup", at(0, 0)));
      resolve(times.slice(2));
      return;
    }
    const turn = frame / 30;
    const part = Math.floor(frame / 60) % 2;
    canvas.dispatchEvent(part ? new WheelEvent("wheel", {...at(0, 0), cancelable: true,
      deltaY: 60 * Math.sin(turn)}) : new PointerEvent("pointermove",
      at(90 * Math.cos(turn), 90 * Math.sin(turn))));
    frame += 1;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def measure(page: Page, url: str) -> dict[str, Any]:
    """Return the time to the map, and what the frames took."""
    page.goto(url)
    page.wait_for_selector("#map[data-ready]")
    ready = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    times = np.array(page.evaluate(_MOVE, _FRAMES))
    return {
        "map_ready_ms": round(ready, 1),
        "frames": len(times),
        "frame_ms": {f"p{q}": round(float(np.percentile(times, q)), 2) for q in (50, 95, 99)},
        "frames_per_s": round(1000 / float(times.mean()), 1),
        "late_frames": int((times > 1.5 * 1000 / 60).sum()),
    }


def main() -> None:
    """Measure both sizes of screen and write results/map-page.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map_page", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--tiles", type=int, default=62_000)
    args = parser.parse_args()
    source = open_bundle(args.bundle)
    figures: dict[str, Any] = {"tiles": args.tiles}
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        target = Path(work) / "bundle"
        grow(source, target, args.tiles, pictures=True, mapped=True)
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        with served(target, "--decisions", f"{work}/kept") as service:
            for width, height in ((1280, 800), (768, 1024)):
                page = browser.new_page(viewport={"width": width, "height": height})
                url = f"http://127.0.0.1:{service.port}/view/map"
                figures[f"{width}x{height}"] = measure(page, url)
                page.close()
        browser.close()
    record.record("map-page", f"python -m benchmarks.map_page BUNDLE --tiles {args.tiles}", figures)


if __name__ == "__main__":
    main()

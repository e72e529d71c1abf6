"""The review page at 62,000 tiles in headless Chromium: first picture, weight, scrolling, lists.

    python -m benchmarks.review_page BUNDLE [--tiles 62000]

The bundle is grown to as many tiles with pictures of its own (`benchmarks.grown`); the service and
the browser share the machine. Each page is opened by a browser without a cache.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import record
from benchmarks.grown import grow
from benchmarks.server import served
from bundle import open_bundle

_OPENED = 7
_ASKED = 40
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_LOADED = """() => {
  const resources = performance.getEntriesByType("resource");
  const ends = (want) => resources.filter(want).map((one) => one.responseEnd);
  const [page] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const size = (part) => resources.filter((one) => one.name.includes(part))
    .reduce((sum, one) => sum + one.decodedBodySize, 0);
  return {
    first_picture_ms: Math.min(...ends((one) => one.name.includes("/image"))),
    screen_of_pictures_ms: window.shown,
    first_contentful_paint_ms: paint.startTime,
    html_bytes: page.decodedBodySize, js_bytes: size(".js"), css_bytes: size(".css"),
    cells: document.querySelectorAll("#grid [role=gridcell]").length,
  };
}"""
_ALL_SHOWN = """() => {
  const frame = document.getElementById("grid").getBoundingClientRect();
  const images = [...document.querySelectorAll("#grid img")]
    .filter((one) => one.getBoundingClientRect().top < frame.bottom);
  const done = images.length > 0 && images.every((one) => one.complete && one.naturalWidth);
  if (done) window.shown ??= performance.now();
  return done;
}"""
_SCROLL = """([pixels, frames]) => new Promise((resolve) => {
  const grid = document.getElementById("grid"), times = [], scripts = [];
  // Of each animation frame over 50 ms, how long scripts ran in it.
  const watch = new PerformanceObserver((list) => {
    for (const {scripts: ran} of list.getEntries()) {
      scripts.push(ran.reduce((sum, script) => sum + script.duration, 0));
    }
  });
  watch.observe({type: "long-animation-frame"});
  const height = grid.scrollHeight / Number(grid.getAttribute("aria-rowcount"));
  const half = grid.clientHeight / 2, last = grid.scrollHeight - grid.clientHeight;
  let top = 0, left = frames, before = performance.now(), blank = 0;
  const step = (now) => {
    times.push(now - before);
    before = now;
    // What the frame before has painted; then on. Nothing is asked that needs a layout.
    const row = Math.floor((Math.min(top, last) + half) / height) + 1;
    if (!grid.querySelector(`[aria-rowindex="${row}"]`)) blank += 1;
    top += pixels;
    grid.scrollTop = top;
    if (--left) requestAnimationFrame(step);
    else setTimeout(() => resolve({times: times.slice(1), blank, scripts, moved: grid.scrollTop,
                  columns: Number(grid.getAttribute("aria-colcount")), height}), 200);
  };
  requestAnimationFrame(step);
})"""


def opened(chromium: Browser, url: str) -> dict[str, float]:
    """Open the page anew; return its times in ms and its bytes."""
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_function(_ALL_SHOWN, polling="raf")
        figures: dict[str, float] = page.evaluate(_LOADED)
    return figures


def scrolled(page: Page, pixels: int, frames: int) -> dict[str, Any]:
    """Scroll by so many pixels a frame; return how even the frames came."""
    page.evaluate("document.getElementById('grid').scrollTop = 0")
    page.wait_for_timeout(500)
    told = page.evaluate(_SCROLL, [pixels, frames])
    times = sorted(told["times"])
    start = time.perf_counter()
    page.wait_for_function(_ALL_SHOWN, polling="raf")
    return {
        "pixels_a_frame": pixels,
        "tiles_passed": round(told["moved"] / told["height"] * told["columns"]),
        "frames": len(times),
        "frame_ms_p50": round(times[len(times) // 2], 1),
        "frame_ms_p99": round(times[int(len(times) * 0.99)], 1),
        "frame_ms_max": round(times[-1], 1),
        "frames_over_50_ms": sum(one > 50 for one in times),
        "script_ms_in_frames_over_50_ms": round(sum(told["scripts"])),
        "script_ms_max_in_a_frame": round(max(told["scripts"], default=0)),
        "frames_without_a_row": told["blank"],
        "pictures_there_after_ms": round((time.perf_counter() - start) * 1e3),
    }


def asked(base: str, query: str) -> dict[str, float]:
    """Ask for pieces of the list one after another; return milliseconds."""
    times = []
    for number in range(_ASKED):
        start = time.perf_counter()
        url = f"{base}/review/tiles?limit=120&offset={number * 120}&{query}"
        with urlopen(url) as answer:  # noqa: S310, our own service
            answer.read()
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    return {"ms_p50": round(median(times), 2), "ms_max": round(times[-1], 2)}


def measured(path: Path, kept: Path) -> dict[str, Any]:
    """Serve the bundle, open the page several times, scroll it, ask for lists."""
    chromium_path = shutil.which("chromium") or shutil.which("google-chrome")
    options = ("--log-level", "warning", "--decisions", str(kept))
    with served(path, *options) as service, sync_playwright() as playwright:
        base = f"http://127.0.0.1:{service.port}"
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=_FLAGS)
        runs = [opened(chromium, f"{base}/view/review") for _ in range(_OPENED + 1)][1:]
        loaded = {name: round(median(run[name] for run in runs), 1) for name in runs[0]}
        loaded["first_picture_ms_max"] = round(max(run["first_picture_ms"] for run in runs), 1)
        with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
            page = context.new_page()
            page.goto(f"{base}/view/review", wait_until="networkidle")
            scrolls = [scrolled(page, *how) for how in ((100, 300), (1_000, 300), (5_000, 200))]
        chromium.close()
        queries = ("", "sort=uncertainty", "state=undecided&sort=cluster", "verdict=drop")
        lists = {query or "all": asked(base, query) for query in queries}
    return {"page": loaded, "scrolls": scrolls, "lists": lists}


def main() -> None:
    """Measure and write results/review-page.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review_page", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--tiles", type=int, default=62_000)
    parser.add_argument("--grown", type=Path, help="keep the grown bundle here, or use it again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        path = args.grown or Path(work) / "bundle"
        if not path.exists():
            grow(open_bundle(args.bundle), path, args.tiles, pictures=True)
        figures = measured(path, Path(work) / "kept")
    command = f"python -m benchmarks.review_page BUNDLE --tiles {args.tiles}"
    record.record("review-page", command, {"tiles": args.tiles, **figures})


if __name__ == "__main__":
    main()

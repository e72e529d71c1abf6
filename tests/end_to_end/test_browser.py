"""The pages in headless Chromium, as a curator meets them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser import chromium_started, open_page, site_of
from tests.pictures import png
from tests.tiny import tiny_tiles

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/view/review",
    "/view/screen",
    "/view/clusters/0",
    "/view/clusters/-1",
    "/view/tiles/c306",
    "/view/tiles/c318",
    "/view/upload",
]
DROP = """([name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
  document.querySelector(".drop").dispatchEvent(
    new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}"""
BROKEN = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
ALL_IMAGES = "for (const image of document.images) image.loading = 'eager'"


@pytest.fixture(scope="module")
def site(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with the tiny bundle."""
    with site_of(tiny_path, decisions=tmp_path_factory.mktemp("kept")) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as browser:
        yield browser


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("path", PAGES)
def test_pages_load_without_a_complaint(
    chromium: Browser, site: str, path: str, *, script: bool
) -> None:
    """With and without script: one h1, no console message, nothing wider than the screen."""
    with open_page(chromium, java_script_enabled=script, viewport=_size(768)) as page:
        page.goto(site + path)
        expect(page.locator("h1")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 768


@pytest.mark.parametrize("path", PAGES)
def test_every_picture_loads(chromium: Browser, site: str, path: str) -> None:
    """No picture of a page is broken."""
    with open_page(chromium, viewport=_size(1280)) as page:
        page.goto(site + path)
        page.evaluate(ALL_IMAGES)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(BROKEN) == 0


def test_from_the_gallery_to_a_neighbour_without_script(chromium: Browser, site: str) -> None:
    """Gallery, cluster, tile, neighbour: links alone lead there."""
    with open_page(chromium, java_script_enabled=False) as page:
        page.goto(site)
        page.get_by_role("link", name="Cluster 0", exact=True).click()
        page.get_by_role("link", name="Tile c303", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Tile c303")
        neighbour = page.locator(".hits .name a").first
        name = neighbour.inner_text()
        neighbour.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Tile {name}")


def test_from_the_gallery_to_a_verdict_without_script(chromium: Browser, site: str) -> None:
    """Choose a verdict and a reason, press the button, open the first tile: it says why."""
    with open_page(chromium, java_script_enabled=False) as page:
        page.goto(site)
        page.get_by_label("Verdict", exact=True).select_option("drop")
        page.get_by_label("Reason", exact=True).select_option("LETTERING")
        page.get_by_role("button", name="Show tiles").click()
        expect(page.locator(".cards .verdict")).to_have_count(5)
        page.get_by_role("link", name="Tile c318", exact=True).click()
        expect(page.locator(".finding .badge").first).to_have_text("drop")
        expect(page.get_by_role("list", name="Reasons")).to_contain_text("Lettering")
        expect(page.get_by_role("img", name="what was found")).to_be_visible()


def test_a_verdict_list_is_downloaded(chromium: Browser, site: str) -> None:
    """The link below the filter gives the filtered list as a CSV file."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/screen?verdict=drop")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as CSV").click()
        text = download.value.path().read_text()
    assert text.startswith("id,verdict,score,reasons,")
    assert text.count("\n") == 6


@pytest.mark.parametrize("width", [390, 1280])
def test_the_box_lies_over_the_letters(
    chromium: Browser, site: str, tmp_path: Path, width: int
) -> None:
    """What was found on a sent tile is drawn where it is in the picture, on any screen."""
    tile = np.full((40, 80), 110, np.uint8)
    tile[20:, 40:] = 255
    (tmp_path / "sent.png").write_bytes(png(tile))
    with open_page(chromium, java_script_enabled=False, viewport=_size(width)) as page:
        page.goto(f"{site}/view/upload")
        page.get_by_label("PNG files").set_input_files(tmp_path / "sent.png")
        page.get_by_role("button", name="Look up").click()
        picture = page.locator(".plate img").bounding_box()
        box = page.locator(".boxes .reason-LETTERING").bounding_box()
    assert picture
    assert box
    half = picture["width"] / 2
    assert box["x"] - picture["x"] == pytest.approx(half, abs=4)
    assert box["y"] - picture["y"] == pytest.approx(picture["height"] / 2, abs=4)
    assert box["width"] == pytest.approx(half, abs=8)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_badges_can_be_read(chromium: Browser, site: str, scheme: Any) -> None:
    """Words of verdicts stand out from their ground at least 4.5 to 1."""
    with open_page(chromium, color_scheme=scheme) as page:
        page.goto(f"{site}/view/screen")
        for verdict in ("keep", "review", "drop"):
            badge = page.locator(f".badge.verdict-{verdict}").first
            ink, ground = (
                badge.evaluate(f"badge => getComputedStyle(badge).{name}")
                for name in ("color", "backgroundColor")
            )
            assert contrast(ink, ground) >= 4.5, verdict


def contrast(*colours: str) -> float:
    """Return the contrast of two colours as WCAG 2 has it, 1 to 21."""
    lights = []
    for colour in colours:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        lights.append(float(np.dot(linear, (0.2126, 0.7152, 0.0722))))
    dark, bright = sorted(lights)
    return (bright + 0.05) / (dark + 0.05)


def test_the_search_box_works_from_the_keyboard(chromium: Browser, site: str) -> None:
    """A slash jumps to the box, Enter goes to the tile."""
    with open_page(chromium) as page:
        page.goto(site)
        page.keyboard.press("/")
        page.keyboard.type("c312")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Tile c312")


def test_files_are_sent_without_script(chromium: Browser, site: str, tmp_path: Path) -> None:
    """Choose two files, press the button, read two answers."""
    for number in (0, 8):
        (tmp_path / f"sent-{number}.png").write_bytes(png(tiny_tiles()[number]))
    with open_page(chromium, java_script_enabled=False) as page:
        page.goto(site)
        page.get_by_label("PNG files").set_input_files(sorted(tmp_path.glob("*.png")))
        page.get_by_role("button", name="Look up").click()
        expect(page.locator(".answer h2")).to_have_text(["sent-0", "sent-8"])
        expect(page.locator(".answer").first.locator(".hits .name a").first).to_have_text("c300")


def test_a_dropped_file_is_answered_at_once(chromium: Browser, site: str) -> None:
    """Dropping a file on the box is all that it takes."""
    with open_page(chromium) as page:
        page.goto(site)
        page.evaluate(DROP, ["dropped.png", list(png(tiny_tiles()[9]))])
        expect(page.locator(".answer h2")).to_have_text("dropped")
        expect(page.locator(".answer .badge", has_text="cluster 1").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_there_to_be_seen(
    chromium: Browser, site: str, tmp_path: Path, scheme: Any
) -> None:
    """A screenshot has the scheme's ground, and more than 50 colours on it."""
    with open_page(chromium, viewport=_size(1280), color_scheme=scheme) as page:
        page.goto(site, wait_until="networkidle")
        page.screenshot(path=tmp_path / "page.png")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    with Image.open(tmp_path / "page.png") as image:
        shot = image.convert("RGB")
    corner = tuple(shot.crop((2, 700, 3, 701)).tobytes())
    assert f"rgb{corner}" == ground
    assert (sum(corner) > 384) == (scheme == "light")
    assert shot.getcolors(50) is None


def _size(width: int) -> dict[str, int]:
    return {"width": width, "height": 800}

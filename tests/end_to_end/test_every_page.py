"""Every page in Chromium: for who reads by ear, on a narrow screen, and with large letters."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser import FLAGS, chromium_started, site_of
from tests.tiny import write_tiny_bundle

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/?page=2",
    "/docs",
    "/view/clusters/-1",
    "/view/clusters/0",
    "/view/map",
    "/view/nowhere",
    "/view/progress",
    "/view/review",
    "/view/scans",
    "/view/scans/film-a",
    "/view/screen",
    "/view/screen?page=2",
    "/view/screen?verdict=maybe",
    "/view/teach",
    "/view/teach?concept=dark",
    "/view/teach?concept=new",
    "/view/tiles/t10",
    "/view/tiles/t100",
    "/view/upload",
]
KEY, DECIDES = "read-key-0123456789", "review-key-0123456789"
LETTERS_PX = 32
"""Twice what browsers begin with."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with enough tiles and clusters for lists of two pages."""
    folder = tmp_path_factory.mktemp("every")
    ids = [f"t{number}" for number in range(100, 240)]
    write_tiny_bundle(folder / "bundle", count=len(ids), ids=ids, clusters=26)
    with site_of(folder / "bundle", decisions=folder / "kept") as address:
        url, by = f"{address}/concepts/dark", {"X-Reviewer": "ann"}
        httpx.put(url, json={}, headers=by).raise_for_status()
        marks = {"positive": ["t100"], "negative": ["t239"]}
        httpx.post(f"{url}/examples", json=marks, headers=by).raise_for_status()
        yield address


@pytest.fixture(scope="module")
def locked(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that asks for a key."""
    kept = tmp_path_factory.mktemp("locked")
    with site_of(tiny_path, decisions=kept, api_keys=f"read:{KEY},review:{DECIDES}") as address:
        yield address


def wider_by(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found


def complaints(page: Page) -> list[str]:
    """Return what axe finds, of whatever weight."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return [one["id"] for one in axe.run(page).response["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [768, 1280])
def test_axe_finds_nothing_on_any_page(
    chromium: Browser, site: str, width: int, scheme: Any
) -> None:
    """Be the window wide or narrow, bright or dark; and no page is wider than it."""
    found = {}
    with chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as context:
        for path in PAGES:
            page = context.new_page()
            page.goto(site + path, wait_until="networkidle")
            found[path] = complaints(page), wider_by(page)
            page.close()
    assert found == dict.fromkeys(PAGES, ([], 0))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_axe_finds_nothing_where_a_key_is_asked_for(
    chromium: Browser, locked: str, width: int, scheme: Any
) -> None:
    """Not in the form, not after a wrong key, and not on the page of who only reads."""
    size = {"width": width, "height": 900}
    with chromium.new_context(viewport=size, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{locked}/view/screen")
        for key in ("another", KEY):
            assert (complaints(page), wider_by(page)) == ([], 0)
            page.get_by_label("Key").fill(key)
            page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/view/screen")
        assert (complaints(page), wider_by(page)) == ([], 0)


OFFERED = {"Find tile", "Sign out", "Show", "Show tiles", "Look up", "Open", "All keys ?"}
PLACES = {"Open as grid", "Clear", "Select lettering"}


def test_who_only_reads_is_offered_nothing_that_is_refused(chromium: Browser, locked: str) -> None:
    """On no page; what to press for a decision is not said either."""
    signed = {"Authorization": f"Bearer {DECIDES}", "X-Reviewer": "ann"}
    httpx.put(f"{locked}/concepts/dark", json={}, headers=signed).raise_for_status()
    with chromium.new_context() as context:
        context.add_cookies([{"name": "tilescreen_key", "value": KEY, "url": locked}])
        page = context.new_page()
        for path in [*PAGES, "/view/tiles/c300"]:
            page.goto(locked + path, wait_until="networkidle")
            names = {
                one.inner_text() for one in page.locator("button:visible:not([data-zoom])").all()
            }
            assert names <= OFFERED | PLACES, path
            if path != "/docs":
                assert not re.search(
                    r"\b(drop|press|mark) (it|on|one)\b", page.inner_text("main")
                ), path


def test_no_page_is_wider_than_a_narrow_window(chromium: Browser, site: str) -> None:
    """At 375 px, as on a telephone, nothing is to be scrolled sideways (WCAG 1.4.10)."""
    with chromium.new_context(viewport={"width": 375, "height": 800}) as context:
        page = context.new_page()
        found = {}
        for path in PAGES:
            page.goto(site + path, wait_until="networkidle")
            found[path] = wider_by(page)
    assert found == dict.fromkeys(PAGES, 0)


def test_all_words_grow_with_the_browsers_letters(
    chromium: Browser, site: str, tmp_path: Path
) -> None:
    """Where they are twice as large, no words are left small, and no page is wider for it."""
    wanted = {"webkit": {"webprefs": {"default_font_size": LETTERS_PX}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default/Preferences").write_text(json.dumps(wanted))
    least = """[...document.querySelectorAll("button, .lead, nav a, label, .note")]
      .map((one) => parseFloat(getComputedStyle(one).fontSize))
      .reduce((one, other) => Math.min(one, other), Infinity)"""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    size = {"width": 768, "height": 900}
    with chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=path, args=FLAGS, viewport=size
    ) as context:
        page = context.new_page()
        for address in PAGES:
            page.goto(site + address, wait_until="networkidle")
            assert page.evaluate(least) >= 0.7 * LETTERS_PX, address
            assert wider_by(page) == 0, address
        page.goto(f"{site}/view/review")
        caption = page.locator(".caption").first
        box = caption.bounding_box()
        assert box
        assert box["height"] >= 1.2 * LETTERS_PX
        row = page.locator("#grid [role=row]").nth(1).bounding_box()
        assert row
        assert box["y"] + box["height"] <= row["y"]

"""The page of progress in headless Chromium: the sentence, the curve and the two buttons."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.test_browser import _size, chromium, open_page
from tests.serving import serving

__all__ = ["chromium"]  # the fixture

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running service in which nothing is decided."""
    monkeypatch.setenv("TILESCREEN_DECISIONS", str(tmp_path / "kept"))
    with serving(tiny_path) as address:
        yield address


def ask(url: str, body: Any = None, reviewer: str = "ann") -> Any:
    """Ask the service beside the browser."""
    headers = {"Content-Type": "application/json", "X-Reviewer": reviewer}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, headers)) as answer:
        return json.load(answer)


def test_an_audit_sample_opens_as_a_grid(chromium: Browser, site: str) -> None:
    """The button draws as many as are asked for, as a grid; until they are done, the same ones."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/progress")
        expect(page.locator(".advice")).to_contain_text("Look at 6 sampled tiles")
        page.get_by_role("button", name="Audit a sample of 6").click()
        page.wait_for_url("**/view/review?sample=1")
        expect(page.locator(".showing")).to_contain_text("audit sample 1: 6 tiles")
        cells = page.locator("#grid [role=gridcell]:not(:empty)")
        expect(cells).to_have_count(6)
        chosen = [str(cell.get_attribute("data-state-of")) for cell in cells.all()]
        left = [tile["id"] for tile in ask(f"{site}/review/sample", {})["tiles"]]
        assert sorted(chosen) == sorted(left)
        ask(f"{site}/decisions", {"ids": left[1:], "decision": "keep"})
        page.goto(f"{site}/view/progress")
        expect(page.locator(".advice")).to_contain_text("1 of its 6 tiles")
        expect(page.get_by_role("button", name="Finish the audit sample (1 left)")).to_be_visible()
        ask(f"{site}/decisions", {"ids": left[:1], "decision": "keep"})
        page.reload()
        expect(page.locator(".advice")).to_contain_text("Stop")
        expect(page.get_by_role("button", name="audit")).to_have_count(0)


def test_the_list_is_exported(chromium: Browser, site: str) -> None:
    """Each file by its link, and all of them in one."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/progress")
        given = []
        for link in ("tiles.csv", "boxes.json", "manifest.json", "all three in one file"):
            with page.expect_download() as download:
                page.get_by_role("link", name=link, exact=True).click()
            given.append(download.value.suggested_filename)
    assert given[:3] == ["tiles.csv", "boxes.json", "manifest.json"]
    assert given[3].endswith(".zip")


def test_reviewers_see_how_far_they_agree(chromium: Browser, site: str) -> None:
    """Three tiles tell too little for a kappa; a link leads to what they differ on."""
    with open_page(chromium) as page:
        ask(f"{site}/decisions", {"ids": ["c300", "c303", "c318"], "decision": "keep"})
        page.goto(f"{site}/view/progress")
        expect(page.get_by_text("No two reviewers have decided on the same tile")).to_be_visible()
        ask(f"{site}/decisions", {"ids": ["c300", "c303"], "decision": "keep"}, "ben")
        ask(f"{site}/decisions", {"ids": ["c318"], "decision": "drop"}, "ben")
        page.reload()
        row = page.get_by_role("row", name="ann and ben")
        expect(row).to_contain_text("67 %")
        expect(row).to_contain_text("too few tiles to tell")
        page.get_by_role("link", name="Look at the 1 tile on which they differ").click()
        expect(page.locator("#grid [data-state-of=c318] .chip")).to_have_text("conflict")


def test_the_budget_is_a_link_to_the_grid(chromium: Browser, site: str) -> None:
    """The next tiles need no script: a link leads to as many as there are."""
    with open_page(chromium, java_script_enabled=False) as page:
        page.goto(f"{site}/view/progress")
        link = page.get_by_role("link", name="Look at the next 12")
        assert link.get_attribute("href") == "/view/review?budget=12"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [768, 1280])
def test_the_page_is_accessible(chromium: Browser, site: str, scheme: Any, width: int) -> None:
    """With decisions and without, axe finds nothing, and nothing is wider than the screen."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with open_page(chromium, viewport=_size(width), color_scheme=scheme) as page:
        page.goto(f"{site}/view/progress")
        assert axe.run(page).response["violations"] == []
        ask(f"{site}/decisions", {"ids": ["c318", "c321"], "decision": "drop"})
        page.reload()
        expect(page.get_by_role("img", name="Of 2 looked at, 2 found")).to_be_visible()
        assert axe.run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

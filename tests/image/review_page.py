"""Signs in to the review page in headless Chromium and drops a tile from the keyboard.

    python tests/image/review_page.py URL KEY

KEY is that of the reviewer ann. Says so, and ends with status 0, where there is no Chromium.
"""

import shutil
import sys

from playwright.sync_api import Page, expect, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def decided(page: Page, url: str, key: str) -> bool:
    """Sign in and decide as a person does; return whether the service has kept it."""
    page.goto(f"{url}/view/review?sort=id")
    print("  without a key:", page.title())
    page.get_by_label("Key").fill(key)
    page.keyboard.press("Enter")
    cell = page.locator("#grid [role=gridcell]").first
    expect(cell).to_be_visible()
    print("  signed in:", page.title())
    page.keyboard.press("d")
    expect(cell.locator(".chip")).to_have_text("drop")
    tile = cell.get_attribute("data-state-of")
    kept = page.request.get(f"{url}/tiles/{tile}/decision").json()["decisions"]
    mine = [one["decision"] for one in kept if one["reviewer"] == "ann"]
    print(f"  D on {tile}: the service has", mine)
    return mine == ["drop"]


def main() -> int:
    """Look at it in whichever Chromium is there."""
    _, url, key = sys.argv
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("  there is no chromium on the PATH: the page was not opened in a browser")
        return 0
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        right = decided(chromium.new_page(), url, key)
        chromium.close()
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())

"""Signs in to the review page in headless Chromium and drops a tile from the keyboard.

    python tests/image/review_page.py URL KEY

KEY is that of the reviewer ann. Says so, and ends with status 0, where there is no Chromium.
"""

import shutil
import sys

from playwright.sync_api import expect

from tests.browser import chromium_started, open_page


def main() -> int:
    """Decide as a person does, and read what the service has kept."""
    _, url, key = sys.argv
    if not shutil.which("chromium") and not shutil.which("google-chrome"):
        print("  there is no chromium on the PATH: the page was not opened in a browser")
        return 0
    expect.set_options(timeout=20_000)
    with chromium_started() as chromium, open_page(chromium) as page:
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
    return int(mine != ["drop"])


if __name__ == "__main__":
    sys.exit(main())

"""The map, a scan and a cluster in Chromium: what is selected there is decided as a whole."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium_started, open_page, site_of

pytestmark = pytest.mark.browser
REVIEWER = {"name": "tilescreen_reviewer", "value": "ann"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as browser:
        yield browser


@pytest.fixture
def site(tiny_path: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a running service in which nothing is decided."""
    with site_of(tiny_path, decisions=tmp_path / "kept") as address:
        yield address


def named(page: Page, site: str) -> Page:
    """Let the page know who decides."""
    page.context.add_cookies([{**REVIEWER, "url": site}])
    return page


def handed_on(page: Page) -> list[str]:
    """Press the button; return the ids that the grid is given."""
    page.route("**/view/review?*", lambda route: route.fulfill(body="<h1>grid</h1>"))
    page.get_by_role("button", name="Open as grid").click()
    page.wait_for_url("**/view/review?selection=*")
    name = page.url.partition("=")[2]
    kept = page.evaluate(f"localStorage.getItem('tilescreen.selection.{name}')")
    found: list[str] = json.loads(kept)["ids"]
    return found


def open_map(page: Page, site: str) -> Any:
    """Open the map; return the box that it is drawn in."""
    page.goto(f"{site}/view/map")
    page.wait_for_selector("#map[data-ready]")
    box = page.locator(".stage .over").bounding_box()
    assert box
    return box


def test_a_lasso_opens_as_a_grid(chromium: Browser, site: str) -> None:
    """A lasso round the right half of the map selects the tiles there, and the grid gets these."""
    with open_page(chromium, viewport={"width": 1280, "height": 900}) as page:
        box = open_map(page, site)
        page.locator(".hands label", has_text="Lasso").click()
        middle, top = box["x"] + box["width"] / 2, box["y"]
        page.mouse.move(middle, top + 60)
        page.mouse.down()
        for x, y in ((box["width"] / 2 - 2, 60), (box["width"] / 2 - 2, box["height"] - 2)):
            page.mouse.move(middle + x, top + y, steps=4)
        page.mouse.move(middle, top + box["height"] - 2, steps=4)
        page.mouse.up()
        # Dark and bright tiles lie on two sides, the grey one between.
        chosen = handed_on(page)
    dark, bright = {f"c{300 + 3 * at}" for at in range(6)}, {f"c{318 + 3 * at}" for at in range(5)}
    assert set(chosen) - {"c333"} in (dark, bright)


def test_groups_are_selected_from_the_keyboard(chromium: Browser, site: str) -> None:
    """Ticking a group selects its tiles: no mouse, and no need to see the map."""
    with open_page(chromium) as page:
        open_map(page, site)
        page.get_by_role("checkbox", name="drop").focus()
        page.keyboard.press("Space")
        expect(page.locator(".told")).to_have_text("5 tiles selected.")
        assert handed_on(page) == [f"c{318 + 3 * at}" for at in range(5)]


def test_the_map_is_shown_without_the_database(chromium: Browser, site: str) -> None:
    """Where decisions cannot be read, the map and its groups are there all the same."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.route("**/review/map/states", lambda route: route.fulfill(status=503, json={}))
        open_map(page, site)
        expect(page.get_by_role("checkbox", name="drop")).to_be_enabled()
        expect(page.locator(".told")).to_contain_text("Decisions cannot be read now")
        page.unroute("**/review/map/states")
        expect(page.locator(".told")).to_have_text("Nothing is selected.", timeout=10_000)


def test_ids_that_could_not_be_fetched_are_asked_for_again(chromium: Browser, site: str) -> None:
    """The first failure was kept, and told for good."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.route("**/review/map/ids*", lambda route: route.abort())
        open_map(page, site)
        page.get_by_role("checkbox", name="drop").check()
        page.get_by_role("button", name="Open as grid").click()
        expect(page.locator(".told")).to_contain_text("The service gave no answer")
        page.unroute("**/review/map/ids*")
        assert len(handed_on(page)) == 5


def test_no_two_clusters_have_a_colour_in_common(chromium: Browser, site: str) -> None:
    """However many there are; and none has that of the stray tiles, or of the ground."""
    asked = """() => {
      const clusters = Array.from({length: 40}, (_, label) => ({label, size: 90 - label}));
      const stray = {label: -1, size: 3, stray: true};
      const { groups } = mapGroups.cluster({labels: [], clusters: {clusters, stray}});
      return groups.map(one => one.colour);
    }"""
    with open_page(chromium) as page:
        open_map(page, site)
        colours = page.evaluate(asked)
    parts = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours]
    assert len({tuple(part) for part in parts}) == len(colours) == 41
    apart = [
        sum(abs(a - b) for a, b in zip(one, other, strict=True))
        for at, one in enumerate(parts[:12])
        for other in [*parts[at + 1 : 12], parts[-1]]
    ]
    assert min(apart) > 60


def hold_a_tile(page: Page, site: str) -> Any:
    """Open the map and click on a point; return the box that shows its tile."""
    box = open_map(page, site)
    tip = page.locator(".tip")
    spots = ((x / 40, y / 24) for y in range(3, 24) for x in range(1, 40))
    for x, y in spots:
        at = box["x"] + box["width"] * x, box["y"] + box["height"] * y
        page.mouse.move(*at)
        if tip.is_visible():
            break
    page.mouse.click(*at)
    return tip


def test_a_decision_on_the_map_does_not_overturn_another_unseen(
    chromium: Browser, site: str
) -> None:
    """As on all pages: a tile that stands otherwise than it is shown is told, not decided."""
    with chromium.new_context() as context:
        page = named(context.new_page(), site)
        tip = hold_a_tile(page, site)
        tile_id = str(tip.get_by_role("link").get_attribute("href")).rpartition("/")[2]
        url = f"{site}/tiles/{tile_id}/decision"
        page.request.put(url, data={"decision": "drop"}, headers={"X-Reviewer": "Ben"})
        keep = tip.get_by_role("button", name="Keep")
        keep.click()
        expect(page.get_by_role("alert")).to_contain_text(f"{tile_id} is now drop (Ben: drop)")
        assert page.request.get(url).json()["state"] == "drop"
        keep.click()
        expect(tip.locator("[data-state-of]")).to_have_text("conflict")
        expect(page.get_by_role("alert")).to_be_hidden()
        assert page.request.get(url).json()["state"] == "conflict"


def test_a_tile_is_shown_where_the_map_is_pointed_at(chromium: Browser, site: str) -> None:
    """Clicking a point holds its tile, with a picture and a link to its page."""
    with open_page(chromium) as page:
        tip = hold_a_tile(page, site)
        expect(tip.get_by_role("img", name="Tile c3")).to_be_visible()
        link = tip.get_by_role("link", name="Open tile")
        assert str(link.get_attribute("href")).startswith("/view/tiles/c3")
        page.locator(".stage .over").focus()
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()


def test_a_cluster_is_decided_as_a_whole_and_undone(chromium: Browser, site: str) -> None:
    """One press decides for all of its tiles, says how many, and one press takes it back."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/clusters/0")
        page.get_by_role("button", name="Drop all").click()
        expect(page.locator("#cluster .told").first).to_contain_text("saved for 6 tiles")
        expect(page.locator(".state-word[data-state=drop]")).to_have_count(6)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#cluster .told").first).to_have_text("Undone for 6 tiles.")
        expect(page.locator(".state-word", has_text="undecided")).to_have_count(6)


def test_a_cluster_with_tiles_that_others_decided_meanwhile_is_left(
    chromium: Browser, site: str
) -> None:
    """Whoever sees them undecided overturns nothing, and is shown how they stand."""
    with chromium.new_context() as context:
        page = named(context.new_page(), site)
        page.goto(f"{site}/view/clusters/0")
        page.request.put(
            f"{site}/tiles/c300/decision", data={"decision": "drop"}, headers={"X-Reviewer": "Ben"}
        )
        page.get_by_role("button", name="Keep all").click()
        expect(page.locator(".unsaved [role=alert]")).to_contain_text("c300 is now drop")
        expect(page.locator("[data-state-of=c300]")).to_have_text("drop")
        assert page.request.get(f"{site}/decisions").json()["total"] == 1


@pytest.mark.parametrize("path", ["clusters/0", "scans/film-a"])
def test_back_shows_what_was_decided_since(chromium: Browser, site: str, path: str) -> None:
    """A page that a browser kept shows no tile as undecided that was decided on another page."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/{path}")
        shown = page.locator("[data-state-of]").first
        tile_id = shown.get_attribute("data-state-of")
        page.goto(f"{site}/view/tiles/{tile_id}")
        page.get_by_role("button", name="Drop").click()
        expect(page.locator(".state-word")).to_have_attribute("data-state", "drop")
        expect(page.locator(".state-word")).not_to_have_attribute("data-pending", "drop")
        page.go_back()
        expect(shown).to_have_attribute("data-state", "drop")


def test_drop_all_twice_is_one_action(chromium: Browser, site: str) -> None:
    """Be it a double click or a second press later: one undo takes it back."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/clusters/0")
        drop = page.get_by_role("button", name="Drop all")
        drop.dblclick()
        expect(page.locator(".state-word[data-state=drop]")).to_have_count(6)
        drop.click(delay=500)
        expect(page.locator("#whole ~ .told")).to_have_text(
            "All 6 were decided so a moment ago: drop."
        )
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".state-word", has_text="undecided")).to_have_count(6)
        assert page.request.get(f"{site}/decisions").json()["total"] == 0


@pytest.mark.parametrize("what", ["clusters/0?*", "decisions"])
def test_a_service_that_is_not_reached_is_told(chromium: Browser, site: str, what: str) -> None:
    """In words that say what to do, wherever a request fails."""
    with chromium.new_context() as context:
        page = named(context.new_page(), site)
        page.goto(f"{site}/view/clusters/0")
        page.route(f"**/{what}", lambda route: route.abort())
        page.get_by_role("button", name="Drop all").click()
        told = page.locator("#cluster .told, .notice").filter(has_text="gave no answer")
        expect(told).to_contain_text("Check that it runs and is reached")
        expect(page.locator("main")).not_to_contain_text("Failed to fetch")


def test_a_map_that_is_not_reached_is_told(chromium: Browser, site: str) -> None:
    """In the same words."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.route("**/review/map?*", lambda route: route.abort())
        page.goto(f"{site}/view/map")
        expect(page.locator("#map .told")).to_contain_text("Check that it runs and is reached")


def test_a_selection_on_the_map_survives_back(chromium: Browser, site: str) -> None:
    """From a tile's page, and from wherever a link leads."""
    with open_page(chromium) as page:
        open_map(page, site)
        page.get_by_role("checkbox", name="drop").check()
        expect(page.locator(".told")).to_have_text("5 tiles selected.")
        page.goto(f"{site}/view/tiles/c306")
        page.go_back()
        expect(page.locator(".told")).to_have_text("5 tiles selected.")
        assert handed_on(page) == [f"c{318 + 3 * at}" for at in range(5)]


def test_a_cluster_is_named(chromium: Browser, site: str) -> None:
    """A name given on its page stands in the gallery and on its tiles' pages."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/clusters/1")
        page.get_by_label("Name of this cluster").fill("bright film")
        page.get_by_role("button", name="Save name").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("bright film")
        page.goto(site)
        expect(page.locator("#cluster-1")).to_contain_text("bright film")
        page.goto(f"{site}/view/tiles/c321")
        expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("bright film")


def test_a_name_given_meanwhile_is_not_overwritten_unseen(chromium: Browser, site: str) -> None:
    """The page says what it is called now; saving again is knowing that."""
    with chromium.new_context() as context:
        page = named(context.new_page(), site)
        page.goto(f"{site}/view/clusters/1")
        page.request.put(
            f"{site}/clusters/1/name", data={"name": "rim"}, headers={"X-Reviewer": "Ben"}
        )
        page.get_by_label("Name of this cluster").fill("bright film")
        save = page.get_by_role("button", name="Save name")
        save.click()
        told = page.locator("#naming .told")
        expect(told).to_contain_text("Not saved: somebody named it rim since this page was opened.")
        save.click()
        expect(told).to_have_text("Saved as bright film.")
        save.click()
        expect(told).to_have_text("Saved as bright film.")
        assert page.request.get(f"{site}/clusters/1").json()["name"] == "bright film"


def test_a_scan_is_decided_on_by_key_and_tells_decisions(chromium: Browser, site: str) -> None:
    """To who does not see the colours as well; the colours have a key."""
    with open_page(chromium, viewport={"width": 1280, "height": 900}) as page:
        named(page, site).goto(f"{site}/view/scans/film-a")
        first = page.locator(".film a[data-id]").first
        first.focus()
        page.keyboard.press("d")
        expect(page.locator(".scanned .told")).to_contain_text("Nothing is selected.")
        page.keyboard.press("Space")
        page.keyboard.press("d")
        expect(first).to_have_accessible_name(re.compile("^Tile c300: .*, decided drop$"))
        page.keyboard.press("u")
        expect(first).to_have_accessible_name(re.compile("^Tile c300: .*, undecided$"))
        expect(page.locator(".scan-tools")).to_contain_text(re.compile("Decided.*conflict"))


@pytest.mark.parametrize(
    ("place", "of_tile", "code", "marked"),
    [
        ("/view/scans/film-a", ".film a[data-id]", "KeyD", "[data-state=drop]"),
        ("/view/review", "#grid [role=gridcell]", "KeyD", "[data-state=drop]"),
        ("/view/teach?concept=dark", ".teach-card", "KeyY", '[data-mark="positive"]'),
    ],
)
def test_keys_of_other_scripts_count_by_their_place(
    chromium: Browser, site: str, *, place: str, of_tile: str, code: str, marked: str
) -> None:
    """On a Cyrillic keyboard the key of D gives another letter."""
    httpx.put(f"{site}/concepts/dark", json={}, headers={"X-Reviewer": "ann"}).raise_for_status()
    with open_page(chromium, viewport={"width": 1280, "height": 900}) as page:
        named(page, site).goto(f"{site}{place}")
        tile = page.locator(of_tile).first
        tile.click() if "grid" in of_tile else tile.focus()
        if "film" in of_tile:
            page.keyboard.press("Space")
        event = {"key": "я", "code": code, "bubbles": True, "cancelable": True}
        tile.dispatch_event("keydown", event)
        expect(page.locator(marked).first).to_be_attached()


def test_a_scan_leads_to_its_tiles_and_is_decided_on(chromium: Browser, site: str) -> None:
    """A dragged rectangle selects tiles to decide for; a click opens the tile."""
    with open_page(chromium, viewport={"width": 1280, "height": 900}) as page:
        named(page, site).goto(f"{site}/view/scans/film-a")
        cells = page.locator(".film a[data-id]")
        expect(cells).to_have_count(4)
        first, last = cells.first.bounding_box(), cells.nth(1).bounding_box()
        assert first
        assert last
        page.mouse.move(first["x"] + 1, first["y"] + 1)
        page.mouse.down()
        page.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] - 1, steps=5)
        page.mouse.up()
        expect(page.locator(".scanned .told")).to_have_text("2 tiles selected.")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(page.locator(".film .state[data-state=keep]")).to_have_count(2)
        page.get_by_role("button", name="Open as grid").click()
        expect(page.locator(".showing")).to_contain_text("selection of 2 tiles from scan film-a")
        page.go_back()
        cells.nth(2).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Tile c318")


def test_a_straight_drag_selects_the_tiles_it_lies_on(chromium: Browser, site: str) -> None:
    """A run of lettering in one column is selected by a line, which has no width."""
    with open_page(chromium, viewport={"width": 1280, "height": 900}) as page:
        named(page, site).goto(f"{site}/view/scans/film-a")
        cells = page.locator(".film a[data-id]")
        first, third = cells.first.bounding_box(), cells.nth(2).bounding_box()
        assert first
        assert third
        across = first["x"] + 3
        page.mouse.move(across, first["y"] + 2)
        page.mouse.down()
        page.mouse.move(across, third["y"] + 2, steps=8)
        page.mouse.up()
        expect(page.locator(".scanned .told")).to_have_text("3 tiles selected.")
        expect(page.get_by_role("button", name="Select by drag")).to_be_hidden()


def drawn_down(page: Page, start: Any, end: Any) -> None:
    """Draw a finger from the middle of one box straight to that of another."""
    client = page.context.new_cdp_session(page)
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    far = end["y"] + end["height"] / 2
    spots = [(x, y + (far - y) * step / 8) for step in range(9)]
    for at, (left, top) in enumerate(spots):
        kind = "touchMove" if at else "touchStart"
        told = {"type": kind, "touchPoints": [{"x": left, "y": top}]}
        client.send("Input.dispatchTouchEvent", told)
        page.wait_for_timeout(20)  # ms
    page.wait_for_timeout(300)  # at rest, so that nothing glides on, which the next tap would end
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_selects_a_run_where_it_is_asked_to(chromium: Browser, site: str) -> None:
    """Else it scrolls, and what is selected stays; a tap takes one more in, or out."""
    tablet = {"viewport": {"width": 768, "height": 600}, "has_touch": True, "is_mobile": True}
    with open_page(chromium, **tablet) as page:
        named(page, site).goto(f"{site}/view/scans/film-a")
        cells = page.locator(".film a[data-id]")
        told, button = page.locator(".scanned .told"), page.get_by_role("button", name="by drag")
        button.tap()
        cells.first.scroll_into_view_if_needed()
        drawn_down(page, cells.first.bounding_box(), cells.nth(1).bounding_box())
        expect(told).to_have_text("2 tiles selected.")
        cells.nth(2).tap()
        expect(told).to_have_text("3 tiles selected.")
        cells.first.tap()
        expect(told).to_have_text("2 tiles selected.")
        button.tap()
        expect(button).to_have_attribute("aria-pressed", "false")
        cells.nth(2).scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        drawn_down(page, cells.nth(2).bounding_box(), cells.nth(1).bounding_box())
        page.wait_for_function("before => scrollY !== before", arg=before)
        expect(told).to_have_text("2 tiles selected.")


def test_a_tile_is_decided_on_its_page(chromium: Browser, site: str) -> None:
    """Its state is told at once, and its history after a reload."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/tiles/c306")
        page.get_by_role("button", name="Drop", exact=True).click()
        expect(page.locator("[data-state-of=c306]")).to_have_text("drop")
        page.reload()
        page.locator("summary", has_text="History, 1 event").click()
        expect(page.locator(".history li")).to_contain_text("ann: drop")


def test_a_reason_and_a_comment_go_with_a_decision(chromium: Browser, site: str) -> None:
    """Once: the history shows both at once, and the next decision has those typed for it."""
    with open_page(chromium) as page:
        named(page, site).goto(f"{site}/view/tiles/c306")
        codes = page.locator("#reasons option").evaluate_all("all => all.map((one) => one.value)")
        assert codes[:2] == ["LETTERING", "FILM_EDGE"]
        reason, comment = page.get_by_label("Reason", exact=True), page.get_by_label("Comment")
        reason.fill("LETTERING")
        comment.fill("upper left, faint")
        page.get_by_role("button", name="Drop", exact=True).click()
        history = page.locator(".history li")
        summary = page.locator("summary", has_text="History, 1 event")
        summary.click()
        expect(history).to_contain_text("ann: drop, LETTERING: upper left, faint")
        expect(reason).to_have_value("")
        expect(comment).to_have_value("")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(history).to_have_count(2)
        expect(history.first).to_have_text(re.compile("ann: keep$"))
        page.get_by_role("button", name="Undo").click()
        expect(history).to_have_count(3)
        told = page.request.get(f"{site}/tiles/c306/decision").json()["decisions"]
        assert [one["reason"] for one in told] == ["LETTERING"]


def test_a_reason_stays_typed_where_the_decision_is_not_saved(chromium: Browser, site: str) -> None:
    """To be sent with the next try."""
    with chromium.new_context() as context:  # a browser writes lost answers on the console
        page = context.new_page()
        named(page, site).goto(f"{site}/view/tiles/c306")
        page.route("**/tiles/c306/decision", lambda route: route.abort())
        page.get_by_label("Reason", exact=True).fill("grid")
        page.get_by_role("button", name="Drop", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Not saved")
        expect(page.get_by_label("Reason", exact=True)).to_have_value("grid")
        page.unroute("**/tiles/c306/decision")
        page.get_by_role("button", name="Drop", exact=True).click()
        expect(page.get_by_label("Reason", exact=True)).to_have_value("")
        told = page.request.get(f"{site}/tiles/c306/decision").json()["decisions"]
        assert [(one["reason"], one["comment"]) for one in told] == [("grid", None)]

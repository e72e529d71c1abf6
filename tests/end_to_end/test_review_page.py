"""The review page in headless Chromium: deciding with keyboard, mouse and finger."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import chromium_started, open_page, site_of
from tests.tiny import write_tiny_bundle

pytestmark = pytest.mark.browser

FOCUSED = "document.activeElement.dataset.stateOf"
SERIOUS = {"serious", "critical"}
LAID_OUT = """() => new Promise((resolve) => {
  let moved = 0;
  const watch = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) moved += entry.value;
  });
  watch.observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(moved), 300);
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as browser:
        yield browser


@pytest.fixture
def site(tiny_path: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a service in which nobody has decided anything yet."""
    with site_of(tiny_path, decisions=tmp_path) as address:
        yield address


@contextmanager
def review(
    chromium: Browser, site: str, query: str = "sort=id", *, name: str = "Ann", **options: Any
) -> Iterator[Page]:
    """Open the review page as a reviewer who has given a name before."""
    options = {"viewport": {"width": 1280, "height": 800}, **options}
    with open_page(chromium, **options) as page:
        page.context.add_cookies([{"name": "tilescreen_reviewer", "value": name, "url": site}])
        page.goto(f"{site}/view/review?{query}")
        expect(tile(page, "c300")).to_be_visible()
        yield page


@contextmanager
def named(chromium: Browser, site: str, name: str) -> Iterator[Page]:
    """Give a page on which a name was given; a browser may write lost answers on its console."""
    with chromium.new_context() as context:
        context.add_cookies([{"name": "tilescreen_reviewer", "value": name, "url": site}])
        yield context.new_page()


def tile(page: Page, name: str) -> Any:
    return page.locator(f"#grid [role=gridcell][data-state-of={name}]")


def chip(page: Page, name: str) -> Any:
    return tile(page, name).locator(".chip")


def chosen(page: Page) -> list[str]:
    cells = page.locator("#grid [aria-selected=true]")
    return [str(cell.get_attribute("data-state-of")) for cell in cells.all()]


def kept(page: Page, site: str) -> dict[str, str]:
    """Return what the service has on its disk, by id."""
    answer = page.request.get(f"{site}/decisions?limit=1000").json()
    return {one["id"]: one["state"] for one in answer["decisions"]}


def on_decision(page: Page, do: Any) -> None:
    """Let `do` answer what decides on one tile; what looks at its decision goes through."""
    page.route(
        "**/tiles/*/decision",
        lambda route: do(route) if route.request.method == "PUT" else route.continue_(),
    )


def expect_one(page: Page, waiting: list[Route]) -> None:
    """Wait until a request was held."""
    while not waiting:
        page.wait_for_timeout(50)  # ms


def lose(route: Route) -> None:
    """Have a request carried out, and its answer lost."""
    route.fetch()
    route.abort()


@contextmanager
def two_dropped(chromium: Browser, site: str) -> Iterator[Page]:
    """Open the page as Ann and drop the first two tiles."""
    with named(chromium, site, "Ann") as page:
        page.goto(f"{site}/view/review?sort=id")
        for name in ("c300", "c303"):
            page.keyboard.press("d")
            expect(chip(page, name)).to_have_text("drop")
        yield page


def test_tiles_are_decided_from_the_keyboard(chromium: Browser, site: str) -> None:
    """D, K and R decide on the tile with the focus and go on to the next; all is kept."""
    with review(chromium, site) as page:
        for key in ("d", "k", "r"):
            page.keyboard.press(key)
        for name, state in (("c300", "drop"), ("c303", "keep"), ("c306", "review")):
            expect(chip(page, name)).to_have_text(state)
        assert page.evaluate(FOCUSED) == "c309"
        assert kept(page, site) == {"c300": "drop", "c303": "keep", "c306": "review"}


KEYS = {"read": "read-key-0123456789", "review": "review-key-0123456789"}


@pytest.fixture
def locked(tiny_path: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a service that asks for keys."""
    listed = ",".join(f"{role}:{key}" for role, key in KEYS.items())
    with site_of(tiny_path, decisions=tmp_path, api_keys=listed) as address:
        yield address


def test_a_key_that_only_reads_is_offered_nothing_else(chromium: Browser, locked: str) -> None:
    """The page says so, its buttons are away, and a key press asks for no name; another decides."""
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        signed = {"Authorization": f"Bearer {KEYS['review']}", "X-Reviewer": "Ann"}
        assert page.request.put(f"{locked}/concepts/grid", headers=signed, data={}).ok
        for role, key in KEYS.items():
            page.goto(f"{locked}/view/review")
            page.locator("#key").fill(key)
            page.get_by_role("button", name="Sign in").click()
            drop = page.locator("[data-decide=drop]").first
            if role == "read":
                expect(page.locator(".reads")).to_be_visible()
                expect(drop).to_be_hidden()
                expect(page.locator("#how")).not_to_contain_text("to drop it", use_inner_text=True)
                tile(page, "c300").press("d")
                expect(page.get_by_role("alert")).to_contain_text("your key only reads")
                page.goto(f"{locked}/view/teach?concept=grid")
                for name in ("Rename", "Publish", "Delete"):
                    expect(page.get_by_role("button", name=name)).to_have_count(0)
            else:
                expect(page.locator(".reads")).to_be_hidden()
                expect(drop).to_be_visible()
            expect(page.locator("dialog.who")).to_have_count(0)
            page.get_by_role("button", name="Sign out").click()
            expect(page.locator("#key")).to_be_visible()


def test_who_was_signed_out_finds_the_form_by_a_link(chromium: Browser, locked: str) -> None:
    """In another tab, so that what was not saved stays told in this one."""
    with named(chromium, locked, "Ann") as page:
        key = {"name": "tilescreen_key", "value": KEYS["review"], "url": locked}
        page.context.add_cookies([key])
        page.goto(f"{locked}/view/review?sort=id")
        expect(tile(page, "c300")).to_be_visible()
        page.context.clear_cookies(name="tilescreen_key")
        page.keyboard.press("d")
        left = page.locator(".notice.unsaved")
        expect(left).to_contain_text("Not saved: drop on c300. You are signed out.")
        with page.expect_popup() as opened:
            left.get_by_role("link", name="/sign-in").click()
        opened.value.locator("#key").fill(KEYS["review"])
        opened.value.get_by_role("button", name="Sign in").click()
        opened.value.wait_for_url(f"{locked}/")
        expect(left).to_be_visible()
        page.keyboard.press("b")
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop")
        expect(left).to_be_hidden()


def test_a_picture_that_is_broken_in_the_bundle_is_not_asked_for(
    chromium: Browser, site: str
) -> None:
    """Who decides sends none: the service says what is wrong with the bundle."""
    whole = "Whoever runs the service can put a whole copy of the bundle in its place."
    detail = f"pictures.bin holds no whole picture of the tile 'c300'. {whole}"
    told = {"code": "bundle_damaged", "detail": detail}
    with named(chromium, site, "Ann") as page:
        page.goto(f"{site}/view/review?sort=id")
        expect(tile(page, "c300")).to_be_visible()
        on_decision(page, lambda route: route.fulfill(status=503, json=told))
        page.keyboard.press("d")
        expect(page.locator(".notice.unsaved")).to_contain_text(detail)


@pytest.mark.parametrize("size", [(720, 450), (960, 540), (740, 375)])
def test_a_low_window_shows_the_framed_tile(
    chromium: Browser, site: str, size: tuple[int, int]
) -> None:
    """A page zoomed to 200 %, or a phone held sideways, scrolls; nothing lies over another."""
    width, height = size
    with review(chromium, site, viewport={"width": width, "height": height}) as page:
        for key in ("ArrowDown", "ArrowRight", "Home"):
            page.keyboard.press(key)
            framed = page.locator("#grid [role=gridcell]:focus")
            expect(framed).to_be_in_viewport(ratio=0.9)
        assert page.evaluate("document.getElementById('grid').clientHeight") > 250
        desk, footer = (page.locator(one).bounding_box() for one in (".desk", "footer"))
        assert desk
        assert footer
        assert desk["y"] + desk["height"] <= footer["y"]


def test_keys_move_as_in_a_grid(chromium: Browser, site: str) -> None:
    """Arrows by tile and row, Home and End in the row, with Ctrl in the list; never beyond it."""
    with review(chromium, site) as page:
        columns = int(page.locator("#grid").get_attribute("aria-colcount") or 0)
        ids = [f"c{300 + 3 * number}" for number in range(12)]
        for key, at in (
            ("ArrowRight", 1),
            ("ArrowDown", 1 + columns),
            ("Home", columns),
            ("End", 11),
            ("ArrowRight", 11),
            ("Control+Home", 0),
            ("ArrowUp", 0),
            ("Control+End", 11),
            ("PageUp", max(0, 11 - columns)),
        ):
            page.keyboard.press(key)
            assert page.evaluate(FOCUSED) == ids[at], key
        assert page.locator("#grid [role=gridcell][tabindex='0']").count() == 1


def test_a_range_is_decided_and_undone_as_one(chromium: Browser, site: str) -> None:
    """Shift chooses all between; one key decides on them, one takes it back."""
    with review(chromium, site) as page:
        page.keyboard.press("k")
        for _ in range(2):
            page.keyboard.press("Shift+ArrowRight")
        assert chosen(page) == ["c303", "c306", "c309"]
        page.keyboard.press("d")
        expect(chip(page, "c309")).to_have_text("drop")
        assert page.evaluate(FOCUSED) == "c312"
        page.keyboard.press("u")
        expect(chip(page, "c309")).to_have_text("undecided")
        expect(page.locator(".notice.calm")).to_have_text("Undone: 3 tiles are as before.")
        assert kept(page, site) == {"c300": "keep"}


def test_tiles_are_decided_with_mouse_or_finger(chromium: Browser, site: str) -> None:
    """A click chooses, with Shift a range, after Choose several one more; buttons decide."""
    with review(chromium, site) as page:
        tile(page, "c303").click()
        tile(page, "c309").click(modifiers=["Shift"])
        assert chosen(page) == ["c303", "c306", "c309"]
        page.get_by_role("button", name="Drop").first.click()
        expect(chip(page, "c306")).to_have_text("drop")
        page.get_by_role("button", name="Choose several").click()
        tile(page, "c318").click()
        assert chosen(page) == ["c312", "c318"]
        page.get_by_role("button", name="Keep").first.click()
        expect(chip(page, "c318")).to_have_text("keep")
        assert kept(page, site) == {
            **dict.fromkeys(("c303", "c306", "c309"), "drop"),
            **dict.fromkeys(("c312", "c318"), "keep"),
        }


def test_a_tablet_decides_with_a_finger(chromium: Browser, site: str) -> None:
    """Taps choose one tile or several, two taps enlarge, buttons decide; all are large enough."""
    tablet = {"viewport": {"width": 768, "height": 1024}, "has_touch": True, "is_mobile": True}
    with open_page(chromium, **tablet) as page:
        page.context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        page.goto(f"{site}/view/review?sort=id")
        tile(page, "c303").tap()
        assert chosen(page) == ["c303"]
        expect(page.locator("#why [data-slot=id]")).to_have_text("c303")
        bar = page.get_by_role("toolbar")
        for button in bar.get_by_role("button").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44 or button.get_attribute("data-rename") is not None
        bar.get_by_role("button", name="Drop").tap()
        expect(chip(page, "c303")).to_have_text("drop")
        bar.get_by_role("button", name="Choose several").tap()
        tile(page, "c312").tap()
        tile(page, "c318").tap()
        assert chosen(page) == ["c306", "c312", "c318"]
        bar.get_by_role("button", name="Keep").tap()
        expect(chip(page, "c318")).to_have_text("keep")
        assert kept(page, site) == {
            "c303": "drop",
            **dict.fromkeys(("c306", "c312", "c318"), "keep"),
        }
        bar.get_by_role("button", name="Choose several").tap()
        for _ in range(2):
            tile(page, "c324").tap()
        zoom = page.get_by_role("dialog", name="Tile, enlarged")
        expect(zoom.get_by_role("link", name="c324")).to_be_visible()
        zoom.get_by_role("button", name="Review").tap()
        expect(zoom.get_by_role("link", name="c327")).to_be_visible()
        zoom.get_by_role("button", name="Close").tap()
        expect(chip(page, "c324")).to_have_text("review")
        assert page.evaluate("document.documentElement.scrollWidth") <= 768


def test_a_screen_reader_hears_tile_score_and_decision(chromium: Browser, site: str) -> None:
    """Cells have names with score, verdict and decision; what is saved is said in a live region."""
    with review(chromium, site) as page:
        grid = page.get_by_role("grid", name="Tiles")
        expect(grid).to_match_aria_snapshot(
            """
            - grid "Tiles":
              - rowgroup:
                - row:
                  - gridcell "Tile c300, score < 0.01, verdict keep, undecided" [selected]
                  - gridcell "Tile c303, score < 0.01, verdict keep, undecided"
            """
        )
        assert page.evaluate(FOCUSED) == "c300"
        page.keyboard.press("d")
        expect(page.get_by_role("status")).to_have_text("c300: drop, saved.")
        framed = page.locator("#grid :focus")
        expect(framed).to_have_accessible_name("Tile c303, score < 0.01, verdict keep, undecided")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#grid :focus")).to_have_accessible_name(
            "Tile c300, score < 0.01, verdict keep, decided drop"
        )
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Undone: c300 is as before.")
        expect(page.locator("#grid :focus")).to_have_accessible_name(
            "Tile c300, score < 0.01, verdict keep, undecided"
        )
        expect(page.get_by_role("toolbar", name="Decide on the chosen tiles")).to_be_visible()


def test_a_tile_is_enlarged_and_decided_there(chromium: Browser, site: str) -> None:
    """Space and a double click enlarge; keys decide and go on there; Space closes."""
    with review(chromium, site) as page:
        page.keyboard.press("Space")
        zoom = page.get_by_role("dialog", name="Tile, enlarged")
        expect(zoom.get_by_role("link", name="c300")).to_be_visible()
        page.keyboard.press("d")
        expect(zoom.get_by_role("link", name="c303")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(zoom.get_by_role("link", name="c306")).to_be_visible()
        page.keyboard.press("Space")
        expect(zoom).to_be_hidden()
        page.wait_for_function(f"{FOCUSED} === 'c306'")  # a closed dialog tells so a task later
        expect(chip(page, "c300")).to_have_text("drop")
        tile(page, "c318").dblclick()
        expect(zoom.get_by_role("link", name="c318")).to_be_visible()


def test_space_closes_the_zoom_after_a_click_too(chromium: Browser, site: str) -> None:
    """The button that was clicked had it, and dropped the next tile as well."""
    with review(chromium, site) as page:
        page.keyboard.press("Space")
        zoom = page.get_by_role("dialog", name="Tile, enlarged")
        zoom.get_by_role("button", name="Drop").click()
        expect(zoom.get_by_role("link", name="c303")).to_be_visible()
        page.keyboard.press("Space")
        expect(zoom).to_be_hidden()
        assert kept(page, site) == {"c300": "drop"}


def test_the_list_is_filtered(chromium: Browser, site: str) -> None:
    """What is decided leaves the list at the next look; a filter finds it again."""
    with review(chromium, site) as page:
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop")
        page.get_by_label("Verdict", exact=True).select_option("keep")
        page.get_by_role("button", name="Show").click()
        expect(tile(page, "c303")).to_be_visible()
        expect(tile(page, "c300")).to_have_count(0)
        page.get_by_label("Decision", exact=True).select_option("drop")
        page.get_by_role("button", name="Show").click()
        expect(chip(page, "c300")).to_have_text("drop")
        page.get_by_label("Reason", exact=True).select_option("MASKED")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("No tile is left with these filters.")).to_be_visible()


def test_why_a_tile_stands_there(chromium: Browser, site: str) -> None:
    """The tile with focus or mouse shows its box, its reasons and the decided tiles near it."""
    with review(chromium, site) as page:
        page.keyboard.press("k")
        why = page.get_by_role("complementary", name="Why")
        expect(why.get_by_role("link", name="c303")).to_be_visible()
        expect(why.locator("[data-slot=keep] img")).to_have_attribute("alt", "Tile c300")
        tile(page, "c324").hover()
        expect(why.get_by_role("list", name="Reasons")).to_contain_text("Lettering")
        expect(why.locator(".boxes .reason-LETTERING")).to_be_visible()
        expect(tile(page, "c324").locator(".boxes")).to_be_visible()
        expect(tile(page, "c321").locator(".boxes")).to_be_hidden()


def test_two_reviewers_who_differ_see_a_conflict(chromium: Browser, site: str) -> None:
    """The second one is told of the first, decides again, and sees both names."""
    with (
        review(chromium, site) as ann,
        review(chromium, site, name="Ben%20%C3%98") as ben,
    ):
        ann.keyboard.press("d")
        expect(chip(ann, "c300")).to_have_text("drop")
        ben.keyboard.press("k")
        expect(ben.get_by_role("alert")).to_contain_text("c300 is now drop (Ann: drop)")
        ben.keyboard.press("b")
        ben.keyboard.press("k")
        expect(chip(ben, "c300")).to_have_text("conflict")
        ben.keyboard.press("ArrowLeft")
        said = ben.get_by_role("complementary", name="Why").get_by_role("list", name="Decisions")
        expect(said).to_contain_text("Ann: drop")
        expect(said).to_contain_text("Ben Ø: keep")


def test_the_name_is_asked_once(chromium: Browser, site: str) -> None:
    """The first decision waits for a name, and is made with it; the next one is not asked."""
    with open_page(chromium) as page:
        page.goto(site)
        page.get_by_role("link", name="Review 12 tiles").click()
        expect(tile(page, "c324")).to_be_visible()
        page.keyboard.press("d")
        page.keyboard.type("Ann Öz")
        page.keyboard.press("Enter")
        expect(page.locator("#grid .chip[data-state=drop]")).to_have_count(1)
        page.keyboard.press("d")
        expect(page.locator("#grid .chip[data-state=drop]")).to_have_count(2)
        told = page.request.get(f"{site}/decisions").json()["decisions"]
        assert {one["reviewer"] for tile in told for one in tile["decisions"]} == {"Ann Öz"}


def test_a_name_is_kept_where_the_browser_keeps_no_cookie(chromium: Browser, site: str) -> None:
    """It is asked once all the same, and no decision is lost or kept without it."""
    with open_page(chromium) as page:
        page.add_init_script(
            "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"
        )
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.keyboard.type("Zoë")
        page.keyboard.press("Enter")
        expect(chip(page, "c300")).to_have_text("drop")
        page.keyboard.press("k")
        expect(chip(page, "c303")).to_have_text("keep")
        told = page.request.get(f"{site}/decisions").json()["decisions"]
        assert [one["reviewer"] for tile in told for one in tile["decisions"]] == ["Zoë"] * 2


@pytest.mark.parametrize("name", ["Зоя Öz", "山田\u3000太郎", "Zoe\u0308 100%", "\U0001f9d1" * 80])
def test_any_printable_name_may_decide(chromium: Browser, site: str, name: str) -> None:
    """What is typed is kept, shown and known again, up to 80 characters of any script."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        expect(chip(page, "c300")).to_have_text("drop")
        known = {"山田\u3000太郎": "山田 太郎", "Zoe\u0308 100%": "Zoë 100%"}.get(name, name)
        (told,) = page.request.get(f"{site}/decisions").json()["decisions"]
        assert [one["reviewer"] for one in told["decisions"]] == [known]
        page.reload()
        assert page.locator("[data-slot=reviewer]").inner_text().replace("\u3000", " ") == known


@pytest.mark.parametrize("name", ["a,b", "x" * 81, "a\u202eb", "   "])
def test_a_name_that_cannot_be_is_refused_where_it_is_typed(
    chromium: Browser, site: str, name: str
) -> None:
    """The dialog stays, and nothing is decided."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        expect(page.locator(".who input:invalid")).to_be_visible()
        assert kept(page, site) == {}


def test_keys_do_not_decide_behind_a_dialog(chromium: Browser, site: str) -> None:
    """Wherever the focus is while a name is asked for, or help is open."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.get_by_role("heading", name="Who decides?").click()
        for key in ("k", "d", "ArrowRight", "Space"):
            page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(1)
        page.get_by_label("Your name").fill("Ann")
        page.keyboard.press("Enter")
        expect(chip(page, "c300")).to_have_text("drop")
        assert page.evaluate(FOCUSED) == "c303"
        page.keyboard.press("?")
        page.get_by_role("heading", name="Keys").click()
        page.keyboard.press("k")
        page.keyboard.press("Escape")
        assert kept(page, site) == {"c300": "drop"}


def test_no_name_is_no_decision(chromium: Browser, site: str) -> None:
    """Whoever does not say who they are has decided nothing."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert kept(page, site) == {}
        expect(chip(page, "c300")).to_have_text("undecided")


@pytest.mark.parametrize("status", [None, 403, 412])
def test_a_refused_decision_is_taken_back(chromium: Browser, site: str, status: int | None) -> None:
    """Until the answer it looks pending; refused, or without an answer, it is gone, and why."""
    waiting: list[Route] = []
    with named(chromium, site, "Ann") as page:
        on_decision(page, waiting.append)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop…")
        expect(tile(page, "c300")).to_have_attribute("data-state", "")
        expect_one(page, waiting)
        (request,) = waiting
        if status is None:
            request.abort()
        else:
            request.fulfill(status=status, json={"detail": "It may not be."})
        words = "gave no answer" if status is None else "It may not be."
        expect(page.get_by_role("alert")).to_contain_text("Not saved: drop on c300.")
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(chip(page, "c300")).to_have_text("undecided")
        assert kept(page, site) == {}


@pytest.mark.parametrize("lost", [None, 504])
def test_a_decision_whose_answer_was_lost_is_said_to_be_saved(
    chromium: Browser, site: str, lost: int | None
) -> None:
    """The service is asked what it has, so what was done after it is saved as well."""

    def lose(route: Route) -> None:
        route.fetch()
        if lost is None:
            route.abort()
        else:
            route.fulfill(status=lost, body="<h1>Gateway timeout</h1>")

    with chromium.new_context() as context:
        page = context.new_page()
        context.add_cookies([{"name": "tilescreen_reviewer", "value": "Zo%C3%AB", "url": site}])
        page.route("**/decisions", lose, times=1)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("d")
        page.keyboard.press("k")
        expect(chip(page, "c306")).to_have_text("keep")
        for name in ("c300", "c303"):
            expect(chip(page, name)).to_have_text("drop")
        expect(page.get_by_role("alert")).to_be_hidden()
        assert kept(page, site) == {"c300": "drop", "c303": "drop", "c306": "keep"}


def test_a_decision_that_is_saved_late_is_said_to_be_saved(chromium: Browser, site: str) -> None:
    """The answer is lost, and the first look still finds nothing."""

    def look(route: Route) -> None:
        route.fulfill(response=route.fetch())
        sent = {"ids": ["c300"], "decision": "drop"}
        context.request.post(f"{site}/decisions", data=sent, headers={"X-Reviewer": "Ann"})

    with chromium.new_context() as context:
        page = context.new_page()
        context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        on_decision(page, lambda route: route.abort())
        page.route("**/review/tiles?sort=given*", look, times=1)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        expect(page.get_by_role("status")).to_have_text("c300: drop, saved.")
        expect(chip(page, "c300")).to_have_text("drop")
        expect(page.get_by_role("alert")).to_be_hidden()


def test_what_is_not_known_to_be_saved_is_said_so(chromium: Browser, site: str) -> None:
    """The chip is in doubt as well, until the tile is looked at and the service answers again."""

    with named(chromium, site, "Ann") as page:
        page.route("**/review/tiles?sort=given*", lambda route: route.abort())
        on_decision(page, lose)
        page.route("**/review/tiles/*", lambda route: route.abort())
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("It is not known whether this was saved: drop on c300.")
        expect(alert).to_contain_text("load the page again: it shows what was saved")
        expect(chip(page, "c300")).to_have_text("drop?")
        assert page.evaluate(FOCUSED) == "c303"
        page.unroute_all()
        page.keyboard.press("ArrowLeft")
        expect(chip(page, "c300")).to_have_text("drop")
        expect(alert).to_be_hidden()


def test_an_undo_whose_answer_was_lost_is_found_out(chromium: Browser, site: str) -> None:
    """The page shows it, and the next undo takes back the decision before."""
    with two_dropped(chromium, site) as page:
        page.route("**/decisions/undo?batch=*", lose, times=1)
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Undone: c303 is as before.")
        expect(chip(page, "c303")).to_have_text("undecided")
        assert kept(page, site) == {"c300": "drop"}
        page.keyboard.press("u")
        expect(chip(page, "c300")).to_have_text("undecided")
        assert kept(page, site) == {}


def test_an_undo_that_was_not_carried_out_is_said_so(chromium: Browser, site: str) -> None:
    """Nothing changes, and the same key does it."""
    with two_dropped(chromium, site) as page:
        page.route("**/decisions/undo?batch=*", lambda route: route.abort(), times=1)
        page.keyboard.press("u")
        expect(page.get_by_role("alert")).to_contain_text("Not undone. The service gave no answer.")
        expect(chip(page, "c303")).to_have_text("drop")
        page.keyboard.press("u")
        expect(chip(page, "c303")).to_have_text("undecided")


def test_an_undo_of_which_nothing_can_be_learnt_is_said_so(chromium: Browser, site: str) -> None:
    """It is not known, and the page says how to find out."""
    with two_dropped(chromium, site) as page:
        page.route(
            "**/decisions/undo?batch=*",
            lambda route: lose(route) if route.request.method == "POST" else route.abort(),
        )
        page.keyboard.press("u")
        expect(page.get_by_role("alert")).to_contain_text("not known whether this was undone")


def test_an_older_decision_is_not_undone_unasked(chromium: Browser, site: str) -> None:
    """What this page did is taken back; what stood before it was made elsewhere."""
    asked: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        sent = {"ids": ["c300", "c303"], "decision": "drop"}
        context.request.post(f"{site}/decisions", data=sent, headers={"X-Reviewer": "Ann"})
        page.goto(f"{site}/view/review?sort=id&state=drop")
        page.keyboard.press("k")
        expect(chip(page, "c300")).to_have_text("keep")
        page.keyboard.press("u")
        expect(chip(page, "c300")).to_have_text("drop")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Nothing was undone.")
        assert "drop on c30" in asked[0]
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("u")
        expect(page.locator(".notice.calm")).to_have_text("Undone: 2 tiles are as before.")
        assert kept(page, site) == {}


def test_who_leaves_before_all_is_saved_is_asked(chromium: Browser, site: str) -> None:
    """And may stay until it is."""
    waiting: list[Route] = []
    asked: list[str] = []
    with named(chromium, site, "Ann") as page:
        on_decision(page, waiting.append)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.keyboard.press("d")
        expect_one(page, waiting)
        page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.get_by_role("link", name="Progress").click(no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        waiting.pop().continue_()
        expect_one(page, waiting)
        waiting.pop().continue_()
        expect(chip(page, "c303")).to_have_text("drop")
        page.get_by_role("link", name="Progress").click()
        expect(page).to_have_title("Progress · Tilescreen")
        assert kept(page, site) == {"c300": "drop", "c303": "drop"}


def test_a_page_decides_in_the_name_that_it_shows(chromium: Browser, site: str) -> None:
    """Whoever is named in another tab meanwhile."""
    with review(chromium, site) as page:
        shown = page.locator("[data-slot=reviewer]")
        before = shown.inner_text()
        page.context.add_cookies([{"name": "tilescreen_reviewer", "value": "Pat", "url": site}])
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop")
        expect(shown).to_have_text(before)
        told = page.request.get(f"{site}/tiles/c300/decision").json()
        assert [one["reviewer"] for one in told["decisions"]] == [before]


def refuse_one(page: Page, number: int) -> None:
    """Let the page's decision of this number, from 1 on, come to nothing."""
    count = itertools.count(1)
    on_decision(page, lambda route: route.abort() if next(count) == number else route.continue_())


def test_the_frame_stays_where_it_is_when_a_decision_is_refused(
    chromium: Browser, site: str
) -> None:
    """Whoever types fast decides the tiles that they look at; what was not saved stays told."""
    with named(chromium, site, "Ann") as page:
        refuse_one(page, 2)
        page.goto(f"{site}/view/review?sort=id")
        for key in "dkdkdkdk":
            page.keyboard.press(key)
            page.wait_for_timeout(100)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Not saved: keep on c303. The service gave no answer.")
        names = ["c300", "c306", "c309", "c312", "c315", "c318", "c321"]
        expect(page.locator("[data-slot=decided]")).to_contain_text("7 decided here")
        assert kept(page, site) == dict(zip(names, ["drop", *["drop", "keep"] * 3], strict=True))
        expect(tile(page, "c303")).to_have_attribute("data-unsaved", "")
        expect(tile(page, "c303")).to_have_accessible_name(
            re.compile("undecided, your decision was not saved")
        )
        before = page.evaluate(FOCUSED)
        page.keyboard.press("ArrowLeft")  # nothing else takes the sentence away
        assert page.evaluate(FOCUSED) != before
        expect(alert).to_be_visible()
        page.keyboard.press("b")
        assert page.evaluate(FOCUSED) == "c303"
        page.keyboard.press("k")
        expect(alert).to_be_hidden()
        expect(chip(page, "c303")).to_have_text("keep")
        expect(tile(page, "c303")).not_to_have_attribute("data-unsaved", "")
        assert kept(page, site)["c303"] == "keep"


def test_an_undo_behind_a_refused_decision_is_not_done(chromium: Browser, site: str) -> None:
    """It would take another decision back than was meant."""
    waiting: list[Route] = []
    with named(chromium, site, "Ann") as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("k")
        expect(chip(page, "c300")).to_have_text("keep")
        on_decision(page, waiting.append)
        for key in ("d", "u", "k"):
            page.keyboard.press(key)
        expect_one(page, waiting)
        waiting.pop().abort()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Not saved: drop on c303. Nor was what you did after it (1).")
        page.unroute_all()
        assert kept(page, site) == {"c300": "keep"}
        assert page.evaluate(FOCUSED) == "c306"  # the K after U was meant for another tile
        page.get_by_role("button", name="Show it").click()
        assert page.evaluate(FOCUSED) == "c303"
        page.get_by_role("button", name="Leave it so").click()
        expect(alert).to_be_hidden()


def test_what_is_typed_after_an_undo_waits_for_where_it_leads(chromium: Browser, site: str) -> None:
    """However long it takes to be answered."""
    with named(chromium, site, "Ann") as page:
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("k")
        expect(chip(page, "c300")).to_have_text("keep")
        held: list[Route] = []
        page.route("**/decisions/undo", lambda route: held.append(route))  # noqa: PLW0108, it has no identity of its own
        for key in ("u", "d", "d", "ArrowRight", "k"):
            page.keyboard.press(key)
        expect(page.get_by_role("alert")).to_contain_text("The undo is not answered yet.")
        held.pop().continue_()
        expect(chip(page, "c309")).to_have_text("keep")
        expect(page.get_by_role("alert")).to_be_hidden()
        assert kept(page, site) == {"c300": "drop", "c303": "drop", "c309": "keep"}


@pytest.mark.parametrize("other", ["k", "d"])
def test_two_reviewers_on_one_list(chromium: Browser, site: str, other: str) -> None:
    """What both say is agreed upon; where they differ, the second looks again, on that tile."""
    with chromium.new_context() as context, chromium.new_context() as second:
        pages = {"Dan": context.new_page(), "Eva": second.new_page()}
        for name, page in pages.items():
            page.context.add_cookies([{"name": "tilescreen_reviewer", "value": name, "url": site}])
            # All that tells of the first tile is there before anybody decides on it.
            page.goto(f"{site}/view/review?sort=id", wait_until="networkidle")
        dan, eva = pages.values()
        for _ in range(3):
            dan.keyboard.press("k")
        expect(chip(dan, "c306")).to_have_text("keep")
        for _ in range(4):
            eva.keyboard.press(other)
        expect(chip(eva, "c309")).to_have_text("keep" if other == "k" else "drop")
        told = [
            {
                one["reviewer"]: one["decision"]
                for one in eva.request.get(f"{site}/tiles/{name}/decision").json()["decisions"]
            }
            for name in ("c300", "c303", "c306", "c309")
        ]
        if other == "k":
            expect(eva.get_by_role("alert")).to_be_hidden()
            assert told == [{"Dan": "keep", "Eva": "keep"}] * 3 + [{"Eva": "keep"}]
        else:
            alert = eva.get_by_role("alert")
            expect(alert).to_contain_text("Not saved: drop on c306.")
            expect(alert).to_contain_text("c306 is now keep (Dan: keep). Look again")
            expect(alert).to_contain_text("Before it, 2 tiles were not saved.")
            assert told == [{"Dan": "keep"}] * 3 + [{"Eva": "drop"}]
            eva.keyboard.press("b")
            assert eva.evaluate(FOCUSED) == "c300"
            eva.keyboard.press("d")
            expect(chip(eva, "c300")).to_have_text("conflict")


def test_a_range_that_was_not_saved_stays_chosen(chromium: Browser, site: str) -> None:
    """In the enlarged view too, where the sentence is seen as well."""
    with named(chromium, site, "Ann") as page:
        page.goto(f"{site}/view/review?sort=id")
        page.route("**/decisions", lambda route: route.abort())
        on_decision(page, lambda route: route.abort())
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("d")
        expect(page.get_by_role("alert")).to_contain_text("Not saved: drop on 2 tiles.")
        assert page.evaluate(FOCUSED) == "c306"
        page.keyboard.press("Space")
        page.keyboard.press("k")
        zoom = page.get_by_role("dialog", name="Tile, enlarged")
        expect(zoom.get_by_role("alert")).to_contain_text("Not saved: keep on c306.")
        expect(zoom.get_by_role("alert")).to_contain_text("Before it, 2 tiles were not saved.")
        zoom.get_by_role("button", name="Show the first of 3").click()
        expect(zoom.get_by_role("link", name="c300")).to_be_visible()


def test_a_range_is_decided_whole_or_not_at_all(chromium: Browser, tmp_path: Path) -> None:
    """What was never near the screen is fetched first; where it cannot be, nothing is saved."""
    write_tiny_bundle(tmp_path / "bundle", count=365, ids=[f"t{at:03}" for at in range(365)])
    with (
        site_of(tmp_path / "bundle", decisions=tmp_path / "kept") as site,
        chromium.new_context() as context,
    ):
        page = context.new_page()
        context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        page.route("**/review/tiles?*offset=240*", lambda route: route.abort())
        page.goto(f"{site}/view/review?sort=id")
        expect(tile(page, "t000")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.press("k")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Not saved: keep on 365 tiles. 120 of them could not")
        assert kept(page, site) == {}
        page.keyboard.press("Control+Home")
        page.keyboard.press("d")
        expect(chip(page, "t000")).to_have_text("drop")
        expect(alert).to_contain_text("Some tiles could not be fetched")
        page.unroute_all()
        page.keyboard.press("Control+a")
        page.keyboard.press("k")
        expect(page.get_by_role("status")).to_have_text(
            "365 tiles: keep, saved. t364 is the last tile of the list, so the frame stays on it. "
            "All of them are decided: Progress says how much is left."
        )
        expect(page.locator(".notice.calm")).to_be_visible()
        assert set(kept(page, site).values()) == {"keep"}
        assert len(kept(page, site)) == 365


def test_a_double_click_decides_one_tile(chromium: Browser, site: str) -> None:
    """The second click is none; on the last tile a second decision is told."""
    with review(chromium, site) as page:
        page.get_by_role("button", name="Drop").first.dblclick()
        expect(chip(page, "c300")).to_have_text("drop")
        assert (
            page.evaluate(
                "document.querySelector('[role=gridcell][tabindex=\"0\"]').dataset.stateOf"
            )
            == "c303"
        )
        page.locator("#grid [role=gridcell][tabindex='0']").focus()
        page.keyboard.press("Control+End")
        page.keyboard.press("d")
        told = page.locator(".notice.calm")
        expect(told).to_have_text(
            "c333 is drop. It is the last tile of the list, so the frame stays on it."
        )
        page.keyboard.press("k")
        expect(told).to_contain_text("c333 is keep, no longer drop.")
        expect(page.get_by_role("alert")).to_have_count(0)
        assert kept(page, site) == {"c300": "drop", "c333": "keep"}


def test_undo_takes_back_what_this_tab_did(chromium: Browser, site: str) -> None:
    """Where the last decision was made in another tab, that is said, and it stands until yes."""
    asked: list[str] = []
    with review(chromium, site) as page:
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop")
        other = page.context.new_page()
        other.goto(f"{site}/view/review?sort=id&state=all")
        expect(tile(other, "c300")).to_be_focused()
        other.keyboard.press("ArrowRight")
        other.keyboard.press("k")
        expect(chip(other, "c303")).to_have_text("keep")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Nothing was undone.")
        assert "keep on c303, in another tab" in asked[0]
        assert kept(page, site) == {"c300": "drop", "c303": "keep"}
        other.keyboard.press("u")
        expect(chip(other, "c303")).to_have_text("undecided")
        page.keyboard.press("u")
        expect(chip(page, "c300")).to_have_text("undecided")
        assert len(asked) == 1
        assert kept(page, site) == {}


def test_another_tabs_decision_is_not_overwritten_unseen(chromium: Browser, site: str) -> None:
    """The tile shows how it stands, nothing is saved, and the next key decides."""
    with review(chromium, site) as page:
        other = page.context.new_page()
        other.goto(f"{site}/view/tiles/c300")
        page.keyboard.press("d")
        expect(chip(page, "c300")).to_have_text("drop")
        keep = other.get_by_role("button", name="Keep", exact=True)
        keep.click()
        expect(other.get_by_role("alert")).to_contain_text("c300 is now drop (Ann: drop)")
        expect(other.locator(".decided .state-word")).to_have_text("drop")
        assert kept(page, site) == {"c300": "drop"}
        keep.click()
        expect(other.locator(".decided .state-word")).to_have_text("keep")
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("r")
        expect(page.get_by_role("alert")).to_contain_text("c300 is now keep")
        expect(chip(page, "c300")).to_have_text("keep")
        assert kept(page, site) == {"c300": "keep"}
        page.keyboard.press("b")
        page.keyboard.press("r")
        expect(chip(page, "c303")).to_have_text("review")
        assert kept(page, site) == {"c300": "review", "c303": "review"}


@pytest.mark.parametrize(("query", "left"), [("sort=id", 12), ("budget=12", 11)])
def test_back_returns_to_the_same_tile(chromium: Browser, site: str, query: str, left: int) -> None:
    """From a tile's page, with the list as it was; a budget is without what was decided."""
    with review(chromium, site, query) as page:
        for key in ("d", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        expect(page.locator("#grid .chip[data-state=drop]")).to_have_count(1)
        framed = page.evaluate(FOCUSED)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"Tile {framed}")
        page.go_back()
        expect(tile(page, framed)).to_be_focused()
        expect(page.locator("#grid [role=gridcell] img")).to_have_count(left)


def test_a_selection_opens_as_a_grid(chromium: Browser, site: str) -> None:
    """What the map kept is the list, under its name, in other tabs of the browser as well."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/map")
        ids = ["c303", "c330", "gone"]
        address = page.evaluate("ids => selections.keep(ids, 'the map')", ids)
        other = page.context.new_page()
        for tab in (page, other):
            tab.goto(f"{site}{address}&sort=id")
            expect(tab.locator("#grid [role=gridcell] img")).to_have_count(2)
            assert chosen(tab) == ["c303"]
            expect(tab.locator("[data-slot=total]")).to_have_text("2 tiles")
            expect(tab.locator(".showing")).to_contain_text("selection of 3 tiles from the map")
            expect(tab.locator(".showing")).to_contain_text("(1 of them not in this bundle)")
        other.get_by_role("link", name="Show all undecided tiles").click()
        expect(other.locator("[data-slot=total]")).to_have_text("12 tiles")


def test_all_of_a_long_list_of_ids_can_be_decided(chromium: Browser, tmp_path: Path) -> None:
    """A selection, a budget and a sample come in pieces, none of which lacks a tile."""
    ids = [f"t{number:04}" for number in range(700)]
    write_tiny_bundle(tmp_path / "bundle", count=700, ids=ids)
    with (
        site_of(tmp_path / "bundle", decisions=tmp_path / "kept") as site,
        named(chromium, site, "Ann") as page,
    ):
        page.goto(f"{site}/view/review?budget=300")
        expect(page.locator("[data-slot=place]")).to_have_text("1 of 300")
        page.keyboard.press("Control+End")
        expect(page.locator("[data-slot=place]")).to_have_text("300 of 300")
        for first in (110, 230):  # across the ends of pieces
            page.keyboard.press("Control+Home")
            for _ in range(first):
                page.keyboard.press("ArrowRight")
            for _ in range(20):
                page.keyboard.press("k")
        expect(page.locator("[data-slot=decided]")).to_have_text("40 decided here, 260 to go")
        address = page.evaluate("ids => selections.keep(ids, 'the map')", ids[:450])
        page.goto(f"{site}{address}&state=undecided&sort=id")
        left = 450 - sum(name < ids[450] for name in kept(page, site))
        expect(page.locator("[data-slot=total]")).to_have_text(f"{left} tiles")
        page.keyboard.press("Control+a")
        page.keyboard.press("d")
        expect(page.locator("[data-slot=decided]")).to_have_text(f"{left} decided here, 0 to go")
        assert len(kept(page, site)) == left + 40


def test_a_list_that_comes_up_short_says_so(chromium: Browser, tmp_path: Path) -> None:
    """It is not asked for again and again."""
    ids = [f"t{number:04}" for number in range(300)]
    write_tiny_bundle(tmp_path / "bundle", count=300, ids=ids)
    asked: list[str] = []

    def short(route: Route) -> None:
        asked.append(route.request.url)
        told = route.fetch().json()
        route.fulfill(json=told | {"tiles": told["tiles"][:-1]})

    with (
        site_of(tmp_path / "bundle", decisions=tmp_path / "kept") as site,
        named(chromium, site, "Ann") as page,
    ):
        page.goto(f"{site}/view/review?sort=id")
        page.route("**/review/tiles?*", short)
        page.keyboard.press("Control+End")
        notice = page.locator(".notice").filter(has_text="The list is no longer what it was.")
        expect(notice).to_be_visible()
        page.wait_for_timeout(500)
        assert len(asked) < 10


def test_a_selection_of_another_browser_is_said_to_be_missing(chromium: Browser, site: str) -> None:
    """Nothing is listed in its place, and two links lead on."""
    with open_page(chromium) as page:
        page.goto(f"{site}/view/review?selection=1")
        lost = page.get_by_role("alert").filter(has_text="not in this browser")
        expect(lost).to_be_visible()
        expect(page.locator("#grid")).to_be_hidden()
        expect(page.locator(".empty")).to_be_hidden()
        expect(page.locator(".showing")).to_be_hidden()
        expect(lost.get_by_role("link", name="map")).to_have_attribute("href", "/view/map")
        lost.get_by_role("link", name="show all undecided tiles").click()
        expect(page.locator("[data-slot=total]")).to_have_text("12 tiles")


def test_counts_follow_decisions(chromium: Browser, site: str) -> None:
    """The filter's counts and what is left of the list change with each answer, and with undo."""
    with review(chromium, site, "budget=12") as page:
        expect(page.locator(".showing")).to_contain_text("budget: the 12 most worth a look")
        state, decided = (
            page.get_by_label("Decision", exact=True),
            page.locator("[data-slot=decided]"),
        )
        page.keyboard.press("d")
        page.keyboard.press("d")
        expect(decided).to_have_text("2 decided here, 10 to go")
        expect(state.locator("option[value=undecided]")).to_have_text("undecided (10)")
        expect(state.locator("option[value=drop]")).to_have_text("drop (2)")
        page.keyboard.press("u")
        expect(decided).to_have_text("1 decided here, 11 to go")
        expect(state.locator("option[value=drop]")).to_have_text("drop (1)")
        expect(state.locator("option[value=all]")).to_have_text("all (12)")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("k")  # another decision on what was dropped here
        expect(state.locator("option[value=keep]")).to_have_text("keep (1)")
        page.keyboard.press("u")
        expect(state.locator("option[value=drop]")).to_have_text("drop (1)")
        expect(decided).to_have_text("1 decided here, 11 to go")


def test_thousands_of_tiles_are_a_few_in_the_document(chromium: Browser, tmp_path: Path) -> None:
    """The scrollbar is right from the start, any place is reached, and the focus is never lost."""
    ids = [f"t{number:04}" for number in range(1500)]
    write_tiny_bundle(tmp_path / "bundle", count=1500, ids=ids)
    with (
        site_of(tmp_path / "bundle", decisions=tmp_path / "kept") as site,
        open_page(chromium, viewport={"width": 1280, "height": 800}) as page,
    ):
        page.goto(f"{site}/view/review?sort=id")
        cells = page.locator("#grid [role=gridcell]")
        expect(cells.first).to_be_visible()
        height = "document.getElementById('grid').scrollHeight"
        before = page.evaluate(height)
        page.keyboard.press("ArrowRight")
        page.evaluate("document.getElementById('grid').scrollTop = 1e9")
        expect(tile(page, ids[-1]).locator("img")).to_be_visible()
        assert page.evaluate(height) == before
        assert cells.count() < 150
        page.keyboard.press("ArrowRight")
        assert page.evaluate(FOCUSED) == ids[2]
        page.keyboard.press("Control+End")
        assert page.evaluate(FOCUSED) == ids[-1]
        expect(page.locator("#why [data-slot=id]")).to_have_text(ids[-1])
        page.keyboard.press("Control+Home")
        expect(page.locator("#why [data-slot=id]")).to_have_text(ids[0])
        expect(page.locator("#grid img[src]").first).to_be_visible()
        expect(page.locator("#grid img:not([src])")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [768, 1280])
def test_axe_finds_nothing_serious(chromium: Browser, site: str, scheme: Any, width: int) -> None:
    """No serious finding of axe-core, with decisions, a conflict of names, zoom and help open."""
    options: dict[str, Any] = {"viewport": {"width": width, "height": 900}}
    # axe is put into the page by the test, which the page's own policy forbids.
    options |= {"color_scheme": scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    with open_page(chromium, **options) as page:
        page.context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        page.goto(f"{site}/view/review?sort=id")
        expect(tile(page, "c300")).to_be_visible()
        for key in ("d", "k", "r"):
            page.keyboard.press(key)
        expect(chip(page, "c306")).to_have_text("review")
        expect(page.locator("#why .nearest img").first).to_be_visible()
        assert serious(page) == []
        for key, close in (("Space", "Space"), ("?", "Escape")):
            page.keyboard.press(key)
            expect(page.get_by_role("dialog")).to_be_visible()
            assert serious(page) == []
            page.keyboard.press(close)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [768, 1280])
def test_nothing_jumps_while_the_page_loads(chromium: Browser, site: str, width: int) -> None:
    """Pictures have their place before they come; nothing is wider than the screen."""
    with open_page(chromium, viewport={"width": width, "height": 900}) as page:
        page.goto(f"{site}/view/review?sort=id", wait_until="networkidle")
        assert page.evaluate(LAID_OUT) < 0.02
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.images].every((one) => !one.src || one.naturalWidth)")


ROOM = """() => {
  const select = document.querySelector("select[name=state]");
  select.selectedOptions[0].textContent = "undecided (62,000)";
  const style = getComputedStyle(select);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const sides = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return select.clientWidth - sides - pen.measureText("undecided (62,000)").width;
}"""
ARROW = 14  # px


@pytest.mark.parametrize("width", [390, 768, 900, 1280])
def test_the_count_of_a_filter_is_not_cut(chromium: Browser, site: str, width: int) -> None:
    """Beside the arrow there is room for the number of a large bundle's tiles."""
    with open_page(chromium, viewport={"width": width, "height": 1024}) as page:
        page.goto(f"{site}/view/review")
        expect(tile(page, "c318")).to_be_visible()
        assert page.evaluate(ROOM) >= ARROW


def test_a_bundle_with_concepts_leaves_the_chosen_picture_whole(
    chromium: Browser, tmp_path: Path
) -> None:
    """On a tablet; the panel names each concept that the tile shows."""
    folder, names = tmp_path / "bundles", ["chart lettering", "grid line", "skin marker"]
    write_tiny_bundle(folder / "first")
    tablet = {"viewport": {"width": 768, "height": 1024}}
    with (
        site_of(folder / "first", bundles=folder, decisions=tmp_path) as site,
        review(chromium, site, **tablet) as page,
    ):
        send = page.request
        for name in names:
            send.put(f"{site}/concepts/{name}", data={})
            send.post(f"{site}/concepts/{name}/examples", data={"positive": ["c318", "c321"]})
        made = send.post(f"{site}/concepts:publish").json()
        send.post(f"{site}/bundles/{made['id']}:activate")
        page.goto(f"{site}/view/review?sort=-score")
        why = page.locator("#why")
        for name in names:
            expect(why.get_by_role("list", name="Reasons")).to_contain_text(name)
        expect(why.get_by_role("list", name="Reasons").get_by_role("listitem")).to_have_count(4)
        for moved in (0, 1000):
            why.evaluate("(panel, to) => panel.scrollTo(0, to)", moved)
            picture, panel = why.locator(".plate img").bounding_box(), why.bounding_box()
            assert picture
            assert panel
            assert panel["y"] <= picture["y"]
            assert picture["y"] + picture["height"] <= panel["y"] + panel["height"]


def test_a_second_reading_is_blind_to_the_first(chromium: Browser, site: str) -> None:
    """Nothing of it is seen or asked after; undo and reload are one's own; then they can differ."""
    with review(chromium, site, name="Dan") as dan:
        for key in "ddd":
            dan.keyboard.press(key)
        expect(chip(dan, "c306")).to_have_text("drop")
    with review(chromium, site, query="sort=id&state=all", name="Eva") as page:
        page.get_by_label("Only my decisions").check()
        page.get_by_role("button", name="Show").click()
        expect(tile(page, "c300")).to_be_focused()
        assert "alone=1" in page.url
        expect(page.get_by_label("Only my decisions")).to_be_checked()
        expect(page.get_by_label("Decision", exact=True)).to_contain_text("undecided (12)")
        for key in "kdk":
            page.keyboard.press(key)
        for name, state in (("c300", "keep"), ("c303", "drop"), ("c306", "keep")):
            expect(chip(page, name)).to_have_text(state)
        expect(page.get_by_label("Decision", exact=True)).to_contain_text("undecided (9)")
        page.keyboard.press("u")
        expect(chip(page, "c306")).to_have_text("undecided")
        page.keyboard.press("ArrowLeft")
        said = page.get_by_role("complementary", name="Why").get_by_role("list", name="Decisions")
        expect(said).to_have_text("Eva: drop")
        page.keyboard.press("Home")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("r")
        expect(chip(page, "c303")).to_have_text("review")
        expect(page.get_by_role("alert")).to_be_hidden()
        page.reload()
        for name, state in (("c300", "review"), ("c303", "review"), ("c306", "undecided")):
            expect(chip(page, name)).to_have_text(state)
        assert kept(page, site) == {"c300": "conflict", "c303": "conflict", "c306": "drop"}
        told = page.request.get(f"{site}/decisions/agreement").json()["pairs"]
        assert [(one["tiles"], one["observed"]) for one in told] == [(2, 0)]


def test_a_blind_reading_asks_who_reads(chromium: Browser, site: str) -> None:
    """And is then of that one's own decisions."""
    with open_page(chromium) as page:
        sent = {"ids": ["c300"], "decision": "drop"}
        said = page.request.post(f"{site}/decisions", data=sent, headers={"X-Reviewer": "Eva"})
        assert said.ok, said.text()
        page.goto(f"{site}/view/review?sort=id&state=all&alone=1")
        page.get_by_label("Your name").fill("Eva")
        page.get_by_role("button", name="Go on").click()
        expect(chip(page, "c300")).to_have_text("drop")


def decide_elsewhere(page: Page, site: str, who: str, decision: str, *ids: str) -> None:
    """As a reviewer who uses no page."""
    sent = {"ids": ids, "decision": decision}
    told = page.request.post(f"{site}/decisions", data=sent, headers={"X-Reviewer": who})
    assert told.ok


def test_undo_knows_ones_last_decision_whatever_others_decide(
    chromium: Browser, tmp_path: Path
) -> None:
    """Where many others' decisions are newer, and the answer to the undo is lost as well."""
    ids = [f"t{at:03}" for at in range(240)]
    write_tiny_bundle(tmp_path / "bundle", count=240, ids=ids)
    asked: list[str] = []
    with (
        site_of(tmp_path / "bundle", decisions=tmp_path / "kept") as site,
        chromium.new_context() as context,
    ):
        page = context.new_page()
        page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
        page.goto(f"{site}/view/review?sort=id&state=all&alone=1")
        expect(tile(page, "t000")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.press("k")
        expect(page.get_by_role("status")).to_contain_text("240 tiles: keep, saved.")
        page.keyboard.press("Control+Home")
        page.keyboard.press("d")
        expect(chip(page, "t000")).to_have_text("drop")
        decide_elsewhere(page, site, "Gus", "drop", *ids[5:200])
        page.route("**/decisions/undo?batch=*", lose, times=1)
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Undone: t000 is as before.")
        expect(chip(page, "t000")).to_have_text("keep")
        assert asked == []
        decide_elsewhere(page, site, "Ann", "review", "t003")
        decide_elsewhere(page, site, "Gus", "keep", *ids[5:200])
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_have_text("Undone: t003 is as before.")
        expect(chip(page, "t003")).to_have_text("keep")
        assert len(asked) == 1
        assert "not made on this page: review on t003, in another tab" in asked[0]


def test_a_decision_that_is_made_again_is_not_left_as_unsaved(chromium: Browser, site: str) -> None:
    """Made while the first one was in doubt; what is told is what is left of it."""
    with named(chromium, site, "Ann") as page:
        refuse_one(page, 1)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.wait_for_timeout(600)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("d")
        expect(page.get_by_role("status")).to_have_text("c300: drop, saved.")
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(tile(page, "c300")).to_have_accessible_name(re.compile("decided drop$"))
        page.unroute_all()
        on_decision(page, lambda route: route.abort())
        for _ in range(3):
            page.keyboard.press("k")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Before it, 2 tiles were not saved.", timeout=20_000)
        page.unroute_all()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("k")
        expect(alert).to_have_text("Still not saved: 2 tiles. Decide again, or leave it so.")
        expect(page.get_by_role("button", name="Show the first of 2")).to_be_visible()


def test_a_decision_is_in_the_name_that_it_was_made_in(chromium: Browser, site: str) -> None:
    """Whatever the page is called by the time that it is sent."""
    waiting: list[Route] = []
    with named(chromium, site, "Dan") as page:
        on_decision(page, waiting.append)
        page.goto(f"{site}/view/review?sort=id")
        page.keyboard.press("d")
        page.keyboard.press("d")
        page.get_by_role("button", name="change").click()
        page.get_by_label("Your name").fill("Eve")
        page.get_by_role("button", name="Go on").click()
        for name in ("c300", "c303"):
            expect_one(page, waiting)
            waiting.pop().continue_()
            expect(chip(page, name)).to_have_text("drop")
        told = page.request.get(f"{site}/decisions").json()["decisions"]
        assert {one["reviewer"] for each in told for one in each["decisions"]} == {"Dan"}


def test_a_blind_budget_is_as_if_nobody_had_decided(chromium: Browser, site: str) -> None:
    """Else the first reading would choose what the second one sees."""
    with open_page(chromium) as page:
        decide_elsewhere(page, site, "Dan", "drop", "c318", "c321", "c324")
        page.context.add_cookies([{"name": "tilescreen_reviewer", "value": "Eva", "url": site}])
        page.goto(f"{site}/view/review?budget=12&alone=1")
        expect(page.locator("[data-slot=total]")).to_have_text("12 tiles")
        page.goto(f"{site}/view/review?budget=12")
        expect(page.locator("[data-slot=total]")).to_have_text("9 tiles")

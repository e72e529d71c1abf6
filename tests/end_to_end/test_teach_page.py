"""Concepts are taught on their page in headless Chromium, by click and by keyboard."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from service.app import create_app
from service.settings import Settings
from tests.serving import serving
from tests.tiny import write_tiny_bundle

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a service over a folder of one tiny bundle."""
    folder = tmp_path / "bundles"
    write_tiny_bundle(folder / "first")
    settings = Settings(bundle=folder / "first", bundles=folder, decisions=tmp_path, threads=1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(settings), log_level="warning", timeout_graceful_shutdown=2
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails the test on any message on its console."""
    with chromium.new_context(viewport={"width": 768, "height": 900}) as context:
        page, messages = context.new_page(), list[str]()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        yield page
        assert messages == []


def make(page: Page, site: str, name: str) -> None:
    """Name a concept and make it, as a reviewer who has given a name before."""
    page.context.add_cookies([{"name": "tilescreen_reviewer", "value": "Ann", "url": site}])
    page.goto(f"{site}/view/teach")
    page.get_by_role("combobox", name="Concept").fill(name)
    page.get_by_role("button", name="Open").click()
    page.get_by_role("button", name=f"Make “{name}”").click()
    expect(page.get_by_role("status").first).to_contain_text("0 marked yes")


@contextmanager
def taught(chromium: Browser, site: str) -> Iterator[Page]:
    """Open a concept with one tile marked; a browser may write lost answers on the console."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")
        page.get_by_role("group", name="Tile c300").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
        yield page


def test_a_concept_is_made_taught_and_published(page: Page, site: str) -> None:
    """Yes by key, no by click; dark tiles come first, and the new version serves at once."""
    make(page, site, "dark film")
    page.get_by_role("group", name="Tile c300").first.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    page.get_by_role("button", name="No, c318 does not").first.click()
    expect(page.locator("#teach-state")).to_contain_text("1 marked no")
    held_out = page.locator("#held-out")
    expect(held_out).to_contain_text("two are needed")
    page.get_by_role("group", name="Tile c303").first.press("y")
    expect(held_out).to_contain_text("1 tile is marked as not showing it; 5 are needed.")
    for bright in ("c321", "c324", "c327", "c330"):
        page.get_by_role("group", name=f"Tile {bright}").first.press("n")
    expect(held_out).to_contain_text("On 2 scans held out in turn, average precision 1.00, 95 %")
    expect(held_out).to_contain_text("interval 0.34 to 1.00")
    expect(held_out).to_contain_text("wide because only 2 scans hold marks")
    asked = page.get_by_role("region", name="nearest to the limit")
    expect(asked.locator(".teach-leaning").first).to_contain_text(re.compile("yes|no"))
    first = page.get_by_role("region", name="Most like").get_by_role("group").first
    expect(first).to_have_attribute("data-id", re.compile(r"c30\d|c31[0-5]"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
    page.get_by_role("button", name="Publish").click()
    before = page.locator(".bundle code").inner_text()
    page.get_by_role("button", name="Serve it now").click()
    expect(page.locator(".bundle code")).not_to_have_text(before)
    page.goto(f"{site}/view/review?state=all")
    page.get_by_label("Reason", exact=True).select_option("CONCEPT")
    page.get_by_role("button", name="Show").click()
    cell = page.locator("#grid [role=gridcell]").first
    expect(cell).to_have_attribute("aria-label", re.compile(r"verdict \w+: dark film"))
    expect(page.locator("[data-slot=reasons] b").first).to_have_text("dark film")


def test_who_may_not_publish_is_told_who_may(chromium: Browser, tmp_path: Path) -> None:
    """A key that reviews teaches; to publish takes another."""
    folder, key = tmp_path / "bundles", "review-key-0123456789"
    write_tiny_bundle(folder / "first")
    said = {"TILESCREEN_API_KEYS": f"review:{key}", "TILESCREEN_BUNDLES": str(folder)}
    with serving(folder / "first", **said) as url, chromium.new_context() as context:
        context.add_cookies([{"name": "tilescreen_key", "value": key, "url": url}])
        page = context.new_page()
        make(page, url, "dark film")
        page.get_by_role("group", name="Tile c300").first.press("y")
        section = page.get_by_role("region", name="Use it on new tiles")
        expect(section).to_contain_text("Somebody with an admin key publishes it.")
        expect(section.get_by_role("button")).to_have_count(0)


def test_the_first_suspect_has_the_frame_from_the_start(page: Page, site: str) -> None:
    """So that Y marks it; where no tile has the frame, Y says so."""
    make(page, site, "bright film")
    framed = page.locator(".teach-card:focus")
    expect(framed).to_be_in_viewport()
    suspects = page.get_by_role("region", name="Tiles that screening says most of")
    first = suspects.get_by_role("group").first
    expect(first).to_be_focused()
    page.locator("h1").click()
    expect(framed).to_have_count(0)
    page.keyboard.press("y")
    expect(page.get_by_role("alert").last).to_contain_text("no tile has the frame")
    expect(page.locator("#teach-state")).to_contain_text("0 marked yes")
    first.locator("img").click()
    page.keyboard.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")


def test_a_finger_finds_yes_and_no(chromium: Browser, site: str) -> None:
    """They are large enough for it, and two fit on a tile."""
    tablet = {"width": 768, "height": 1024}
    with chromium.new_context(viewport=tablet, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        make(page, site, "dark film")
        for button in page.locator("[data-say]").all():
            box = button.bounding_box()
            assert box
            assert min(box["height"], box["width"]) >= 32  # px
        assert page.evaluate("document.documentElement.scrollWidth") <= tablet["width"]


def test_a_concept_is_deleted_after_a_question(page: Page, site: str) -> None:
    """Cancel leaves it; the button in the dialog takes it away, and it is no longer offered."""
    make(page, site, "dark film")
    page.get_by_role("button", name="Delete “dark film”").click()
    sure = page.get_by_role("dialog", name="Delete “dark film”?")
    sure.get_by_role("button", name="Cancel").click()
    expect(sure).to_be_hidden()
    page.get_by_role("button", name="Delete “dark film”").click()
    sure.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/view/teach")
    expect(page.locator("datalist option")).to_have_count(0)
    expect(page.locator("#board")).to_have_count(0)


def test_the_name_is_asked_once(page: Page, site: str) -> None:
    """Who cancels has changed nothing; the first change waits for a name, the others have it."""
    page.goto(f"{site}/view/teach?concept=dark film")
    page.get_by_role("button", name="Make “dark film”").click()
    who = page.get_by_role("dialog", name="Who decides?")
    who.get_by_role("button", name="Cancel").click()
    assert page.request.get(f"{site}/concepts").json()["concepts"] == []
    page.get_by_role("button", name="Make “dark film”").click()
    who.get_by_label("Your name").fill("Zoë")
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Tile c300").first.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    expect(who).to_have_count(0)
    told = page.request.get(f"{site}/concepts/dark film").json()
    assert [one["reviewer"] for one in told["examples"]] == ["Zoë"]


def test_a_concept_is_renamed(page: Page, site: str) -> None:
    """Its marks are there under the new name, and the old one is no longer offered."""
    make(page, site, "dark film")
    page.get_by_role("group", name="Tile c300").first.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    page.get_by_label("New name").fill("night")
    page.get_by_role("button", name="Rename “dark film”").click()
    page.wait_for_url("**/view/teach?concept=night")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    assert page.locator("datalist option").get_attribute("value") == "night"


def test_a_name_that_is_taken_is_told(chromium: Browser, site: str) -> None:
    """With the service's sentence; the concept keeps its name."""
    with chromium.new_context() as context:  # a browser writes refused requests on the console
        page = context.new_page()
        for name in ("dark", "night"):
            make(page, site, name)
        page.get_by_label("New name").fill("dark")
        page.get_by_role("button", name="Rename “night”").click()
        expect(page.locator("#teach-problem")).to_contain_text("a concept 'dark' is there")
        assert [one["name"] for one in page.request.get(f"{site}/concepts").json()["concepts"]] == [
            "dark",
            "night",
        ]


def test_a_mark_is_taken_back_and_the_keyboard_stays_where_it_was(page: Page, site: str) -> None:
    """Arrows move between tiles, U undoes, and after a mark some tile has the focus."""
    make(page, site, "dark film")
    card = page.get_by_role("group", name="Tile c300").first
    card.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    expect(page.locator(".teach-card:focus")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".teach-card:focus")).to_have_count(1)
    page.locator('.teach-card[data-mark="positive"]').first.press("u")
    expect(page.locator("#teach-state")).to_contain_text("0 marked yes")


def test_after_a_mark_the_focus_stays_in_its_list(page: Page, site: str) -> None:
    """The tile goes to another list: who marks on marks the next one, not the same once more."""
    make(page, site, "dark film")
    page.get_by_role("group", name="Tile c300").first.press("y")
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    queue = page.get_by_role("region", name="mark these next").get_by_role("group")
    marked = str(queue.first.get_attribute("data-id"))
    queue.first.press("y")
    expect(page.locator("#teach-state")).to_contain_text("2 marked yes")
    framed = page.locator("[aria-labelledby=asked] .teach-card:focus")
    expect(framed).to_have_count(1)
    assert framed.get_attribute("data-id") != marked


def test_the_reply_to_a_mark_does_not_move_the_focus(page: Page, site: str) -> None:
    """Whoever went on while all is ranked anew stays there, and the next key marks that tile."""
    make(page, site, "dark film")
    waiting: list[Route] = []
    page.route("**/view/teach?*", lambda route: waiting.append(route), times=1)  # noqa: PLW0108
    asked = page.get_by_role("region", name="Tiles from all over").get_by_role("group")
    asked.first.press("y")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    framed = str(page.locator(".teach-card:focus").get_attribute("data-id"))
    while not waiting:
        page.wait_for_timeout(50)  # ms
    waiting[0].continue_()
    expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
    expect(page.locator(".teach-card:focus")).to_have_attribute("data-id", framed)
    page.keyboard.press("n")
    expect(page.locator("#teach-state")).to_contain_text("1 marked no")
    told = page.request.get(f"{site}/concepts/dark film").json()["examples"]
    assert [one["id"] for one in told if one["mark"] == "negative"] == [framed]


def test_a_ranking_that_is_not_fetched_is_told(chromium: Browser, site: str) -> None:
    """The mark is saved; the page says that what it shows is of before."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")
        page.route("**/view/teach?*", lambda route: route.abort())
        page.get_by_role("group", name="Tile c300").first.press("y")
        expect(page.locator("#teach-problem")).to_contain_text("The mark is saved, but")


def test_a_mark_that_fails_stays_told_while_another_is_saved(chromium: Browser, site: str) -> None:
    """What is awaited looks it; the tile that was not saved is named until it is marked again."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")
        waiting: list[Route] = []

        def hold(route: Route) -> None:
            if "c300" in (route.request.post_data or ""):
                waiting.append(route)
            else:
                route.continue_()

        page.route("**/examples", hold)
        page.get_by_role("group", name="Tile c300").first.press("y")
        card = page.locator('.teach-card[data-id="c300"]').first
        expect(card).to_have_attribute("data-pending", "yes…")
        expect(card).to_have_attribute("data-mark", "")
        expect(card).to_have_attribute("aria-label", re.compile("yes, not saved yet$"))
        page.get_by_role("group", name="Tile c303").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
        expect(card).to_have_attribute("data-pending", "yes…")
        waiting[0].abort()
        unsaved = page.locator("#teach-unsaved")
        expect(unsaved).to_contain_text("Not saved: c300 (yes). The service gave no answer.")
        expect(card).not_to_have_attribute("data-pending", re.compile(""))
        page.get_by_role("group", name="Tile c306").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("2 marked yes")
        expect(unsaved).to_be_visible()
        page.unroute("**/examples")
        unsaved.get_by_role("button", name="Mark again").click()
        expect(page.locator("#teach-state")).to_contain_text("3 marked yes")
        expect(unsaved).to_be_hidden()


def test_a_mark_whose_answer_is_lost_is_found_to_be_saved(chromium: Browser, site: str) -> None:
    """The service is asked what it has before anything is said; the page shows the mark."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/examples**", lose)
        page.get_by_role("group", name="Tile c300").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
        card = page.locator('.teach-card[data-id="c300"]').first
        expect(card).to_have_attribute("data-mark", "positive")
        card.press("u")
        expect(page.locator("#teach-state")).to_contain_text("0 marked yes")
        expect(page.locator("#teach-unsaved")).to_be_hidden()
        expect(page.locator("#teach-problem")).to_be_hidden()


def test_a_mark_of_which_nothing_is_known_is_told_so(chromium: Browser, site: str) -> None:
    """Neither saved nor unsaved, until the service says what it has."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")

        def lose(route: Route) -> None:
            if "c300" in (route.request.post_data or ""):
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.route("**/concepts/dark%20film", lambda route: route.abort())
        page.route("**/examples", lose)
        page.get_by_role("group", name="Tile c300").first.press("y")
        unsaved = page.locator("#teach-unsaved")
        expect(unsaved).to_contain_text("It is not known whether this was saved: c300 (yes).")
        card = page.locator('.teach-card[data-id="c300"]').first
        expect(card).to_have_attribute("data-pending", "yes?")
        page.unroute("**/concepts/dark%20film")
        page.get_by_role("group", name="Tile c303").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("2 marked yes")
        expect(unsaved).to_be_hidden()
        expect(card).to_have_attribute("data-mark", "positive")
        expect(card).not_to_have_attribute("data-pending", re.compile(""))


def lose(page: Page, method: str, address: str) -> None:
    """Let requests of a method be carried out, and their answers be lost."""

    def answer(route: Route) -> None:
        if route.request.method == method:
            route.fetch()
            route.abort()
        else:
            route.fallback()

    page.route(address, answer)


def test_what_became_of_a_lost_answer_is_found_out(chromium: Browser, site: str) -> None:
    """A concept made, renamed, published, served and deleted, each time without an answer."""
    with chromium.new_context() as context:
        page = context.new_page()
        for method in ("PUT", "PATCH", "DELETE"):
            lose(page, method, "**/concepts/*")
        make(page, site, "dark film")
        page.get_by_label("New name").fill("night")
        page.get_by_role("button", name="Rename “dark film”").click()
        page.wait_for_url("**/view/teach?concept=night")
        page.get_by_role("group", name="Tile c300").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
        lose(page, "POST", "**/concepts:publish")
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("#teach-problem")).to_contain_text("No answer came. Publish again")
        page.unroute("**/concepts:publish")
        page.get_by_role("button", name="Publish").click()
        lose(page, "POST", "**:activate")
        before = page.locator(".bundle code").inner_text()
        page.get_by_role("button", name="Serve it now").click()
        expect(page.locator(".bundle code")).not_to_have_text(before)
        page.get_by_role("button", name="Delete “night”").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.wait_for_url("**/view/teach")
        assert page.request.get(f"{site}/concepts").json()["concepts"] == []


def test_what_was_not_done_is_not_said_to_be(chromium: Browser, site: str) -> None:
    """A request that never came is told as such, and one of which nothing is known as that."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")
        page.get_by_label("New name").fill("night")
        page.route("**/concepts/dark%20film", lambda route: route.abort(), times=1)
        page.get_by_role("button", name="Rename “dark film”").click()
        problem = page.locator("#teach-problem")
        expect(problem).to_contain_text("The service gave no answer.")
        page.route("**/concepts/*", lambda route: route.abort())
        page.get_by_role("button", name="Rename “dark film”").click()
        expect(problem).to_contain_text("It is not known whether this was done.")


def test_u_undoes_the_last_mark_wherever_its_tile_is(page: Page, site: str) -> None:
    """Not that of the tile with the focus after the new ranking; what is marked is listed."""
    make(page, site, "dark film")
    for name, key in (("c300", "y"), ("c303", "n"), ("c306", "n")):
        page.get_by_role("group", name=f"Tile {name}").first.press(key)
        expect(page.locator("#teach-state")).to_contain_text(
            "2 marked no" if name == "c306" else "1 marked yes"
        )
        expect(page.locator(f'.teach-card[data-id="{name}"][data-mark]').first).to_be_attached()
    page.get_by_role("heading", name="Most like").click()  # no tile has the focus
    page.keyboard.press("u")
    expect(page.locator("#teach-state")).to_contain_text("1 marked no")
    marked = page.get_by_role("region", name="Marked so far")
    marked.locator("summary").click()
    cards = marked.get_by_role("group", name=re.compile("^Tile "))
    expect(cards).to_have_count(2)
    assert [one.get_attribute("data-id") for one in cards.all()] == ["c303", "c300"]
    expect(cards.first).to_contain_text("by Ann")
    cards.first.get_by_role("button", name="Yes, c303 shows it").click()
    expect(page.locator("#teach-state")).to_contain_text("2 marked yes")
    expect(cards.first).to_be_visible()  # the list stays open
    for state in ("1 marked yes, 1 marked no", "1 marked yes, 0 marked no", "0 marked yes"):
        page.keyboard.press("u")
        expect(page.locator("#teach-state")).to_contain_text(state)
    page.keyboard.press("u")
    expect(page.get_by_role("alert")).to_contain_text("You have marked nothing since")


def test_an_undo_waits_for_the_mark_that_it_is_meant_for(chromium: Browser, site: str) -> None:
    """If that is refused, no mark before it is taken back in its place."""
    with taught(chromium, site) as page:
        held: list[Route] = []
        page.route("**/examples", lambda route: held.append(route))  # noqa: PLW0108
        page.get_by_role("group", name="Tile c303").first.press("y")
        page.keyboard.press("u")
        page.wait_for_timeout(200)
        held.pop().fulfill(status=403, json={"detail": "It may not be."})
        expect(page.locator("#teach-unsaved")).to_contain_text("Not saved: c303 (yes).")
        page.wait_for_timeout(200)
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")


def test_a_mark_does_not_overturn_another_reviewers_unseen(chromium: Browser, site: str) -> None:
    """It is told whose mark stands; the page shows it, and a second press decides."""
    with taught(chromium, site) as page:
        for name in ("c303", "c306"):
            page.request.post(
                f"{site}/concepts/dark%20film/examples",
                data={"positive": [name]},
                headers={"X-Reviewer": "Ben"},
            )
        page.get_by_role("group", name="Tile c306").first.press("y")  # the same is no matter
        expect(page.locator("#teach-state")).to_contain_text("3 marked yes")
        page.request.post(
            f"{site}/concepts/dark%20film/examples",
            data={"negative": ["c300"]},
            headers={"X-Reviewer": "Ben"},
        )
        yes = page.get_by_role("button", name="Yes, c300 shows it").first
        yes.click()  # off
        unsaved = page.locator("#teach-unsaved")
        expect(unsaved).to_contain_text("Ben marked 'c300' negative since you looked")
        expect(page.locator('.teach-card[data-id="c300"]').first).to_have_attribute(
            "data-mark", "negative"
        )
        yes.click()
        expect(unsaved).to_be_hidden()
        expect(page.locator("#teach-state")).to_contain_text("3 marked yes, 0 marked no")


@pytest.mark.parametrize(("keys", "marked"), [("yun", "negative"), ("yuy", "positive")])
def test_what_is_typed_after_u_waits_for_it(
    chromium: Browser, site: str, keys: str, marked: str
) -> None:
    """However slow the answers are, a slip that is undone and marked anew is marked so."""
    with chromium.new_context() as context:
        page = context.new_page()
        make(page, site, "dark film")

        def slowly(route: Route) -> None:
            page.wait_for_timeout(300)
            route.continue_()

        page.get_by_role("group", name="Tile c306").first.press("y")
        expect(page.locator("#teach-state")).to_contain_text("1 marked yes")
        page.route("**/examples**", slowly)
        page.get_by_role("group", name="Tile c300").first.focus()
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator('.teach-card[data-id="c300"]').first).to_have_attribute(
            "data-mark", marked, timeout=10_000
        )
        expect(page.locator("#teach-unsaved")).to_be_hidden()
        page.unroute_all(behavior="wait")  # what is held still would fail in the next test


def test_an_undo_that_is_refused_is_not_said_to_be_done(chromium: Browser, site: str) -> None:
    """Neither to who hears the page; and one of a mark in doubt asks what became of it first."""
    with taught(chromium, site) as page:
        page.request.post(
            f"{site}/concepts/dark%20film/examples",
            data={"negative": ["c300"]},
            headers={"X-Reviewer": "Bea"},
        )
        page.keyboard.press("u")
        expect(page.locator("#teach-unsaved")).to_contain_text("Not saved: c300 (no mark).")
        expect(page.get_by_role("status").last).not_to_contain_text("as before")

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/concepts/dark%20film", lambda route: route.abort())
        page.route("**/examples", lose)
        page.get_by_role("group", name="Tile c303").first.press("n")
        expect(page.locator("#teach-unsaved")).to_contain_text("It is not known")
        page.keyboard.press("u")
        expect(page.locator(".notice").last).to_contain_text("so nothing was undone")
        page.unroute_all()
        page.keyboard.press("u")
        expect(page.locator(".unseen[role=status]")).to_have_text("c303: marked as before.")
        assert [
            one["id"] for one in page.request.get(f"{site}/concepts/dark%20film").json()["examples"]
        ] == ["c300"]


def test_who_leaves_before_a_mark_is_saved_is_asked(chromium: Browser, site: str) -> None:
    """And a version that was published is told not to hold the marks made since."""
    asked: list[str] = []
    with taught(chromium, site) as page:
        page.get_by_role("button", name="Publish as a new bundle version").click()
        published = page.locator("#published")
        expect(published).to_contain_text("is written, with dark film.")
        expect(published).not_to_contain_text("Marks made since")
        held: list[Route] = []
        page.route("**/examples", lambda route: held.append(route))  # noqa: PLW0108
        page.get_by_role("group", name="Tile c303").first.press("y")
        page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.get_by_role("link", name="Progress").click(no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        held.pop().continue_()
        expect(published).to_contain_text("Marks made since are not in it: publish again")
        page.get_by_role("link", name="Progress").click()
        expect(page).to_have_title("Progress · Tilescreen")

"""The `report` command and its page."""

import json
import re
import signal
from argparse import ArgumentParser, Namespace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bundle import Bundle, BundleMissing, InputError
from training.report import check_writable, configure, run, write_page, write_pages
from training.reporting.page import colour, make_page, read_evaluation, render

INTERVAL = {"title": "P@5", "value": 0.25, "low": 0.1, "high": 0.4}
NOTHING = {"title": "probe AP", "value": None, "low": None, "high": None}


class Links(HTMLParser):
    """Collects what a browser would fetch for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]


def evaluation(folder: Path, bundle_id: str) -> Path:
    file = folder / "evaluation.json"
    measures = {"p_at_k": INTERVAL, "probe_ap": NOTHING}
    file.write_text(
        json.dumps({"bundle": {"id": bundle_id}, "labelled": {"tiles": 10}, "measures": measures})
    )
    return file


def arguments(*given: str) -> Namespace:
    parser = ArgumentParser()
    configure(parser)
    return parser.parse_args(given)


@pytest.fixture(scope="module")
def html(tiny_bundle: Bundle) -> str:
    """The page of the tiny bundle, with one known and one unknown id."""
    return render(make_page(tiny_bundle, ["c303", "c301"], None))


def test_page_needs_nothing_else(html: str):
    """Every picture is inside the page: nothing is fetched, no script runs."""
    links = Links()
    links.feed(html)
    assert all(target.startswith(("data:image/webp;base64,", "#")) for target in links.targets)
    assert not links.tags & {"script", "link", "iframe", "object"}
    assert not re.search(r"url\(|@import|https?://", html)


@pytest.mark.parametrize(
    "section", ["loss", "pairs", "map", "eps", "neighbours", "clusters", "about"]
)
def test_page_has_every_section(html: str, section: str):
    """Each section is there and can be jumped to."""
    assert f'<section id="{section}">' in html
    assert f'href="#{section}"' in html


def test_page_tells_the_bundle(html: str, tiny_bundle: Bundle):
    """The head has the bundle's id, date and number of tiles."""
    assert tiny_bundle.manifest.bundle_id in html
    assert "1 January 2026" in html
    assert "<dt>tiles</dt><dd>12</dd>" in html


def test_page_escapes_ids(tiny_bundle: Bundle):
    """An id with markup in it is shown, not run."""
    html = render(make_page(tiny_bundle, ["<b>c303</b>"], None))
    assert "&lt;b&gt;c303" in html
    assert "<b>c303" not in html


def test_page_shows_an_evaluation(tiny_bundle: Bundle, tmp_path: Path):
    """Measures come with their interval; one that could not be taken is a dash."""
    file = evaluation(tmp_path, tiny_bundle.manifest.bundle_id)
    html = render(make_page(tiny_bundle, [], file))
    assert "<td>P@5</td><td>0.250</td><td>0.100 to 0.400</td>" in html
    assert "<td>probe AP</td><td>-</td>" in html


def test_evaluation_of_another_bundle_is_refused(tiny_bundle: Bundle, tmp_path: Path):
    """Figures of another bundle never stand on this one's page."""
    with pytest.raises(InputError, match="measures the bundle 0123"):
        make_page(tiny_bundle, [], evaluation(tmp_path, "0123"))


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"measures": []}'])
def test_what_is_no_evaluation_is_refused(tmp_path: Path, text: str):
    """A file that `evaluate` did not write is refused with its name."""
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"other\.json is not an evaluation.* Give the JSON that"):
        read_evaluation(file)


def test_missing_evaluation_is_refused(tmp_path: Path):
    """A missing evaluation is a sentence."""
    with pytest.raises(InputError, match="cannot be read as an evaluation"):
        read_evaluation(tmp_path / "none.json")


def test_command_writes_the_page(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The command makes missing folders, writes the page and tells its size."""
    out = tmp_path / "new" / "report.html"
    assert run(arguments(str(tiny_path), "--out", str(out), "--query", "c303", "c301")) == 0
    told = capsys.readouterr()
    assert "--query: No stored tile has the id 'c301'" in told.err
    assert "MiB" in told.out
    assert out.read_text().startswith("<!doctype html>")
    assert [file.name for file in out.parent.iterdir()] == ["report.html"]


def test_no_known_query(tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """When no id is known the page is written, but the status is 1."""
    out = tmp_path / "report.html"
    assert run(arguments(str(tiny_path), "--out", str(out), "--query", "c301")) == 1
    assert "Give ids of tiles of this bundle." in capsys.readouterr().err
    assert out.exists()


def test_missing_bundle(tmp_path: Path):
    """A missing bundle is a sentence, and no page is left."""
    with pytest.raises(BundleMissing):
        run(arguments(str(tmp_path / "none"), "--out", str(tmp_path / "r.html")))
    assert list(tmp_path.iterdir()) == []


def test_folder_as_page_is_refused(tmp_path: Path):
    """A folder in the page's place is refused before any work."""
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)


def test_unwritable_place_is_refused(tmp_path: Path):
    """A place below a file is refused with a sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        check_writable(tmp_path / "file" / "report.html")


def test_failed_write_keeps_the_old_page(tmp_path: Path):
    """When writing fails, the sentence says so and nothing half-written stays."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_page(tmp_path / "report.html", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_colours_differ():
    """Neighbouring labels have different colours, stray tiles are muted."""
    assert len({colour(label) for label in range(40)}) == 40
    assert colour(-1) == "var(--muted)"


def test_files_that_belong_together_are_written_all_or_none(tmp_path: Path):
    """One of an earlier run stood beside new ones, where the last could not be written."""
    first, second = tmp_path / "first.html", tmp_path / "second" / "second.csv"
    first.write_text("before")
    with pytest.raises(InputError, match=r"second\.csv cannot be written"):
        write_pages({first: "new", second: "new"})
    assert first.read_text() == "before"
    assert list(tmp_path.iterdir()) == [first]
    second.parent.mkdir()
    assert write_pages({first: "new", second: "newer"}) == 8
    assert (first.read_text(), second.read_text()) == ("new", "newer")


def test_ctrl_c_waits_for_files_that_belong_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It comes when the last has its name."""
    replace, pressed = Path.replace, list[Path]()

    def press_once(self: Path, target: Path) -> Path:
        if not pressed:
            pressed.append(target)
            signal.raise_signal(signal.SIGINT)
        return replace(self, target)

    files = [tmp_path / name for name in ("one", "two")]
    monkeypatch.setattr(Path, "replace", press_once)
    with pytest.raises(KeyboardInterrupt):
        write_pages(dict.fromkeys(files, "new"))
    assert [file.read_text() for file in files] == ["new", "new"]

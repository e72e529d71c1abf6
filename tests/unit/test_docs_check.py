"""The check of the documents finds what it should."""

from pathlib import Path

from docs import check


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    """A link to a file that is not there gives a sentence with both names."""
    page = tmp_path / "page.md"
    page.write_text("see [it](gone.md)")
    assert check.problems(page, tmp_path) == ["page.md: gone.md does not exist"]


def test_an_anchor_without_heading_is_named(tmp_path: Path) -> None:
    """A link to a heading that is not there gives a sentence; one that is there does not."""
    page = tmp_path / "page.md"
    page.write_text("# Two words\n[a](#two-words) [b](#three)")
    assert check.problems(page, tmp_path) == ["page.md: #three names no heading"]


def test_code_is_not_read_for_links(tmp_path: Path) -> None:
    """Brackets inside code are no links."""
    page = tmp_path / "page.md"
    page.write_text("`a[0](b)`\n```\n[x](gone.md)\n```\n")
    assert check.problems(page, tmp_path) == []

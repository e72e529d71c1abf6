"""The tables of benchmarks/README.md are those of the result files."""

from docs import figures


def test_a_table_has_its_head_and_a_line_a_row() -> None:
    """Markdown: head, rule, rows."""
    assert figures.table(["a", "b"], [[1, 2.5]]) == "| a | b |\n| --- | --- |\n| 1 | 2.5 |\n"


def test_only_what_stands_between_the_marks_is_made() -> None:
    """The text before and after the marks stays, and making the page twice changes nothing."""
    begin, end = figures.MARKS
    page = figures.page(f"before\n{begin}old\n{end}after\n", {"Head": "text\n"})
    assert page.startswith(f"before\n{begin}")
    assert page.endswith(f"{end}after\n")
    assert "old" not in page
    assert "### Head\n\ntext\n" in page
    assert figures.page(page, {"Head": "text\n"}) == page

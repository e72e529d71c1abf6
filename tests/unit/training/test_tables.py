"""CSV tables as users have them."""

from pathlib import Path

import pytest

from bundle.errors import InputError
from training.tables import read_lines, read_table


def test_columns_and_rows(tmp_path: Path) -> None:
    """Names and rows come as they stand, short rows filled up, Excel's first mark left out."""
    (tmp_path / "t.csv").write_text("\ufeffid,label\na,x\nb\n", encoding="utf-8")
    columns, rows = read_table(tmp_path / "t.csv")
    assert columns == ["id", "label"]
    assert rows == [{"id": "a", "label": "x"}, {"id": "b", "label": ""}]


def test_a_column_may_have_no_name(tmp_path: Path) -> None:
    """As pandas writes the one of row numbers."""
    (tmp_path / "t.csv").write_text(",id\n0,c1\n")
    assert read_table(tmp_path / "t.csv") == (["", "id"], [{"": "0", "id": "c1"}])


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_signs_part_columns_too(tmp_path: Path, sign: str) -> None:
    """As Excel writes them in some languages; a comma is then part of a cell."""
    (tmp_path / "t.csv").write_text(f"id{sign}class\nc1{sign}0,5\n")
    assert read_table(tmp_path / "t.csv") == (["id", "class"], [{"id": "c1", "class": "0,5"}])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"t\.csv does not exist\. Check"),
        (b"id,class,id\na,0,b\n", r"t\.csv names the column 'id' twice\. Keep one"),
        (b"id,class\na,0\nb,1,2\n", r"t\.csv line 3 has more cells than .* Put quotes"),
        (b"id,class\na,\0\n", r"line 2 holds a NUL, which no text does\. Save it"),
        (b" \n", r"t\.csv is empty\. Its first line must name"),
        (b"", r"t\.csv is empty\."),
        (b"PK\3\4\xff\xfe", r"t\.csv cannot be read as a CSV table: it is not UTF-8 text\. Save"),
        (b"id\n" + b"a" * 200_000, r"cannot be read as a CSV table: field larger .*\. Give"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A file that cannot be used is named, with the reason and what to do."""
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_table(tmp_path / "t.csv")


def test_folder_is_no_table(tmp_path: Path) -> None:
    """A folder is refused with the system's reason, without its number."""
    with pytest.raises(InputError, match=r"as a CSV table: Is a directory\. Give"):
        read_table(tmp_path)


def test_lines_have_the_numbers_that_an_editor_shows(tmp_path: Path) -> None:
    """Empty lines are counted, and a cell of two lines is two; errors named lines too early."""
    (tmp_path / "t.csv").write_text('id,note\n\na,"two\nlines"\nb,x\n')
    assert read_lines(tmp_path / "t.csv")[1] == {
        4: {"id": "a", "note": "two\nlines"},
        5: {"id": "b", "note": "x"},
    }

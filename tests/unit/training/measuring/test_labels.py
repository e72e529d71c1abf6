"""Label tables joined to a bundle."""

from pathlib import Path

import pytest

from bundle import Bundle, InputError, open_bundle
from tests.tiny import write_tiny_bundle
from training.measuring.labels import LabelCsv, Labelled, read_labels


def read(folder: Path, text: str, bundle: Bundle, **options: str) -> Labelled:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return read_labels(LabelCsv(file, **options), bundle)


BY_ID = "id,label\nc303,lettering\nc300,other\nc306,ambiguous\nc999,other\n"


def test_labels_by_id(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """Ids find their rows; ambiguous ones are left out, unknown ones counted."""
    found = read(tmp_path, BY_ID, tiny_bundle)
    assert found.rows.tolist() == [0, 1]
    assert found.positive.tolist() == [False, True]
    assert (found.left_out, found.unmatched) == (1, 1)


def test_labels_by_place(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """Scan and corner find the tile; a scan may be named by its file."""
    text = "scan,y,x,label\nfilm-a,0,0,other\nfilm-b.dcm,350,0,lettering\nfilm-b,0,0,other\n"
    found = read(tmp_path, text, tiny_bundle)
    assert found.rows.tolist() == [0, 1]
    assert found.positive.tolist() == [False, True]
    assert found.unmatched == 1


def test_ids_come_first_when_both_forms_are_there(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """A table with ids and places is joined on the ids."""
    text = "scan,y,x,id,label\nnone,1,1,c300,other\nnone,2,2,c303,lettering\n"
    assert len(read(tmp_path, text, tiny_bundle)) == 2


def test_a_mark_at_the_start_of_the_file_is_no_letter(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """A spreadsheet's byte order mark does not hide the first column."""
    assert len(read(tmp_path, "\ufeff" + BY_ID, tiny_bundle)) == 2


def test_ids_are_read_as_audits_read_them(tmp_path: Path) -> None:
    """Marked for spreadsheets, or with a space: such labels had no tile."""
    ids = ["-1", "=a", *(f"c{at}" for at in range(10, 20))]
    write_tiny_bundle(tmp_path / "bundle", ids=ids)
    text = "id,label\n'-1,lettering\n'=a,other\n c10 ,other\n"
    found = read(tmp_path, text, open_bundle(tmp_path / "bundle"))
    assert (found.rows.tolist(), found.unmatched) == ([0, 1, 2], 0)


def test_labels_may_be_in_capitals(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """An Ambiguous tile counted as one without lettering."""
    text = "id,label\nc303,Lettering\nc300,Other\nc306,Ambiguous\n"
    found = read(tmp_path, text, tiny_bundle)
    assert found.positive.tolist() == [False, True]
    assert found.left_out == 1


def test_other_names_for_the_labels(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """What is to be found and what is left out can be told."""
    found = read(tmp_path, BY_ID, tiny_bundle, positive="ambiguous", left_out="lettering")
    assert found.rows.tolist() == [0, 2]
    assert found.positive.tolist() == [False, True]


def test_the_same_label_twice_counts_once(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """A repeated line changes nothing."""
    found = read(tmp_path, BY_ID + "c303,lettering\n", tiny_bundle)
    assert found.positive.tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,label\nc300,other\n", "has the columns name, label; needed: id, label or scan"),
        ("scan,y,label\nfilm-a,0,other\n", "needed: id, label or scan, y, x, label"),
        ("", "is empty. Its first line must name the columns."),
        ("id,label\n", "holds no label"),
        ("id,label\nz1,lettering\n", "None of the 1 labels in"),
        ("id,label\nc300,other\nc303,text\n", "its labels are other, text"),
        ("id,label\nc300,lettering\n", "Every labelled tile of the bundle is 'lettering'"),
        ("id,label\nc300,lettering\nc300,other\n", "line 3: tile c300 is 'other' here"),
        ("scan,y,x,label\nfilm-a,top,0,other\n", "line 2: y and x must be whole pixels"),
    ],
)
def test_wrong_tables_get_a_sentence(
    tmp_path: Path, tiny_bundle: Bundle, text: str, sentence: str
) -> None:
    """Each way in which a table cannot be used is told with what is needed."""
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, text, tiny_bundle)


@pytest.mark.parametrize("content", [None, b"id,label\n\xff\xfe,\n"])
def test_unreadable_files_get_a_sentence(
    tmp_path: Path, tiny_bundle: Bundle, content: bytes | None
) -> None:
    """A missing file and one that is no text are told as such."""
    file = tmp_path / "labels.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        InputError, match=r"labels.csv (does not exist|cannot be read as a CSV table)"
    ):
        read_labels(LabelCsv(file), tiny_bundle)


def test_lines_without_a_label_say_nothing(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """A list that is half done does not call the other half clean; spaces are no letters."""
    text = "id,label\nc300, other\nc303,lettering \nc306,\nc309, \n"
    found = read(tmp_path, text, tiny_bundle)
    assert found.positive.tolist() == [False, True]
    assert found.empty == 2


def test_a_label_in_two_spellings_is_refused(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """Tiles of the other spelling would count as clean."""
    text = BY_ID + "c309,Lettering\n"
    with pytest.raises(InputError, match="line 6: a label is spelt 'Lettering' here and 'lett"):
        read(tmp_path, text, tiny_bundle)

"""Lists of classes: what is joined, and what each misfit is told."""

from pathlib import Path

import numpy as np
import pytest

from bundle import InputError, open_bundle
from tests.audited import write_bundle, write_classes
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle
from training.auditing.keeping import read_dropping
from training.auditing.labels import Classes, read_classes

COUNT = 24


@pytest.fixture(scope="module")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 24 tiles, every fourth one dropped."""
    path = tmp_path_factory.mktemp("labels") / "bundle"
    write_bundle(path, np.arange(COUNT) % 4 == 0)
    return path


def read(bundle: Path, file: Path, text: str) -> Classes:
    file.write_text(text)
    return read_classes(file, open_bundle(bundle))


def test_classes_are_joined_on_ids(bundle_path: Path, tmp_path: Path):
    """Rows ascend whatever the order of the list; other ids and tiles are counted."""
    text = "id,class,split\nt0003,b,test\nt0001,a,train\nnowhere,a,train\n"
    found = read(bundle_path, tmp_path / "c.csv", text)
    assert found.rows.tolist() == [1, 3]
    assert [found.names[code] for code in found.codes] == ["a", "b"]
    assert found.splits is not None
    assert found.splits.tolist() == ["train", "test"]
    assert (found.unmatched, found.unlabelled) == (["nowhere"], COUNT - 2)


def test_an_export_whose_ids_are_marked_is_a_list_of_the_same_tiles(tmp_path: Path):
    """The apostrophe before what a spreadsheet would run is no part of the id."""
    write_tiny_bundle(tmp_path / "bundle", ids=["-1", "=a", *(f"c{at}" for at in range(10, 20))])
    kept = tmp_path / "kept.csv"
    kept.write_text("id,state\n'-1,drop\n'=a,drop\nc10,keep\n")
    bundle = open_bundle(tmp_path / "bundle")
    assert read_dropping(bundle, kept).dropped[:3].tolist() == [1, 1, 0]
    classes = tmp_path / "classes.csv"
    classes.write_text("id,class\n'-1,a\n'=a,b\n-1,a\n")
    found = read_classes(classes, bundle)
    assert (found.rows.tolist(), found.unmatched) == ([0, 1], [])


def test_patients_are_the_groups_where_each_class_has_two(bundle_path: Path, tmp_path: Path):
    """With one patient a class, scans are held out, and the reader is told."""
    rows = [(f"t{at:04d}", "ab"[at % 2], f"p{at % 8}") for at in range(COUNT)]
    by_patient = read_classes(
        write_classes(tmp_path / "p.csv", rows, "id,class,patient"), open_bundle(bundle_path)
    )
    assert (by_patient.unit, by_patient.groups.max() + 1) == ("patient", 8)
    rows = [(f"t{at:04d}", "ab"[at % 2], f"p{at % 2}") for at in range(COUNT)]
    by_scan = read_classes(
        write_classes(tmp_path / "s.csv", rows, "id,class,patient"), open_bundle(bundle_path)
    )
    assert (by_scan.unit, by_scan.groups.max() + 1) == ("scan", 3)
    assert "fewer than two patients" in by_scan.notes[0]


def test_a_class_of_one_patient_has_patients_where_scans_are_not_known(tmp_path: Path):
    """Tiles counted as independent, and the reader was told that no patient is known."""
    write_bundle(tmp_path / "bundle", np.arange(COUNT) % 4 == 0)
    forge_array(tmp_path / "bundle", "scan_numbers.npy", np.full(COUNT, -1, dtype=np.int32))
    rows = [(f"t{at:04d}", "ab"[at < 6], f"p{max(at, 5) % 8}") for at in range(COUNT)]
    file = write_classes(tmp_path / "p.csv", rows, "id,class,patient")
    found = read_classes(file, open_bundle(tmp_path / "bundle"))
    assert (found.unit, found.groups.max() + 1) == ("patient", 8)
    (note,) = found.notes
    assert note.startswith("A class is of one patient alone, by the column patient: nothing")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,label\nt0001,a\n", "class must be there too"),
        ("id,class\n", "no line below"),
        ("id,class\nt0001,a\nt0002,\n", "line 3: the cell of class is empty"),
        ("id,class\nt0001,a\nt0001,b\n", "line 3: tile t0001 stood before with class 'a'"),
        ("id,class\nt0001.png,a\n", "without .png"),
        ("id,class\nx1,a\n", "the bundle's like 't0000'"),
        ("id,class\nt0001,a\nt0002,a\n", "needs two classes"),
        ("id,class\nt0001,a\nt0002,A\n", "'A' and 'a'"),
        ("id,class,patient,group\nt0001,a,p,g\n", "Keep the one"),
        ("id;class\nt0001;a\n", "needs two classes"),
        ("", "is empty"),
        ("id,class\n" + "".join(f"t{at:04d},{at}\n" for at in range(24)), "24 classes"),
    ],
)
def test_each_misfit_has_its_message(bundle_path: Path, tmp_path: Path, text: str, told: str):
    """A list that cannot be used is told what is wrong and what to do."""
    with pytest.raises(InputError) as refused:
        read(bundle_path, tmp_path / "c.csv", text)
    assert told in str(refused.value)


def test_dropped_is_what_verdicts_a_list_or_people_say(bundle_path: Path, tmp_path: Path):
    """A list names the tiles kept; decisions outvote the verdict; the undecided keep it."""
    bundle, file = open_bundle(bundle_path), tmp_path / "kept.csv"
    assert read_dropping(bundle, None).dropped.sum() == COUNT / 4
    file.write_text("id,verdict\nt0001,keep\nt0002,review\n")
    assert read_dropping(bundle, file).dropped.sum() == COUNT - 2
    file.write_text("id,decision\nt0001,drop\nt0004,keep\nt0008,\nt0002,review\n")
    decided = read_dropping(bundle, file).dropped
    assert [bool(decided[at]) for at in (1, 2, 4, 8)] == [True, False, False, True]


def test_a_table_of_verdicts_is_read_by_them(bundle_path: Path, tmp_path: Path):
    """All its tiles were kept, though it says which to drop; the others go by the bundle."""
    file = tmp_path / "screened.csv"
    file.write_text("file,id,error,verdict\nt0001.png,t0001,,drop\nt0004.png,t0004,,keep\n")
    found = read_dropping(open_bundle(bundle_path), file)
    assert found.source == "the verdicts of a table"
    assert [bool(found.dropped[at]) for at in (1, 2, 4, 8)] == [True, False, False, True]


def test_ids_of_no_tile_are_told(bundle_path: Path, tmp_path: Path):
    """A list that was written for another bundle dropped what it does not name, without a word."""
    file = tmp_path / "kept.csv"
    file.write_text("id\nt0001\nT0002\nnowhere\n")
    assert read_dropping(open_bundle(bundle_path), file).unmatched == ["T0002", "nowhere"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\nx\n", "id is needed"),
        ("id\nnowhere\n", "None of the 1 ids"),
        ("id,verdict\nt0001,drop\n", "--dropped"),
        (
            "id,verdict\n"
            + "".join(f"t{at:04d},{'keep' if at % 4 else 'drop'}\n" for at in range(COUNT)),
            "keeps every tile",
        ),
        ("id,decision\nt0001,away\n", "line 2: decision is 'away'"),
        ("id,decision\nt0001,keep\nt0001,drop\n", "t0001 is keep before and drop here"),
    ],
)
def test_a_list_that_keeps_nothing_right_is_refused(
    bundle_path: Path, tmp_path: Path, text: str, told: str
):
    """Each misfit of a kept list has its message."""
    file = tmp_path / "kept.csv"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_dropping(open_bundle(bundle_path), file)
    assert told in str(refused.value)

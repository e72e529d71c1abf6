"""Classes of tiles from a user's CSV, joined on the ids of a bundle."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.errors import InputError
from training.tables import find_row, read_lines

_NEEDED = ("id", "class")
_GROUPS = ("patient", "group")
_MOST_CLASSES = 20
_SHOWN = 5
_FEW_GROUPS = 2

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Classes:
    """The stored tiles that have a class.

    rows: (m,) rows of the bundle, ascending.
    names: the classes, sorted. codes: (m,) positions in `names`.
    splits: (m,) names of splits, or None where the table has none.
    groups: (m,) a number for each patient, scan or tile: what is drawn and held out together.
    unit: what a group is. patients: (m,) names, empty where not known.
    sha256: hash of the table. unmatched: its ids without a tile. unlabelled: tiles without a line.
    notes: what a reader must know of them, a sentence each.
    """

    rows: NDArray[np.intp] = field(repr=False)
    names: list[str]
    codes: Codes = field(repr=False)
    splits: NDArray[np.str_] | None = field(repr=False)
    groups: Codes = field(repr=False)
    unit: str
    patients: NDArray[np.str_] = field(repr=False)
    sha256: str
    unmatched: list[str] = field(repr=False)
    unlabelled: int
    notes: list[str]

    def __len__(self) -> int:
        """Return the number of tiles with a class."""
        return len(self.rows)


def read_classes(file: Path, bundle: Bundle) -> Classes:
    """Read the CSV (id, class, optional split, optional patient or group) and find its tiles.

    Raises:
        InputError: the file is no such table, says two things about one tile, or leaves fewer
            than two classes among the stored tiles.
    """
    columns, lines = read_lines(file)
    _check_columns(file, columns, lines)
    group = next((name for name in _GROUPS if name in columns), None)
    found, unmatched = _join(file, lines, bundle, group)
    if not found:
        raise InputError(_none_found(file, unmatched, bundle))
    rows = np.array(sorted(found), dtype=np.intp)
    chosen = [found[row] for row in rows.tolist()]
    names = _names(file, [line["class"] for line in chosen])
    codes = np.array([names.index(line["class"]) for line in chosen], dtype=np.intp)
    splits = _splits(file, chosen) if "split" in columns else None
    patients = _patients(bundle, rows, chosen, group)
    whose = f"the column {group}" if group else "the bundle's scans"
    groups, unit, notes = _groups(bundle, rows, codes, patients, whose)
    return Classes(
        rows=rows,
        names=names,
        codes=codes,
        splits=splits,
        groups=groups,
        unit=unit,
        patients=patients,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        unmatched=unmatched,
        unlabelled=len(bundle) - len(rows),
        notes=notes,
    )


def _check_columns(file: Path, columns: list[str], lines: dict[int, dict[str, str]]) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise InputError(
            f"{file} has the columns {', '.join(columns)}; {' and '.join(missing)} "
            "must be there too, split and patient (or group) may. Rename its columns."
        )
    if all(name in columns for name in _GROUPS):
        raise InputError(
            f"{file} has both columns {' and '.join(_GROUPS)}. Keep the one that is to be held "
            "out together."
        )
    if not lines:
        raise InputError(f"{file} holds no class: there is no line below its columns.")


def _join(
    file: Path, lines: dict[int, dict[str, str]], bundle: Bundle, group: str | None
) -> tuple[dict[int, dict[str, str]], list[str]]:
    there = next(iter(lines.values()))
    used = [name for name in (*_NEEDED, "split", group) if name and name in there]
    found: dict[int, dict[str, str]] = {}
    unmatched = []
    for number, raw in lines.items():
        line = {name: raw[name].strip() for name in used}
        empty = [name for name in used if not line[name]]
        if empty:
            raise InputError(
                f"{file} line {number}: the cell of {' and '.join(empty)} is empty. Fill it, or "
                "leave the line or the column out."
            )
        row = find_row(bundle, line["id"])
        if row is None:
            unmatched.append(line["id"])
            continue
        line["id"] = bundle.id(row)
        if found.setdefault(row, line) != line:
            raise InputError(
                f"{file} line {number}: tile {line['id']} stood before with "
                f"{_told(found[row])}, here with {_told(line)}. Keep one of the lines."
            )
    return found, unmatched


def _told(line: dict[str, str]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in line.items() if name != "id")


def _none_found(file: Path, unmatched: list[str], bundle: Bundle) -> str:
    suffixed = unmatched[0].lower().endswith(".png")
    hint = (
        "An id is the file's name without .png."
        if suffixed
        else "Give the classes of the tiles that it was fitted on."
    )
    return (
        f"None of the {len(unmatched):,} ids in {file} is a tile of the bundle: they look like "
        f"{unmatched[0]!r}, the bundle's like {bundle.id(0)!r}. {hint}"
    )


def _names(file: Path, given: list[str]) -> list[str]:
    names = sorted(set(given))
    if len(names) < 2:  # noqa: PLR2004  (a pair)
        raise InputError(
            f"Every tile of the bundle that {file} names is of class {names[0]!r}; an audit "
            "needs two classes. Add the tiles of the others, and fit the bundle on all of them."
        )
    if len(names) > _MOST_CLASSES:
        raise InputError(
            f"{file} has {len(names)} classes, as {', '.join(names[:_SHOWN])}; at most "
            f"{_MOST_CLASSES} are audited, each against the rest. Is class the right column?"
        )
    alike = defaultdict(list)
    for name in names:
        alike[name.casefold()].append(name)
    for spellings in alike.values():
        if len(spellings) > 1:
            raise InputError(
                f"{file} writes one class as {' and '.join(map(repr, spellings))}. Write it in "
                "one way."
            )
    return names


def _splits(file: Path, lines: list[dict[str, str]]) -> NDArray[np.str_]:
    splits = np.array([line["split"] for line in lines])
    names = np.unique(splits)
    if len(names) > _MOST_CLASSES:
        raise InputError(
            f"{file} has {len(names)} splits, as {', '.join(names[:_SHOWN])}; at most "
            f"{_MOST_CLASSES} are compared. Is split the right column?"
        )
    return splits


def _patients(
    bundle: Bundle, rows: NDArray[np.intp], lines: list[dict[str, str]], group: str | None
) -> NDArray[np.str_]:
    if group is not None:
        return np.array([line[group] for line in lines])
    scans = [bundle.scan(row) for row in rows.tolist()]
    return np.array([(scan.patient or "") if scan else "" for scan in scans])


def _groups(
    bundle: Bundle, rows: NDArray[np.intp], codes: Codes, patients: NDArray[np.str_], whose: str
) -> tuple[Codes, str, list[str]]:
    """Number what is held out together: the patients where each class has two, or the scans.

    Without scans it is the patients all the same, and without either each tile.
    whose: where the patients are known from.
    """
    notes: list[str] = []
    scans = np.array(bundle.arrays["scan_numbers.npy"])[rows].astype(np.intp)
    if (patients != "").all():
        groups = np.unique(patients, return_inverse=True)[1].astype(np.intp)
        if _spread(groups, codes):
            return groups, "patient", notes
        if (scans < 0).all():
            notes.append(
                f"A class is of one patient alone, by {whose}: nothing can be held out that has it."
            )
            return groups, "patient", notes
        notes.append(
            f"A class is of fewer than two patients, by {whose}, so scans are drawn and held out "
            "instead: what a patient's tiles have in common can pass for the class."
        )
    if (scans < 0).all():
        notes.append(
            "Neither patients nor scans are known, so tiles count as independent: the intervals "
            "are too narrow where they are not. Add a column patient."
        )
        return np.arange(len(rows)), "tile", notes
    unknown = scans < 0
    scans[unknown] = scans.max() + 1 + np.arange(int(unknown.sum()))
    groups = np.unique(scans, return_inverse=True)[1].astype(np.intp)
    if unknown.any():
        notes.append(f"{int(unknown.sum()):,} tiles are of no known scan; each stands alone.")
    if not _spread(groups, codes):
        notes.append("A class is of one scan alone: nothing can be held out that has it.")
    return groups, "scan", notes


def _spread(groups: Codes, codes: Codes) -> bool:
    """Tell whether each class is of at least two groups."""
    return all(
        len(np.unique(groups[codes == code])) >= _FEW_GROUPS for code in np.unique(codes).tolist()
    )

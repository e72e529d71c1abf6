"""What stands in two splits or under two classes: patients, scans and contents."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from training.auditing.duplicates import Group
from training.auditing.labels import Classes


@dataclass(frozen=True)
class Leak:
    """One thing that stands in two places.

    kind: patient, scan or content, of two splits; or class, for one content under two classes.
    name: which patient or scan; for contents the number of the group of duplicates.
    places: splits (or classes) with the number of tiles in each. blank: nothing is on the tiles.
    """

    kind: str
    name: str
    places: dict[str, int]
    rows: list[int] = field(repr=False)
    blank: bool = False


def find_leaks(bundle: Bundle, classes: Classes, groups: Sequence[Group]) -> list[Leak]:
    """Return patients and scans in two splits, then contents in two splits or two classes."""
    found = []
    if classes.splits is not None:
        scans = [bundle.scan(row) for row in classes.rows.tolist()]
        names = np.array([scan.name if scan else "" for scan in scans])
        found += list(_shared("patient", classes.patients, classes))
        found += list(_shared("scan", names, classes))
    at = {row: number for number, row in enumerate(classes.rows.tolist())}
    labels = np.array(classes.names)[classes.codes]
    for number, group in enumerate(groups, start=1):
        rows = [row for row in group.rows if row in at]
        for kind, values in (("content", classes.splits), ("class", labels)):
            if values is None:
                continue
            places = Counter(str(values[at[row]]) for row in rows)
            if len(places) > 1:
                found.append(
                    Leak(kind, str(number), dict(sorted(places.items())), rows, group.blank)
                )
    return found


def _shared(kind: str, names: NDArray[np.str_], classes: Classes) -> Iterator[Leak]:
    assert classes.splits is not None
    for name in np.unique(names[names != ""]).tolist():
        chosen = names == name
        places = Counter(classes.splits[chosen].tolist())
        if len(places) > 1:
            rows = classes.rows[chosen].tolist()
            yield Leak(kind, name, dict(sorted(places.items())), rows)

"""Verdicts of all stored tiles, laid out to be filtered, sorted and counted fast."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Concept
from bundle.screening import (
    REASONS,
    VERDICTS,
    Code,
    Reason,
    Verdict,
    bounds,
    stored_reasons,
)
from service.errors import BadCursor
from service.stored.catalog import Catalog

Sort: TypeAlias = Literal["-score", "score", "id"]
Order: TypeAlias = Literal[Sort, "uncertainty", "cluster"]
Chosen: TypeAlias = NDArray[np.intp]
"""(m,) rows in the order of a list."""

_UNSURE = 0.5
"""The calibrated score of a tile that may as well hold lettering as not."""
_CURSOR = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?),(.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which stored tiles; an empty sequence stands for all.

    verdicts, reasons: one of these. scan: the name of their scan. cluster: its label.
    min_score: the least lettering score.
    """

    verdicts: Sequence[Verdict] = ()
    reasons: Sequence[Code] = ()
    scan: str | None = None
    cluster: int | None = None
    min_score: float = 0.0


@dataclass(frozen=True)
class Findings:
    """What screening found on the stored tiles.

    scores: (n, 5) float32, columns as REASONS. boxes: (n, 3, 4) int16.
    verdicts: (n,) uint8. sizes: (n, 2) int32 height and width of the tiles as given.
    codes: the reasons that may be told; the last is CONCEPT where the bundle has any.
    told: (n, as codes) bool, whether a tile has a reason.
    concepts, likeness: what was taught, and its (n, c) float32 scores.
    rising, falling: (n,) rows by lettering score, those of one score by id.
    unsure: (n,) rows, those first whose lettering score is nearest to 0.5.
    grouped: (n,) rows by cluster, stray ones last; in each the highest lettering score first.
    """

    catalog: Catalog = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    boxes: NDArray[np.int16] = field(repr=False)
    verdicts: NDArray[np.uint8] = field(repr=False)
    sizes: NDArray[np.int32] = field(repr=False)
    codes: tuple[Code, ...]
    told: NDArray[np.bool_] = field(repr=False)
    concepts: Sequence[Concept] = field(repr=False)
    likeness: NDArray[np.float32] = field(repr=False)
    rising: Chosen = field(repr=False)
    falling: Chosen = field(repr=False)
    unsure: Chosen = field(repr=False)
    grouped: Chosen = field(repr=False)

    @classmethod
    def of(cls, catalog: Catalog) -> Self:
        """Lay out what a bundle found."""
        bundle = catalog.bundle
        scores = np.asarray(bundle.scores)
        lettering = scores[:, 0]
        # Without a sign -1 is the largest label, so stray tiles come last.
        labels = np.asarray(bundle.labels).astype(np.uint32)
        concepts, likeness = bundle.manifest.concepts or (), np.asarray(bundle.concept_scores)
        told, codes = scores >= bounds(bundle.manifest.screening), REASONS
        if concepts:
            least = np.array([one.threshold for one in concepts], dtype=np.float32)
            told = np.column_stack([told, (likeness >= least).any(axis=1)])
            codes = (*REASONS, "CONCEPT")
        return cls(
            catalog=catalog,
            scores=scores,
            boxes=np.asarray(bundle.arrays["boxes.npy"]),
            verdicts=np.asarray(bundle.verdicts),
            sizes=np.asarray(bundle.arrays["tile_sizes.npy"]),
            codes=codes,
            told=told,
            concepts=concepts,
            likeness=likeness,
            rising=np.argsort(lettering, kind="stable"),
            falling=np.argsort(-lettering, kind="stable"),
            unsure=np.argsort(np.abs(lettering - _UNSURE), kind="stable"),
            grouped=np.lexsort((-lettering, labels)),
        )

    def verdict(self, row: int) -> Verdict:
        """Return a tile's verdict."""
        return VERDICTS[int(self.verdicts[row])]

    def size(self, row: int) -> tuple[int, int]:
        """Return (height, width) of a tile as it was given, in pixels."""
        height, width = self.sizes[row].tolist()
        return height, width

    def reasons(self, row: int) -> list[Reason]:
        """Return what was found on a tile, boxes in pixels of the encoder's input."""
        return stored_reasons(self.catalog.bundle, row)

    def choose(self, wanted: Filter, sort: Order) -> Chosen:
        """Return the rows that a filter lets through, in order; raises what `passing` does."""
        return self.ordered(self.passing(wanted), sort)

    def passing(self, wanted: Filter) -> NDArray[np.bool_]:
        """Return (n,) whether a filter lets a tile through.

        Raises:
            UnknownScan: no stored tile was cut from a scan of this name.
            UnknownCluster: there is no such label.
        """
        chosen = self.scores[:, 0] >= wanted.min_score
        if wanted.verdicts:
            chosen &= np.isin(self.verdicts, [VERDICTS.index(name) for name in wanted.verdicts])
        if wanted.reasons:
            known = [self.codes.index(code) for code in wanted.reasons if code in self.codes]
            chosen &= self.told[:, known].any(axis=1)
        if wanted.scan is not None:
            chosen &= self._only(self.catalog.in_scan(wanted.scan))
        if wanted.cluster is not None:
            chosen &= self._only(self.catalog.bundle.members(wanted.cluster))
        return chosen

    def _only(self, rows: Chosen) -> NDArray[np.bool_]:
        only = np.zeros(len(self.verdicts), dtype=bool)
        only[rows] = True
        return only

    def ordered(self, chosen: NDArray[np.bool_], sort: Order) -> Chosen:
        """Return the rows of the tiles that are True in (n,) `chosen`, in order."""
        if sort == "id":
            return np.flatnonzero(chosen)
        orders = {"score": self.rising, "uncertainty": self.unsure, "cluster": self.grouped}
        order = orders.get(sort, self.falling)
        return order[chosen[order]]

    def count(self, rows: Chosen) -> dict[str, dict[str, int]]:
        """Count tiles by verdict and by reason; one tile may have several reasons."""
        verdicts = np.bincount(self.verdicts[rows], minlength=len(VERDICTS)).tolist()
        told = self.told[rows].sum(axis=0).tolist()
        return {
            "verdicts": dict(zip(VERDICTS, verdicts, strict=True)),
            "reasons": dict(zip(self.codes, told, strict=True)),
        }

    def page(
        self, rows: Chosen, sort: Sort, *, cursor: str | None, limit: int
    ) -> tuple[list[int], str | None]:
        """Cut one page out of a list, beginning after `cursor`.

        Returns: the page's rows, and the cursor of the next page or None at the end.

        Raises:
            BadCursor: it is none of a list in this order.
        """
        start = 0 if cursor is None else self._after(rows, sort, cursor)
        chosen = rows[start : start + limit].tolist()
        more = start + limit < len(rows) and bool(chosen)
        return chosen, self._cursor(chosen[-1], sort) if more else None

    def _cursor(self, row: int, sort: Sort) -> str:
        name = self.catalog.ids[row]
        return name if sort == "id" else f"{self.scores[row, 0]!s},{name}"

    def _after(self, rows: Chosen, sort: Sort, cursor: str) -> int:
        """Return how many of the rows stand at or before a cursor, whose tile need not be one."""
        if sort == "id":
            return int(np.searchsorted(rows, bisect_right(self.catalog.ids, cursor)))
        score, name = _taken_apart(cursor)
        sign = 1 if sort == "score" else -1
        keys = sign * self.scores[rows, 0]
        first = int(np.searchsorted(keys, sign * score, "left"))
        last = int(np.searchsorted(keys, sign * score, "right"))
        same = np.searchsorted(rows[first:last], bisect_right(self.catalog.ids, name))
        return first + int(same)


def _taken_apart(cursor: str) -> tuple[np.float32, str]:
    parts = _CURSOR.fullmatch(cursor)
    if parts and 0 <= float(parts[1]) <= 1:
        return np.float32(float(parts[1])), parts[2]
    raise BadCursor(cursor)

"""What was taught, as JSON objects."""

from collections.abc import Iterable, Sequence

import numpy as np

from bundle.held_out import LEVEL
from service.answering.facts import Fact
from service.state import Serving
from service.teaching.taught import Examples, Lesson, Teaching


def concept_fact(serving: Serving, lesson: Lesson) -> Fact:
    """Tell a concept and how many examples it has."""
    marks = [event.mark for event in lesson.marks.values()]
    held = serving.bundle.manifest.concepts or ()
    return {
        "name": lesson.name,
        "description": lesson.description,
        "verdict": lesson.verdict,
        "positive": marks.count("positive"),
        "negative": marks.count("negative"),
        "published": any(one.name == lesson.name for one in held),
    }


def example_facts(serving: Serving, lesson: Lesson) -> list[Fact]:
    """Tell the examples of a concept, by id."""
    return [
        {
            "id": serving.catalog.ids[row],
            "mark": event.mark,
            "reviewer": event.reviewer,
            "at": event.at,
            "seq": event.seq,
        }
        for row, event in sorted(lesson.marks.items())
    ]


def figures_fact(teaching: Teaching, lesson: Lesson) -> Fact:
    """Tell how well held-out scans are told apart, or why that cannot be told."""
    if not len(lesson.rows("positive")):
        note = "No tile is marked as showing it yet."
        none = dict.fromkeys(("average_precision", "interval", "auc"))
        return {"scans": 0, **none, "level": LEVEL, "note": note}
    found = teaching.evaluate(teaching.examples(lesson.name))
    return {
        "scans": found.scans,
        "average_precision": found.average_precision,
        "interval": found.interval and {"low": found.interval[0], "high": found.interval[1]},
        "level": LEVEL,
        "auc": found.auc,
        "note": found.note,
    }


def ranked(serving: Serving, examples: Examples, offset: int, limit: int) -> Fact:
    """Tell one page of all tiles, those most like the concept first."""
    values = serving.teaching.fit(examples).values
    end = min(offset + limit, len(values))
    if end < len(values):
        first = np.argpartition(-values, end)[:end]
        order = first[np.lexsort((first, -values[first]))]
    else:
        order = np.argsort(-values, kind="stable")
    return _page(serving, examples, order[offset:end].tolist(), len(values))


def uncertain(serving: Serving, examples: Examples, limit: int) -> Fact:
    """Tell the tiles nobody marked whose log-odds are nearest to 0, the least certain first."""
    doubt = np.abs(serving.teaching.fit(examples).values)
    doubt[examples.positive] = doubt[examples.negative] = np.inf
    order = np.argsort(doubt, kind="stable")[:limit]
    order = order[np.isfinite(doubt[order])]
    left = len(doubt) - len(examples.positive) - len(examples.negative)
    return _page(serving, examples, order.tolist(), left)


def scored(serving: Serving, examples: Examples, rows: Sequence[int]) -> Fact:
    """Tell these tiles, in this order."""
    return _page(serving, examples, rows, len(rows))


def _page(serving: Serving, examples: Examples, rows: Iterable[int], total: int) -> Fact:
    taught, lesson = serving.teaching.fit(examples), serving.teaching.lesson(examples.name)
    catalog, findings = serving.catalog, serving.findings
    scores = taught.scores
    return {
        "concept": concept_fact(serving, lesson),
        "total": total,
        "tiles": [
            {
                "id": catalog.ids[row],
                "score": float(scores[row]),
                "mark": lesson.marks[row].mark if row in lesson.marks else None,
                "scan": catalog.scan(row),
                "verdict": findings.verdict(row),
            }
            for row in rows
        ],
    }

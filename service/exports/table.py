"""tiles.csv: a line for every stored tile, by id, with what is to be done with it."""

from collections.abc import Iterable
from io import StringIO

from bundle.cells import harmless, write_csv
from service.exports.standing import Standing
from service.state import Serving

NAME = "tiles.csv"
COLUMNS = (
    "id",
    "state",
    "by",
    "score",
    "reason",
    "reviewers",
    "comment",
    "decided_at",
    "verdict",
    "scan",
    "y",
    "x",
    "bundle",
    "content",
)


def tiles_csv(serving: Serving, standings: Iterable[Standing]) -> bytes:
    """Return the list as CSV, UTF-8; what is not known is left empty."""
    stream = StringIO()
    write_csv(stream, [COLUMNS])
    write_csv(stream, (_line(serving, one) for one in standings))
    return stream.getvalue().encode()


def _line(serving: Serving, one: Standing) -> tuple[object, ...]:
    catalog, findings, row = serving.catalog, serving.findings, one.row
    found = [reason.title for reason in findings.reasons(row)]
    reasons = [event.reason for event in one.opinions] if one.opinions else found
    return (
        harmless(catalog.ids[row]),
        one.state,
        one.by,
        str(findings.scores[row, 0]),
        harmless(_joined(reasons)),
        harmless(",".join(f"{event.reviewer}:{event.decision}" for event in one.opinions)),
        harmless(_joined([event.comment for event in one.opinions])),
        one.opinions[-1].at.isoformat() if one.opinions else "",
        findings.verdict(row),
        harmless(catalog.scan(row) or ""),
        *(catalog.bundle.position(row) or ("", "")),
        catalog.bundle.manifest.bundle_id,
        serving.reviewed.contents.of(row).hex(),
    )


def _joined(texts: Iterable[str | None]) -> str:
    return ";".join(dict.fromkeys(text for text in texts if text))

"""The list of verdicts as CSV, for spreadsheets."""

from collections.abc import Iterator
from io import StringIO

from bundle.cells import harmless, write_csv
from service.answering.screening import in_tile
from service.requests.negotiation import quality
from service.stored.findings import Chosen, Findings

COLUMNS = (
    "id",
    "verdict",
    "score",
    "reasons",
    "left",
    "top",
    "right",
    "bottom",
    "scan",
    "y",
    "x",
)
MEDIA_TYPE = "text/csv"
_ROWS_A_PIECE = 500


def csv_pieces(findings: Findings, rows: Chosen) -> Iterator[str]:
    """Yield the list as CSV, some hundred lines at a time.

    The box is that of the lettering, in pixels of the tile; what is not known is left empty.
    """
    yield _lines([COLUMNS])
    for start in range(0, len(rows), _ROWS_A_PIECE):
        yield _lines(_row(findings, row) for row in rows[start : start + _ROWS_A_PIECE].tolist())


def prefers_csv(accept: str) -> bool:
    """Tell whether an Accept header wants CSV rather than JSON; in doubt it does not."""
    return quality(accept, MEDIA_TYPE) > quality(accept, "application/json")


def _lines(cells: "Iterator[tuple[object, ...]] | list[tuple[str, ...]]") -> str:
    stream = StringIO()
    write_csv(stream, cells)
    return stream.getvalue()


def _row(findings: Findings, row: int) -> tuple[object, ...]:
    catalog, found = findings.catalog, findings.reasons(row)
    bundle = catalog.bundle
    boxes = [one.box for one in found if one.code == "LETTERING" and one.box]
    box: tuple[object, ...] = ("",) * 4
    if boxes:
        side = bundle.manifest.preprocessing.side
        box = in_tile(boxes[0], side, findings.size(row))
    return (
        harmless(catalog.ids[row]),
        findings.verdict(row),
        str(findings.scores[row, 0]),
        ";".join(one.title for one in found),
        *box,
        harmless(catalog.scan(row) or ""),
        *(bundle.position(row) or ("", "")),
    )

"""Results of a run as a table: CSV, Parquet or NDJSON, by the ending of the file's name."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from ..answers import Json
from ..cells import harmless, write_csv
from ..errors import InputUnusable
from ..plans import Command

Row: TypeAlias = dict[str, Any]

_ROWS_A_GROUP = 8192


@dataclass(frozen=True)
class Entry:
    """One tile's line in the output: its file, its id and its result object."""

    file: str
    id: str
    result: Json


@dataclass(frozen=True)
class Table:
    """What the columns depend on."""

    command: Command
    latent_dim: int

    @cached_property
    def columns(self) -> dict[str, type]:
        """Names of the columns in order, and what stands in them."""
        names: dict[str, type] = {"file": str, "id": str, "error": str}
        if self.command == "encode":
            return names | {f"l{number}": float for number in range(self.latent_dim)}
        return names | _COLUMNS[self.command]

    def rows(self, entry: Entry) -> Iterator[Row]:
        """Yield the rows of one tile: one, or for neighbours one a hit. None where blank."""
        start = dict.fromkeys(self.columns) | {"file": entry.file, "id": entry.id}
        if "error" in entry.result:
            problem = entry.result["error"]
            yield start | {"error": f"{problem['code']}: {problem['detail']}"}
        else:
            for values in _VALUES[self.command](entry.result):
                yield start | values


_NEIGHBOR = {
    "rank": int,
    "neighbor": str,
    "distance": float,
    "rarity": float,
    "cluster": int,
    "scan": str,
}
_CLUSTER = {
    "label": int,
    "confidence": float,
    "nearest": int,
    "distance": float,
    "reach": float,
}
_BOX = {"left": int, "top": int, "right": int, "bottom": int}
_SCREEN = {"verdict": str, "score": float, "reasons": str, **_BOX}
_COLUMNS: dict[Command, dict[str, type]] = {
    "neighbors": _NEIGHBOR,
    "cluster": _CLUSTER,
    "screen": _SCREEN,
}


def _latent(result: Json) -> Iterator[Row]:
    yield {f"l{number}": value for number, value in enumerate(result["latent"])}


def _hits(result: Json) -> Iterator[Row]:
    for hit in result["neighbors"]:
        yield {"neighbor": hit["id"]} | {name: hit[name] for name in _NEIGHBOR if name in hit}


def _membership(result: Json) -> Iterator[Row]:
    member = result["cluster"]
    near = member["nearest"] or {"label": None, "distance": None}
    yield {
        "label": member["label"],
        "confidence": member["confidence"],
        "nearest": near["label"],
        "distance": near["distance"],
        "reach": member["reach"],
    }


def _verdict(result: Json) -> Iterator[Row]:
    reasons = result["reasons"]
    lettering = next((one["box"] for one in reasons if one["code"] == "LETTERING"), None)
    yield {
        "verdict": result["verdict"],
        "score": result["score"],
        "reasons": ";".join(
            ":".join(filter(None, (one["code"], one.get("name")))) for one in reasons
        ),
        **{side: lettering[side] for side in _BOX if lettering},
    }


_VALUES: dict[Command, Callable[[Json], Iterator[Row]]] = {
    "encode": _latent,
    "neighbors": _hits,
    "cluster": _membership,
    "screen": _verdict,
}


def check_output(out: Path) -> None:
    """Make sure, before any work is done, that a table can be written there.

    Raises:
        InputUnusable: an unknown ending, a folder that is not there or may not be written to, or
            pyarrow is needed and missing.
    """
    if out.suffix not in _WRITERS:
        ending = f"ends in {out.suffix!r}" if out.suffix else "has no ending"
        raise InputUnusable(f"{out} {ending}; results are written as {', '.join(_WRITERS)}.")
    if out.is_dir():
        raise InputUnusable(f"{out} is a folder; name a file.")
    if out.suffix == ".parquet":
        _pyarrow()
    check_writable(_part(out), out)


def check_writable(file: Path, called: Path | None = None) -> None:
    """Make sure that a file can be written, and leave all as it is; `called` is how it is told.

    Raises:
        InputUnusable: it cannot.
    """
    if not file.parent.is_dir():
        raise InputUnusable(f"The folder {file.parent} does not exist; make it first.")
    there = file.exists()
    try:
        with file.open("ab"):
            pass
        if not there:
            file.unlink()
    except OSError as error:
        raise InputUnusable(f"{called or file} cannot be written: {error.strerror}.") from error


def write_table(out: Path, table: Table, entries: Iterable[Entry]) -> None:
    """Write a table beside its place and move it there whole.

    Raises:
        OSError: the disk is full or the folder may not be written to.
    """
    part = _part(out)
    try:
        _WRITERS[out.suffix](part, table, entries)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _part(file: Path) -> Path:
    return file.with_name(f".{file.name}.part")


def _write_csv(part: Path, table: Table, entries: Iterable[Entry]) -> None:
    with part.open("w", newline="", encoding="utf-8") as stream:
        write_csv(stream, [table.columns])
        for entry in entries:
            write_csv(stream, (map(harmless, row.values()) for row in table.rows(entry)))


def _write_ndjson(part: Path, _: Table, entries: Iterable[Entry]) -> None:
    with part.open("w", encoding="utf-8") as stream:
        for entry in entries:
            line = {"file": entry.file, "id": entry.id, **entry.result}
            stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _write_parquet(part: Path, table: Table, entries: Iterable[Entry]) -> None:
    arrow, parquet = _pyarrow()
    # Latents are float32 at their source; distances go through JSON as they are.
    number = arrow.float32() if table.command == "encode" else arrow.float64()
    types = {str: arrow.string(), int: arrow.int32(), float: number}
    schema = arrow.schema([(name, types[kind]) for name, kind in table.columns.items()])
    rows = (row for entry in entries for row in table.rows(entry))
    with parquet.ParquetWriter(part, schema) as writer:
        while group := list(islice(rows, _ROWS_A_GROUP)):
            writer.write_table(arrow.Table.from_pylist(group, schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputUnusable(
            "Parquet needs the package pyarrow: pip install './client[tables]', or write .csv or "
            ".ndjson."
        ) from error


_WRITERS: dict[str, Callable[[Path, Table, Iterable[Entry]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".ndjson": _write_ndjson,
}

"""The folder that tiles are written into: tiles, a record of each scan, three tables.

    ID.png         the tiles that were kept
    tiles.csv      one row for each of them; there only when a run went through and cut a tile
    dropped.csv    the windows that the blank filter left out, in the same columns
    skipped.csv    the scans that could not be cut, and why
    .records/      one file for each scan that is done: what a rerun need not do again

A file is written beside its place and renamed, so one that is there is whole.
"""

import io
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bundle.cells import write_csv
from bundle.errors import InputError
from training.cutting.scan_files import ScanFile
from training.cutting.windows import Cut, Recipe, scan_of_file, tile_id

RECORDS = ".records"
COLUMNS = ("id", "scan", "patient", "y", "x", "mean", "std", "near_black", "file")
_PART = ".part"


class Record(BaseModel):
    """A scan that is done: from which file, by which recipe, and what came out.

    When the way of cutting changes: raise the version, so that old records do not count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    name: str
    file: str
    size: int
    mtime_ns: int
    recipe: dict[str, str | int | float | bool]
    patient: str | None
    note: str | None
    tiles: list[Cut]
    dropped: list[Cut]

    def tile_files(self) -> set[str]:
        """Return the names of the PNG files that the scan gave."""
        return {f"{tile_id(self.name, cut.y, cut.x)}.png" for cut in self.tiles}

    def fits(self, scan: ScanFile, recipe: Recipe) -> bool:
        """Tell whether cutting the scan now would give the same again."""
        now = scan.path.stat()
        return (self.file, self.size, self.mtime_ns) == (
            scan.file,
            now.st_size,
            now.st_mtime_ns,
        ) and self.recipe == asdict(recipe)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}{_PART}")
    part.write_bytes(data)
    part.replace(path)


def record_path(folder: Path, scan: str) -> Path:
    """Return where a scan's record stands."""
    return folder / RECORDS / f"{scan}.json"


class TileFolder:
    """An opened output folder: what is in it already, and the tables at the end."""

    def __init__(self, path: Path, scans: Iterable[ScanFile]) -> None:
        """Make the folder, or look into the one that is there.

        Raises:
            InputError: it cannot be written, or holds pictures that are not of these scans.
        """
        self.path = path
        self._files: dict[str, set[str]] = defaultdict(set)
        try:
            (path / RECORDS).mkdir(parents=True, exist_ok=True)
            self._look({scan.name for scan in scans})
        except OSError as error:
            raise InputError(
                f"--out {path} cannot be written ({error.strerror}); give another folder."
            ) from error

    def _look(self, names: set[str]) -> None:
        foreign = []
        for folder in (self.path, self.path / RECORDS):
            for entry in os.scandir(folder):
                if entry.name.endswith(_PART):
                    Path(entry.path).unlink()  # left by a run that was interrupted
                elif entry.name.endswith(".png"):
                    scan = scan_of_file(entry.name)
                    if scan in names:
                        self._files[scan].add(entry.name)
                    else:
                        foreign.append(entry.name)
        if foreign:
            raise InputError(
                f"--out {self.path} holds {len(foreign)} PNG files that are not tiles of these "
                f"scans (one is {min(foreign)}), and fit would take them for such. Give an empty "
                "folder, or remove them."
            )

    def files(self, scan: str) -> set[str]:
        """Return the names of the tiles of a scan that are there, of whatever run."""
        return self._files.get(scan, set())

    def record(self, scan: ScanFile, recipe: Recipe) -> Record | None:
        """Return the scan's record if cutting it again would change nothing."""
        try:
            record = Record.model_validate_json(record_path(self.path, scan.name).read_bytes())
            done = record.fits(scan, recipe) and record.tile_files() == self.files(scan.name)
        except (OSError, ValidationError):
            return None
        return record if done else None

    def begin(self) -> None:
        """Remove tiles.csv: while tiles change it would not tell the truth."""
        (self.path / "tiles.csv").unlink(missing_ok=True)

    def finish(self, records: Iterable[Record], skipped: Mapping[str, str]) -> None:
        """Write the three tables, tiles.csv last, each in the order of scan, y and x.

        Without a tile there is no tiles.csv, as fit and Make take it for a folder that is done.
        """
        records = sorted(records, key=lambda record: record.name)
        self._write("skipped.csv", ("file", "reason"), sorted(skipped.items()))
        self._write("dropped.csv", COLUMNS, (row for r in records for row in _rows(r, r.dropped)))
        if any(record.tiles for record in records):
            self._write("tiles.csv", COLUMNS, (row for r in records for row in _rows(r, r.tiles)))
        else:
            self.begin()

    def _write(self, name: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
        text = io.StringIO(newline="")
        write_csv(text, [head])
        write_csv(text, rows)
        data = text.getvalue().encode()
        path = self.path / name
        # Make looks at the time of a file: one that says the same is left alone.
        if not path.is_file() or path.read_bytes() != data:
            write_whole(path, data)


def _rows(record: Record, cuts: list[Cut]) -> Iterable[tuple[object, ...]]:
    for cut in cuts:
        yield (
            tile_id(record.name, cut.y, cut.x),
            record.name,
            record.patient or "",
            cut.y,
            cut.x,
            f"{cut.mean:.3f}",
            f"{cut.std:.3f}",
            f"{cut.near_black:.4f}",
            record.file,
        )

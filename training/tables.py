"""CSV tables as users have them: missing, of a spreadsheet, with the wrong commas."""

import csv
from pathlib import Path

from bundle.errors import InputError


def read_table(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return a CSV's column names and its rows; a cell that is not there is empty.

    Raises:
        InputError: the file is missing, is no text, or parts its columns by semicolons.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restval="")
            columns, rows = list(reader.fieldnames or []), list(reader)
    except FileNotFoundError as error:
        raise InputError(f"{file} does not exist. Check the name of the table.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} cannot be read as a CSV table: it is not UTF-8 text. Save it as CSV UTF-8."
        ) from error
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{file} cannot be read as a CSV table: {reason}. Give a CSV with commas."
        ) from error
    if len(columns) == 1 and ";" in columns[0]:
        raise InputError(
            f"{file} parts its columns by semicolons, as Excel does in some languages. "
            "Save it with commas."
        )
    return columns, rows

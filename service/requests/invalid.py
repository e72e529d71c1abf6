"""What is wrong with a request that is not what a model says, in plain words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

EXPECTED = "expected"
"""Of an error: what the whole body should be, where that helps."""
WHOLE = r"^[^\x00]*$"
"""Text that PostgreSQL keeps: without NUL."""
_SHOWN = 100
_PLAIN = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such member",
    "model_type": "it is no JSON object",
    "bool_parsing": "it must be true or false",
    "int_parsing": "it must be a whole number",
    "float_parsing": "it must be a number",
}
_BEGINNINGS = {
    "Input should": "it must",
    "Value error, ": "",
    "Value should": "it must",
    "String should": "it must",
    "Invalid JSON: EOF while parsing a value at line 1 column 0": "it is empty",
    "Invalid JSON: EOF": "it is no JSON: it ends too soon,",
    "Invalid JSON": "it is no JSON",
}
_POINTLESS = {"missing", "json_invalid", "too_many"}
"""Kinds of errors whose input is not the value that is wrong."""


def described(error: Mapping[str, Any]) -> dict[str, str]:
    """Return where an error of pydantic's is, and a sentence without its full stop."""
    said = in_words(error)
    if error.get("ctx", {}).get("pattern") == WHOLE:
        said = "it holds a NUL, which no database keeps"
    value = error["input"]
    if error["type"] not in _POINTLESS and isinstance(value, str | int | float | None):
        few = value[:_SHOWN] if isinstance(value, str) else value
        said += f"; it is {json.dumps(few, ensure_ascii=False)[:_SHOWN]}"
    if EXPECTED in error:
        said += f"; send {error[EXPECTED]}"
    return {"where": ".".join(map(str, error["loc"]))[:_SHOWN], "message": said}


def in_words(error: Mapping[str, Any]) -> str:
    """Return what an error of pydantic's says, without its full stop."""
    return _PLAIN.get(error["type"]) or _plainly(str(error["msg"]))


def members_of(model: type[BaseModel]) -> str:
    """Return what a body of this model looks like, in words."""
    names = [f"`{name}`" for name in model.model_fields]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"a JSON object with {listed}" + (", of which not all are needed" if names[1:] else "")


def _plainly(text: str) -> str:
    for beginning, plain in _BEGINNINGS.items():
        if text.startswith(beginning):
            text = plain + text.removeprefix(beginning)
            break
    return re.sub(r" (at line \d+) column", r" \1, column", text[:1].lower() + text[1:])

"""What a concept may be called."""

from pydantic_core import PydanticCustomError

MOST = 80
PATTERN = r"^[^/\s\x00-\x1f\x7f]([^/\x00-\x1f\x7f]{0,78}[^/\s\x00-\x1f\x7f])?$"
"""Of it, for whoever asks; the sentences of `wrong` say more."""
_DOTS = {".", ".."}


def wrong(name: str) -> str:
    """Return what is wrong with a concept's name, a sentence; nothing if it may be one.

    It is part of addresses: there a slash parts, and dots alone lead elsewhere.
    """
    if "/" in name:
        return (
            "A concept's name has no slash, as it is part of addresses. Write 'a or b' for 'a/b'."
        )
    if not 1 <= len(name) <= MOST:
        return f"A concept's name has 1 to {MOST} characters; this has {len(name)}."
    if name in _DOTS:
        return "A concept's name is more than dots."
    if name != name.strip():
        return "A concept's name has no space before or after it."
    if not name.isprintable():
        return "A concept's name has printable characters only."
    return ""


def checked(name: str) -> str:
    """Return a concept's name, in a request.

    Raises:
        PydanticCustomError: it cannot be one.
    """
    problem = wrong(name)
    if problem:
        raise PydanticCustomError("concept_name", "{problem}", {"problem": problem.rstrip(".")})
    return name

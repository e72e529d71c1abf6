"""What a concept may be called."""

from pydantic_core import PydanticCustomError

MOST = 80
PATTERN = r"^[^/;\s\x00-\x1f\x7f]([^/;\x00-\x1f\x7f]{0,78}[^/;\s\x00-\x1f\x7f])?$"
"""Of a new one, for whoever asks; the sentences of `wrong` say more."""
KNOWN = PATTERN.replace(";", "")
"""Of one that there may be: those made by a release before may hold a semicolon."""
_DOTS = {".", ".."}


def wrong(name: str) -> str:
    """Return what is wrong with a new concept's name, a sentence; nothing if it may be one.

    It is part of lists as well: there a semicolon parts one reason from the next.
    """
    if ";" in name:
        return (
            "A concept's name has no semicolon, which parts reasons in lists. Write 'a or b' for "
            "'a;b'."
        )
    return unreachable(name)


def unreachable(name: str) -> str:
    """Return why no concept can be asked for by a name, a sentence; nothing if one can.

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


def alike(one: str, other: str) -> bool:
    """Whether two names differ by case at most: people take them for one."""
    return one.casefold() == other.casefold()


def checked(name: str) -> str:
    """Return a new concept's name, in a request.

    Raises:
        PydanticCustomError: it cannot be one.
    """
    return _refused(name, wrong(name))


def known(name: str) -> str:
    """Return the name of a concept that there may be, in a request.

    Raises:
        PydanticCustomError: there can be none.
    """
    return _refused(name, unreachable(name))


def _refused(name: str, problem: str) -> str:
    if problem:
        raise PydanticCustomError("concept_name", "{problem}", {"problem": problem.rstrip(".")})
    return name

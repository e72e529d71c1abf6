"""Who may ask what: API keys with roles. `python -m service.keys admin` makes a key.

Only hashes are kept in memory. A key is long and random, so a plain SHA-256 of it cannot be
guessed back, and there is no need for a slow hash on every request.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from bundle.errors import InputError
from service.settings import PREFIX, Settings

_KEY = re.compile(r"[A-Za-z0-9._~-]{16,200}")
NAME = re.compile(r"[^\s,:#@]([^,:#@\n]{0,78}[^\s,:#@])?")
"""Of a reviewer."""
JOINERS = "\u200c\u200d"
"""Not printable by themselves, but part of how Persian names and some emoji are written."""
_UNSEEN = dict.fromkeys(map(ord, JOINERS))
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


class Role(IntEnum):
    """What a key may do; each role may do what those before it may."""

    READ = 1
    """Ask about stored and sent tiles, look at the pages."""
    REVIEW = 2
    """Decide about tiles."""
    ADMIN = 3
    """Change which bundle answers."""


class Holder(NamedTuple):
    """Whoever has a key: what it lets them do, and their name if the key has one."""

    role: Role
    name: str | None = None


class Keyring:
    """Hashes of keys with their holders; without any, everyone may do everything."""

    def __init__(self, keys: dict[bytes, Holder]) -> None:
        """`keys`: SHA-256 digest of each key, and whose it is."""
        self._keys = keys

    def __bool__(self) -> bool:
        """Return whether a key is needed."""
        return bool(self._keys)

    def has_key(self, name: str) -> bool:
        """Return whether somebody of this name, or of one that looks like it, has a key."""
        return _look(name) in {_look(one.name) for one in self._keys.values() if one.name}

    def holder(self, key: str) -> Holder | None:
        """Return whose a key is, None if there is no such key, in the same time for each."""
        digest = _digest(key)
        found = None
        for known, holder in self._keys.items():
            if hmac.compare_digest(known, digest):
                found = holder
        return found


def read_keys(settings: Settings) -> Keyring:
    """Read the keys of the environment and of the file.

    Raises:
        InputError: one is not right, or the service can be reached by others without any.
    """
    keys: dict[bytes, Holder] = {}
    for where, entry in _entries(settings):
        digest, holder = _entry(where, entry)
        if keys.setdefault(digest, holder) != holder:
            raise InputError(
                f"{where}: one key has two roles or two names. Make another key for each."
            )
    told = settings.api_keys_file or settings.api_keys.get_secret_value()
    if told and not keys:
        named = settings.api_keys_file or f"{PREFIX}API_KEYS"
        raise InputError(
            f"{named} names no key, so that everybody could do everything. Make one with "
            f"`python -m service.keys admin` and put its line there, or leave the setting out."
        )
    if not keys and not _reached_by_this_machine_alone(settings.published or settings.host):
        raise InputError(
            f"Others than this machine can reach {settings.published or settings.host}, and no API "
            f"keys are set. Make some with `python -m service.keys read` and set {PREFIX}API_KEYS "
            f"or {PREFIX}API_KEYS_FILE; or listen on 127.0.0.1. In a container whose port is "
            f"published on this machine alone, or behind a proxy that asks who people are, set "
            f"{PREFIX}PUBLISHED=127.0.0.1."
        )
    return Keyring(keys)


def _entries(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield where an entry stands, without the key itself, and the entry."""
    for number, entry in enumerate(settings.api_keys.get_secret_value().split(","), 1):
        if entry.strip():
            yield f"{PREFIX}API_KEYS, entry {number}", entry.strip()
    file = settings.api_keys_file
    if file is None:
        return
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"The file of API keys {file} cannot be read: {why}. Name a text file of lines "
            "ROLE:KEY; `python -m service.keys review` makes one."
        ) from error
    for number, line in enumerate(lines, 1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield f"{file}, line {number}", entry


def _entry(where: str, entry: str) -> tuple[bytes, Holder]:
    whose, _, key = entry.partition(":")
    kind, at, name = whose.strip().partition("@")
    role = Role.__members__.get(kind.upper())
    if role is None:
        roles = ", ".join(role.name.lower() for role in Role)
        raise InputError(f"{where}: it must begin with a role and a colon; roles are {roles}.")
    if at and not NAME.fullmatch(name):
        raise InputError(f"{where}: after the '@' stands the reviewer's name, like review@ann:KEY.")
    holder = Holder(role, unicodedata.normalize("NFC", name) or None)
    hashed = _HASH.fullmatch(key.strip())
    if hashed:
        return bytes.fromhex(hashed[1]), holder
    if not _KEY.fullmatch(key.strip()):
        raise InputError(
            f"{where}: a key has 16 to 200 letters, digits, '.', '_', '~' or '-'. "
            "Make one: python -m service.keys read."
        )
    return _digest(key.strip()), holder


def _look(name: str) -> str:
    """Return a name whatever its case, and without what joins characters and is not seen."""
    return name.translate(_UNSEEN).casefold()


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _reached_by_this_machine_alone(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def main(argv: list[str]) -> int:
    """Print a new key and the line that lets the service know it by its hash."""
    whose = argv[0] if len(argv) == 1 else ""
    role, at, name = whose.partition("@")
    if role.upper() not in Role.__members__ or (at and not NAME.fullmatch(name)):
        print("usage: python -m service.keys read|review|admin, or review@NAME", file=sys.stderr)
        return 2
    key = _new_key()
    print(f"key, for who asks:            {key}")
    print(f"line, for the service's file: {role.lower()}{at}{name}:sha256:{_digest(key).hex()}")
    return 0


def _new_key() -> str:
    """Return a key that no command line takes for an option."""
    while (key := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return key


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

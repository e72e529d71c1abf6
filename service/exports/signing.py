"""The key that signs exports: Ed25519, in a file that its owner alone may read.

The library is imported where it is used: it takes 7 MiB, and few processes ever sign.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from service.errors import SigningDown
from service.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = "signing-key.pem"
ALGORITHM = "ed25519"


def signing_key(settings: Settings) -> "Ed25519PrivateKey":
    """Read the key; make it at the first use where the settings name none.

    Raises:
        SigningDown: it cannot be read or made.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415, see above
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    file = settings.signing_key or settings.decisions / FILE
    if settings.signing_key is None:
        try:
            if not file.exists():
                _make(file)
        except OSError as error:
            raise SigningDown(
                "The key that signs exports cannot be made: nothing can be written into the "
                f"folder of decisions ({error.strerror}). Whoever runs the service mends that."
            ) from error
    try:
        key = forms.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningDown(_remedy(settings)) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SigningDown(_remedy(settings))
    return key


def public_hex(key: "Ed25519PrivateKey") -> str:
    """Return the 32 bytes with which everyone can check what the key signed, in hex."""
    return key.public_key().public_bytes_raw().hex()


def _make(file: Path) -> None:
    """Write a new key; of several processes that do so at once, the first one's stays."""
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415, see above
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{FILE}.{uuid4().hex}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            file.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)


def _remedy(settings: Settings) -> str:
    where = "the file of --signing-key" if settings.signing_key else "the folder of decisions"
    return (
        f"The key that signs exports cannot be read: {where} cannot be used, or holds no Ed25519 "
        "key as PEM. Whoever runs the service makes one: openssl genpkey -algorithm ed25519."
    )

"""Exports: a list of decided tiles with a signed manifest, fetched and checked, also years later.

`verify` asks no service. The manifest holds the size and SHA-256 of every file and of the bundle's
manifest; its Ed25519 signature is over the canonical JSON (sorted names, no spaces, UTF-8) of
everything but `signature`.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

from .answers import Json, unexpected
from .errors import InputUnusable
from .plans import Plan, Terms, fetch_bytes

FORMAT = "tilescreen-export-1"
MANIFEST = "manifest.json"
_MOST_BYTES = 4 * 2**30
_UNCHECKED = (
    "The signature was not checked, for which pip install './client[verify]' (cryptography) is "
    "needed: whoever changed the files could have changed the manifest with them."
)
_OWN_KEY = (
    "That key came with the list, and anyone can make one. Who made the list shows only "
    "`verify --public-key` with a key from elsewhere, such as GET /exports/key of the service."
)


@dataclass(frozen=True)
class Checked:
    """What a check of an export found.

    wrong: a sentence for each thing that is not as the manifest says, or that was to be shown and
        could not be; empty if there is none.
    signed_by: the public key in hex whose signature holds; None if it was not checked or is wrong.
    note: what was not shown: without a key that must have signed it, who made the list.
    """

    manifest: Json
    wrong: list[str] = field(default_factory=list)
    signed_by: str | None = None
    note: str | None = None


def fetch_export(terms: Terms) -> Plan[dict[str, bytes]]:
    """Fetch an export: the bytes of its files by name.

    Raises:
        UnexpectedAnswer: what came is no export.
    """
    data = yield from fetch_bytes("/exports", terms)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(one.file_size for one in members) > _MOST_BYTES:
                raise unexpected(terms.url, "the export is longer than any list")
            files = {one.filename: archive.read(one) for one in members}
    except zipfile.BadZipFile as error:
        raise unexpected(terms.url, "the export is no zip archive") from error
    if MANIFEST not in files or not all(map(_is_plain, files)):
        raise unexpected(terms.url, f"the export has no {MANIFEST}, or names with folders")
    return files


def check_folder(folder: Path) -> None:
    """See, before an export is made, that there is or can be a folder.

    Raises:
        InputUnusable: a file is there, or where a folder above it would be.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise InputUnusable(f"{there} is a file, and an export needs a folder. Name another.")


def write_export(files: dict[str, bytes], folder: Path) -> None:
    """Write the files of an export into a folder, which is made; the manifest comes last.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
        part = folder / f".{name}.part"
        part.write_bytes(files[name])
        part.replace(folder / name)


def verify(folder: Path, *, public_key: str | None = None, bundle: Path | None = None) -> Checked:
    """Check an export offline.

    Args:
        folder: where its files are.
        public_key: hex of the key that must have signed it; without it any key will do, which
            proves that nothing was changed by accident, not who made it: `note` says so. Where
            the package cryptography is missing, that it signed cannot be shown, and is `wrong`.
        bundle: folder of the bundle that it must be of.

    Raises:
        InputUnusable: there is no manifest of an export.
    """
    manifest = _manifest(folder / MANIFEST)
    wrong = list(_wrong_files(manifest, folder))
    if bundle is not None:
        wrong += _wrong_bundle(manifest, bundle)
    key = str(manifest["signature"]["public_key"])
    if public_key is not None and public_key.lower() != key.lower():
        wrong.append(f"It is signed with the key {key}, not with {public_key}.")
    try:
        holds = _signature_holds(manifest)
    except ImportError:
        if public_key is None:
            return Checked(manifest, wrong, note=f"{_UNCHECKED} Nothing shows who made this list.")
        return Checked(manifest, [*wrong, f"{_UNCHECKED} That {public_key} signed is not shown."])
    if not holds:
        wrong.append("The signature does not fit the manifest: one of them was changed.")
        return Checked(manifest, wrong)
    return Checked(manifest, wrong, key, _OWN_KEY if public_key is None else None)


def canonical(manifest: Json) -> bytes:
    """Return what is signed: everything but the signature, in the one way to write it."""
    signed = {name: value for name, value in manifest.items() if name != "signature"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _manifest(file: Path) -> Json:
    try:
        manifest: Any = json.loads(file.read_bytes())
        if manifest["format"] != FORMAT:
            raise InputUnusable(f"{file} has the format {manifest['format']!r}, not {FORMAT}.")
        names, signature = list(manifest["files"]), manifest["signature"]
        whole = {"public_key", "value", "algorithm"} <= set(signature)
    except OSError as error:
        raise InputUnusable(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputUnusable(f"{file} is no manifest of an export.") from error
    if not whole or not all(map(_is_plain, names)):
        raise InputUnusable(f"{file} is no manifest of an export.")
    return dict(manifest)


def _is_plain(name: str) -> bool:
    return bool(name) and PurePath(name).name == name and "\\" not in name and name != ".."


def _wrong_files(manifest: Json, folder: Path) -> Iterator[str]:
    for name, told in manifest["files"].items():
        try:
            with (folder / name).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                size = stream.tell()
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}."
            continue
        if (digest, size) != (told.get("sha256"), told.get("size")):
            yield f"{name} is not as it was signed: its size or SHA-256 differs."


def _wrong_bundle(manifest: Json, bundle: Path) -> Iterator[str]:
    try:
        data = (bundle / MANIFEST).read_bytes()
    except OSError as error:
        yield f"The manifest of {bundle} cannot be read: {error.strerror}."
        return
    if hashlib.sha256(data).hexdigest() != manifest.get("bundle_manifest_sha256"):
        yield f"It is of bundle {manifest.get('bundle')}, whose manifest is not that of {bundle}."
        return
    # What it says may be trusted by now: it is the one that was signed.
    for one in _wrong_files({"files": {}} | json.loads(data), bundle):
        yield f"{bundle}: {one} Copy the bundle again."


def _signature_holds(manifest: Json) -> bool:
    """Check the signature; raises ImportError without the package `cryptography`."""
    keys = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    invalid = import_module("cryptography.exceptions").InvalidSignature
    signature = manifest["signature"]
    if signature["algorithm"] != "ed25519":
        return False
    try:
        key = keys.Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["public_key"]))
        key.verify(bytes.fromhex(signature["value"]), canonical(manifest))
    except (ValueError, TypeError, invalid):
        return False
    return True

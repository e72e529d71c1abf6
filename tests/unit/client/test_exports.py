"""Exports are checked offline: files, bundle and signature."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client import InputUnusable, verify
from client.__main__ import main
from client.exports import canonical

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
LIST = "id,decision\nä1,drop\n".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole export of the bundle beside it."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_bytes(b"{}")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "tiles.csv").write_bytes(LIST)
    _sign(folder)
    return folder


def _sign(folder: Path, key: Ed25519PrivateKey = KEY, **changes: Any) -> None:
    said = {
        "format": "tilescreen-export-1",
        "created": "2026-01-01T00:00:00+00:00",
        "bundle": "b1",
        "bundle_manifest_sha256": hashlib.sha256(b"{}").hexdigest(),
        "files": {
            "tiles.csv": {"sha256": hashlib.sha256(LIST).hexdigest(), "size": len(LIST)},
        },
        "counts": {"keep": 0, "drop": 1},
        "decisions_through": 7,
        **changes,
    }
    public = key.public_key().public_bytes_raw().hex()
    signature = {"algorithm": "ed25519", "public_key": public}
    signature["value"] = key.sign(canonical(said)).hex()
    (folder / "manifest.json").write_text(json.dumps({**said, "signature": signature}))


def test_a_whole_export_is_found_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files, bundle and key: status 0 and whose signature it is."""
    found = verify(folder, public_key=PUBLIC, bundle=folder.with_name("bundle"))
    assert (found.wrong, found.signed_by, found.note) == ([], PUBLIC, None)
    assert main(["verify", str(folder), "--public-key", PUBLIC.upper()]) == 0
    assert capsys.readouterr().out.endswith(f"Signed by {PUBLIC}\n")


def test_a_changed_bundle_is_found(folder: Path) -> None:
    """Its files as well as its manifest."""
    bundle = folder.with_name("bundle")
    (bundle / "scores.npy").write_bytes(b"1234")
    files = {"scores.npy": {"sha256": hashlib.sha256(b"1234").hexdigest(), "size": 4}}
    manifest = json.dumps({"files": files}).encode()
    (bundle / "manifest.json").write_bytes(manifest)
    _sign(folder, bundle_manifest_sha256=hashlib.sha256(manifest).hexdigest())
    assert verify(folder, bundle=bundle).wrong == []
    (bundle / "scores.npy").write_bytes(b"1235")
    (told,) = verify(folder, bundle=bundle).wrong
    assert told.startswith(f"{bundle}: scores.npy is not as it was signed")


def test_a_changed_list_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One byte is enough; the status says so."""
    (folder / "tiles.csv").write_bytes(LIST.replace(b"drop", b"keep"))
    assert main(["verify", str(folder)]) == 2
    assert "tiles.csv is not as it was signed" in capsys.readouterr().err


def test_a_changed_manifest_is_found(folder: Path) -> None:
    """Hashes that were made to fit do not make the signature fit."""
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace('"drop": 1', '"drop": 2'))
    found = verify(folder)
    assert found.wrong == ["The signature does not fit the manifest: one of them was changed."]
    assert found.signed_by is None


def test_a_lost_file_another_key_and_another_bundle_are_told(folder: Path) -> None:
    """All at once, a sentence each."""
    (folder / "tiles.csv").unlink()
    (folder.with_name("bundle") / "manifest.json").write_bytes(b"[]")
    wrong = verify(folder, public_key="00", bundle=folder.with_name("bundle")).wrong
    assert [sentence.split()[0] for sentence in wrong] == ["tiles.csv", "It", "It"]


def test_names_that_lead_elsewhere_are_refused(folder: Path) -> None:
    """A manifest cannot have other files read."""
    _sign(folder, files={"../secret": {"sha256": "0", "size": 1}})
    with pytest.raises(InputUnusable, match="no manifest of an export"):
        verify(folder)


def test_a_strangers_signature_is_told_as_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a key of one's own the list is whole, and it is told that this shows no author."""
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    _sign(folder, stranger)
    assert main(["verify", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "That key came with the list, and anyone can make one." in told
    assert "only `verify --public-key`" in told
    assert main(["verify", str(folder), "--public-key", PUBLIC]) == 2
    assert f"not with {PUBLIC}" in capsys.readouterr().err


@pytest.fixture
def no_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a plain `pip install ./client`."""
    name = "cryptography.hazmat.primitives.asymmetric.ed25519"
    monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("no_cryptography")
def test_without_cryptography_hashes_are_checked_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that the signature was not, what to install, and that no author is shown."""
    assert main(["verify", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "The signature was not checked, for which pip install './client[verify]'" in told
    assert "Nothing shows who made this list." in told
    assert "Signed by" not in told
    (folder / "tiles.csv").write_bytes(b"")
    assert main(["verify", str(folder)]) == 2


@pytest.mark.usefixtures("no_cryptography")
def test_a_key_that_was_named_and_cannot_be_checked_is_no_success(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list that was changed with its manifest passes for nobody's, let alone that key's."""
    text = (folder / "manifest.json").read_text()
    changed = LIST.replace(b"drop", b"keep")
    (folder / "tiles.csv").write_bytes(changed)
    digests = [hashlib.sha256(data).hexdigest() for data in (LIST, changed)]
    (folder / "manifest.json").write_text(text.replace(*digests))
    assert main(["verify", str(folder), "--public-key", PUBLIC]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "The signature was not checked" in told.err
    assert f"That {PUBLIC} signed is not shown." in told.err


def test_an_export_onto_a_file_is_refused_before_it_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence that says what is there; nothing is asked."""
    (tmp_path / "clean").write_text("")
    nobody = httpx.MockTransport(lambda _: pytest.fail("asked"))
    for out in (tmp_path / "clean", tmp_path / "clean" / "export"):
        assert main(["export", "--out", str(out)], transport=nobody) == 1
        told = capsys.readouterr().err
        assert told.endswith("clean is a file, and an export needs a folder. Name another.\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x"}'])
def test_what_is_no_export_says_so(tmp_path: Path, text: str) -> None:
    """A sentence, whatever lies there."""
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputUnusable, match=r"manifest\.json"):
        verify(tmp_path)

"""Exports: a list, boxes and a manifest that agree, that can be made again and checked."""

import csv
import errno
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.api import Api, running
from tests.tiny import write_tiny_bundle

FILES = ("tiles.csv", "boxes.json")


@pytest.fixture
def api(found_path: Path, tmp_path: Path) -> Iterator[Api]:
    """The application over the bundle on which every reason was found; nothing decided."""
    with running(found_path, decisions=tmp_path / "kept") as running_api:
        yield running_api


def put(api: Api, tile_id: str, decision: str, reviewer: str = "ann", **more: str) -> None:
    headers = {"X-Reviewer": reviewer}
    body = {"decision": decision, **more}
    api.ask("PUT", f"/tiles/{tile_id}/decision", json=body, headers=headers).raise_for_status()


def lines(api: Api, query: str = "") -> dict[str, dict[str, str]]:
    text = api.get(f"/exports/tiles.csv{query}").text
    return {line["id"]: line for line in csv.DictReader(StringIO(text))}


def boxes(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/exports/boxes.json").json()["annotations"]
    return found


def test_the_list_has_every_tile_with_its_decision_or_its_verdict(api: Api):
    """Whoever is not decided on has the verdict, and `by` says so."""
    put(api, "c303", "keep", comment="a scratch")
    put(api, "c324", "drop", reason="grid")
    told = lines(api)
    assert list(told) == list(api.serving.catalog.ids)
    assert (told["c300"]["state"], told["c300"]["by"]) == ("drop", "verdict")
    assert told["c300"]["reason"] == "LETTERING"
    kept = told["c303"]
    assert (kept["state"], kept["by"], kept["verdict"]) == ("keep", "decision", "drop")
    assert (kept["reviewers"], kept["comment"]) == ("ann:keep", "a scratch")
    assert kept["bundle"] == api.serving.bundle.manifest.bundle_id
    assert (told["c324"]["state"], told["c324"]["reason"]) == ("drop", "grid")


def test_reviewers_who_differ_are_told_as_a_conflict(api: Api):
    """The state is conflict, and both are named."""
    put(api, "c303", "keep")
    put(api, "c303", "drop", "ben")
    told = lines(api)["c303"]
    assert (told["state"], told["reviewers"]) == ("conflict", "ann:keep,ben:drop")


def test_boxes_are_those_of_tiles_to_drop(api: Api):
    """Decided ones and those the screening alone drops, in pixels of the tile as it was given."""
    put(api, "c300", "keep")  # the screening would drop it
    put(api, "c309", "drop", reason="LETTERING")  # the screening would have it looked at
    content = api.get("/exports/boxes.json").json()
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found = {names[one["image_id"]]: one for one in content["annotations"]}
    assert set(found) == {"c303.png", "c306.png", "c309.png"}
    assert found["c303.png"]["bbox"] == [0, 0, 4, 4]
    assert found["c306.png"]["bbox"] == [6, 7, 26, 8]  # given 50 wide and 30 high
    assert found["c309.png"]["bbox"] == [0, 0, 8, 16]
    assert (found["c303.png"]["by"], found["c309.png"]["by"]) == ("verdict", "decision")


def test_a_tile_dropped_for_one_reason_has_the_box_of_that(api: Api):
    """c315 is masked; dropped as such its mask is framed, as lettering nothing is."""
    put(api, "c315", "drop", reason="MASKED")
    (box,) = [one for one in boxes(api) if one["by"] == "decision"]
    assert (box["category_id"], box["bbox"]) == (3, [8, 0, 8, 16])
    put(api, "c315", "drop", reason="LETTERING")
    assert [one for one in boxes(api) if one["by"] == "decision"] == []


def test_boxes_are_what_coco_tools_expect(api: Api):
    """Numbers are unique and refer to what is there, boxes lie in their pictures."""
    content = api.get("/exports/boxes.json").json()
    assert {"info", "licenses", "images", "annotations", "categories"} == set(content)
    by_number = {}
    for name in ("images", "annotations", "categories"):
        by_number[name] = {one["id"]: one for one in content[name]}
        assert len(by_number[name]) == len(content[name])
    assert len(by_number["images"]) == len(api.serving.catalog.ids)
    assert content["annotations"]
    for one in content["annotations"]:
        image = by_number["images"][one["image_id"]]
        assert one["category_id"] in by_number["categories"]
        left, top, width, height = one["bbox"]
        assert 0 <= left < left + width <= image["width"]
        assert 0 <= top < top + height <= image["height"]
        assert one["area"] == width * height > 0
        assert one["iscrowd"] == 0
        (polygon,) = one["segmentation"]
        assert [min(polygon[::2]), min(polygon[1::2])] == [left, top]
        assert [max(polygon[::2]), max(polygon[1::2])] == [left + width, top + height]


def test_files_asked_for_one_after_another_agree(api: Api):
    """With the manifest's number, both files are those that it names, whatever came since."""
    put(api, "c303", "keep")
    signed = api.get("/exports/manifest.json").json()
    put(api, "c300", "keep")
    through = f"?through={signed['decisions_through']}"
    for name in FILES:
        answer = api.get(f"/exports/{name}{through}")
        assert len(answer.content) == signed["files"][name]["size"]
        assert sha256(answer.content).hexdigest() == signed["files"][name]["sha256"]
        assert answer.headers["x-decisions-through"] == str(signed["decisions_through"])
        assert api.get(f"/exports/{name}").content != answer.content


def test_counts_are_those_of_the_files(api: Api):
    """The manifest counts what the list and the boxes hold."""
    put(api, "c303", "keep")
    put(api, "c303", "drop", "ben")
    counts = api.get("/exports/manifest.json").json()["counts"]
    states = [line["state"] for line in lines(api).values()]
    for state in ("keep", "review", "drop", "conflict"):
        assert counts[state] == states.count(state)
    assert counts["conflict"] == 1
    assert counts["tiles"] == len(states)
    assert counts["by_verdict"] == len(states) - 1
    assert counts["boxes"] == len(boxes(api))


def check(signed: dict[str, Any]) -> None:
    """Check a signature as anybody would, from what docs/formats.md says alone."""
    rest = {name: value for name, value in signed.items() if name != "signature"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed["signature"]["public_key"]))
    key.verify(bytes.fromhex(signed["signature"]["value"]), text.encode())


def test_the_manifest_is_signed(api: Api):
    """Whoever has the public key can check it, and a changed one is found out."""
    signed = api.get("/exports/manifest.json").json()
    check(signed)
    assert signed["signature"]["public_key"] == api.get("/exports/key").json()["public_key"]
    bundle = (api.serving.bundle.path / "manifest.json").read_bytes()
    assert signed["bundle_manifest_sha256"] == sha256(bundle).hexdigest()
    signed["counts"]["keep"] += 1
    with pytest.raises(InvalidSignature):
        check(signed)


def test_the_zip_holds_all_three(api: Api):
    """Its manifest is signed and names the two others as they are."""
    answer = api.get("/exports")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == [*FILES, "manifest.json"]
        signed = json.loads(archive.read("manifest.json"))
        check(signed)
        for name in FILES:
            assert sha256(archive.read(name)).hexdigest() == signed["files"][name]["sha256"]


def test_an_event_that_is_not_there_yet_is_refused(api: Api):
    """A number from the future would promise what nobody knows."""
    assert api.get("/exports/tiles.csv?through=0").status_code == 200
    refused = api.get("/exports/tiles.csv?through=1")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_event")


def test_the_key_is_made_once_and_its_owner_alone_may_read_it(found_path: Path, tmp_path: Path):
    """Another start has the same key; no other user of the machine can take it."""
    told = []
    for _ in range(2):
        with running(found_path, decisions=tmp_path / "kept") as api:
            told.append(api.get("/exports/key").json()["public_key"])
    assert told[0] == told[1]
    (file,) = (tmp_path / "kept").glob("signing*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_of_ones_own_signs(found_path: Path, tmp_path: Path):
    """As `openssl genpkey -algorithm ed25519` writes it."""
    key = Ed25519PrivateKey.generate()
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with running(found_path, decisions=tmp_path / "kept", signing_key=file) as api:
        told = api.get("/exports/key").json()["public_key"]
    assert told == key.public_key().public_bytes_raw().hex()


@pytest.mark.parametrize("kind", ["missing", "text", "another kind"])
def test_a_key_that_cannot_sign_is_told(found_path: Path, tmp_path: Path, kind: str):
    """503 with what to do; the list itself comes all the same."""
    file = tmp_path / "key.pem"
    if kind == "text":
        file.write_text("no key")
    elif kind == "another kind":
        key = generate_private_key(SECP256R1())
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with running(found_path, decisions=tmp_path / "kept", signing_key=file) as api:
        refused = api.get("/exports/manifest.json")
        assert (refused.status_code, refused.json()["code"]) == (503, "signing_down")
        assert "openssl genpkey" in refused.json()["detail"]
        assert str(tmp_path) not in refused.text
        assert api.get("/exports/tiles.csv").status_code == 200


def test_a_key_that_cannot_be_made_is_told_with_the_cause(
    found_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A full disk is no matter of a key that somebody should make."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with running(found_path, decisions=tmp_path / "kept") as api, monkeypatch.context() as patch:
        patch.setattr("service.exports.signing.os.open", full)
        refused = api.get("/exports/key").json()
    assert refused["code"] == "signing_down"
    assert "(No space left on device)" in refused["detail"]
    assert "openssl" not in refused["detail"]


def test_a_carriage_return_ends_no_line(api: Api):
    """A comment may hold one, and another tile's id behind it."""
    first, second = list(lines(api))[:2]
    comment = f"a lead letter\r{second}\r\nand\nmore"
    put(api, first, "drop", comment=comment)
    listed = api.get("/exports/tiles.csv").text
    found = list(csv.DictReader(StringIO(listed, newline="")))
    assert [one["comment"] for one in found if one["id"] == first] == [comment]
    assert len(found) == len({one["id"] for one in found}) == len(api.serving.bundle)
    assert listed.split("\n", 1)[0].endswith(",content")
    headers = {"X-Reviewer": "ann", "Content-Type": "text/csv"}
    again = api.ask("POST", "/decisions/import", content=listed, headers=headers)
    assert again.json()["written"] == 0


def test_an_export_is_of_the_bundle_that_answers(tmp_path: Path):
    """Whatever is in its folder by now."""
    write_tiny_bundle(tmp_path / "bundle")
    with running(tmp_path / "bundle", decisions=tmp_path / "kept") as api:
        expected = sha256((tmp_path / "bundle" / "manifest.json").read_bytes()).hexdigest()
        (tmp_path / "bundle").rename(tmp_path / "before")
        signed = api.get("/exports/manifest.json").json()
    assert signed["bundle_manifest_sha256"] == expected


def test_cells_are_no_formulas_and_ids_can_be_told_apart(tmp_path: Path):
    """An id that begins like a formula gets an apostrophe, one with an apostrophe another."""
    ids = sorted(["=1+1", "'=1+1", "@x", *(f"t{n:02d}" for n in range(9))])
    write_tiny_bundle(tmp_path / "bundle", ids=ids)
    with running(tmp_path / "bundle", decisions=tmp_path / "kept") as api:
        put(api, "t00", "drop", reason="=HYPERLINK(1)", comment="+1")
        told = lines(api)
    assert {"'=1+1", "''=1+1", "'@x"} <= set(told)
    assert (told["t00"]["reason"], told["t00"]["comment"]) == ("'=HYPERLINK(1)", "'+1")

"""A bundle is opened whole or refused with a sentence that names the file and the reason."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import (
    Bundle,
    BundleDamaged,
    BundleError,
    BundleMissing,
    BundleTooNew,
    BundleTooOld,
    open_bundle,
)
from bundle.layout import ARRAYS, INDEX, OTHERS, TILE_HASHES
from bundle.manifest import MAX_MANIFEST_BYTES
from bundle.reader import check_unchanged, file_hash, read_manifest
from tests.forge import forge_array, reseal
from tests.tiny import write_tiny_bundle

FILES = sorted({*ARRAYS, *OTHERS})


def refused(folder: Path, error: type[BundleError], *words: str) -> None:
    """Assert that a bundle is refused by this error, with a sentence that has these words."""
    with pytest.raises(error) as caught:
        open_bundle(folder)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    if error is BundleDamaged:
        assert str(caught.value).endswith(f". Copy the bundle {folder} again, or fit it anew.")


def test_a_whole_bundle_opens(tiny_path: Path) -> None:
    """Opening gives every array of the layout, mapped and read-only."""
    opened = open_bundle(str(tiny_path))
    assert list(opened.arrays) == [*ARRAYS, TILE_HASHES]
    assert not any(array.flags.writeable for array in opened.arrays.values())


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is not there: the sentence says how to make a bundle."""
    refused(tmp_path / "none", BundleMissing, "no bundle at", "python -m training fit")


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    """A folder without a manifest is called what it is."""
    refused(tmp_path, BundleMissing, "is not a bundle", "manifest.json")


def test_a_bundle_replaced_meanwhile_is_told(copy: Path) -> None:
    """What is still to be read from an open bundle's folder must be from the same files."""
    opened = open_bundle(copy)
    check_unchanged(opened)
    (copy / "new").write_bytes((copy / "neighbors.npy").read_bytes())
    (copy / "new").rename(copy / "neighbors.npy")
    with pytest.raises(BundleDamaged, match="was replaced while it was opened"):
        check_unchanged(opened)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(copy: Path, name: str) -> None:
    """Each file is needed, and named when it is gone."""
    (copy / name).unlink()
    refused(copy, BundleMissing, name, "is missing", "Copy the bundle again, or fit it anew.")


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file(copy: Path, name: str) -> None:
    """A file without its last byte is called truncated, with both sizes."""
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:-1])
    refused(copy, BundleDamaged, name, "truncated", f"{len(data) - 1} bytes instead of {len(data)}")


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file(copy: Path, name: str) -> None:
    """A file of the right size with other bytes is found by its hash."""
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refused(copy, BundleDamaged, name, "altered", "SHA-256")


@pytest.mark.parametrize("place", [1.5, -1.1, np.nan])
def test_a_map_with_a_place_outside(tmp_path: Path, place: float) -> None:
    """A place that no map can show is refused."""
    write_tiny_bundle(tmp_path / "bundle", plane=True)
    places = np.zeros((12, 2), np.float32)
    places[5, 1] = place
    forge_array(tmp_path / "bundle", "map.npy", places)
    refused(tmp_path / "bundle", BundleDamaged, "map.npy")


def test_a_file_that_is_too_long(copy: Path) -> None:
    """A byte too many is refused too."""
    (copy / "scans.json").write_bytes((copy / "scans.json").read_bytes() + b" ")
    refused(copy, BundleDamaged, "scans.json", "too long")


@pytest.mark.parametrize("name", ["latents.npy", "manifest.json"])
def test_a_link(copy: Path, name: str) -> None:
    """A link, even to the right bytes, is refused: it could lead out of the bundle."""
    (copy / name).rename(copy.parent / name)
    (copy / name).symlink_to(copy.parent / name)
    refused(copy, BundleError, name)


def test_a_folder_in_place_of_a_file(copy: Path) -> None:
    """A folder with a file's name is no file."""
    (copy / "ids.npy").unlink()
    (copy / "ids.npy").mkdir()
    refused(copy, BundleMissing, "ids.npy", "missing")


def test_a_link_to_a_whole_bundle_is_followed(tiny_path: Path, tmp_path: Path) -> None:
    """The folder itself may be a link: `current` often is."""
    (tmp_path / "current").symlink_to(tiny_path)
    assert len(open_bundle(tmp_path / "current")) == 12


def test_files_that_are_not_listed_are_not_read(copy: Path) -> None:
    """A stray file beside the listed ones does no harm."""
    (copy / "notes.txt").write_text("mine")
    assert len(open_bundle(copy)) == 12


def test_an_edited_manifest(copy: Path) -> None:
    """A changed field does not fit the id, so nobody can lower a threshold by hand."""
    text = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(text.replace('"seed": 7', '"seed": 8'))
    refused(copy, BundleDamaged, "manifest.json was altered", "id")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not sound at the top"),
        ("{}", "not sound at created: Field required"),
        ('{"format_version": "one"}', "not sound at format_version"),
        ('{"format_version": 0}', "not sound at format_version"),
        ('{"format_version": "3"}', "not sound at format_version"),
    ],
)
def test_a_manifest_that_is_none(copy: Path, text: str, words: str) -> None:
    """Text that is no manifest is refused, with the place in it."""
    (copy / "manifest.json").write_text(text)
    refused(copy, BundleDamaged, "manifest.json", words)


def test_a_huge_manifest(copy: Path) -> None:
    """The manifest's size is bounded before it is parsed."""
    (copy / "manifest.json").write_bytes(b" " * (MAX_MANIFEST_BYTES + 1))
    refused(copy, BundleDamaged, "manifest.json", "16,777,216 bytes")


def test_a_newer_format(copy: Path) -> None:
    """A later format is told apart from damage, whatever else it has in it."""
    reseal(copy, format_version=3, invention=True)
    refused(copy, BundleTooNew, "format 3", "reads up to 2", "Update Tilescreen")


def test_an_older_format(copy: Path) -> None:
    """A bundle without verdicts is told apart from damage, with what to do."""
    reseal(copy, format_version=1)
    refused(copy, BundleTooOld, "format 1", "has no verdicts", "Fit the bundle again.")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("scores.npy", 1.5, "a score outside 0..1"),
        ("scores.npy", -0.1, "a score outside 0..1"),
        ("scores.npy", float("nan"), "not finite"),
        ("verdicts.npy", 3, "outside 0..2"),
        ("boxes.npy", 17, "outside 0..16"),
        ("boxes.npy", -1, "outside 0..16"),
        ("tile_sizes.npy", 0, "without pixels"),
        ("probe_maps.npy", float("inf"), "not finite"),
    ],
)
def test_screening_out_of_bounds(copy: Path, name: str, change: float, words: str) -> None:
    """A score, box, verdict or size that cannot be is refused by its file's name."""
    values = np.load(copy / name)
    values.flat[0] = change
    forge_array(copy, name, values)
    refused(copy, BundleDamaged, name, words)


def test_maps_of_two_layers_are_damage(copy: Path) -> None:
    """There are three layers, or none."""
    forge_array(copy, "probe_maps.npy", np.load(copy / "probe_maps.npy")[:, :2])
    refused(copy, BundleDamaged, "probe_maps.npy", "2 layers", "0 or 3")


def test_a_box_that_ends_before_it_begins(copy: Path) -> None:
    """It could not be drawn."""
    boxes = np.load(copy / "boxes.npy")
    boxes[7, 0] = (8, 0, 8, 16)
    forge_array(copy, "boxes.npy", boxes)
    refused(copy, BundleDamaged, "boxes.npy", "does not end after it begins")


def test_verdicts_from_maps_that_are_not_there(copy: Path) -> None:
    """An encoder that lost its maps would keep every tile without a word."""
    forge_array(copy, "probe_maps.npy", np.empty((4, 0, 0, 0), dtype=np.float32))
    refused(copy, BundleDamaged, "probe_maps.npy", "is empty")


@pytest.mark.parametrize(
    ("field", "value"),
    [("slope", 0), ("off_topic_distance", 0), ("review_score", -0.1), ("evidence", "guess")],
)
def test_rules_that_cannot_be(copy: Path, field: str, value: object) -> None:
    """Rules out of bounds are refused by their name."""
    rules = json.loads((copy / "manifest.json").read_bytes())["screening"]
    reseal(copy, screening=rules | {field: value})
    refused(copy, BundleDamaged, "manifest.json", f"screening.{field}")


def test_an_unknown_field(copy: Path) -> None:
    """Format 1 has no other fields: one that is not understood could matter."""
    reseal(copy, invention=True)
    refused(copy, BundleDamaged, "not sound at invention")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_threshold_that_is_no_number(copy: Path, value: float) -> None:
    """NaN or infinity in the manifest would make every comparison come out one way."""
    both = {"value": value, "source": "nobody"}
    reseal(copy, thresholds={"cluster_reach": both, "self_test": both})
    refused(copy, BundleDamaged, "not sound at thresholds.cluster_reach.value")


def test_a_limit_of_colour_that_everything_is_beyond(copy: Path) -> None:
    """Colours are divided by it."""
    found = json.loads((copy / "manifest.json").read_bytes())["thresholds"]
    reseal(copy, thresholds=found | {"off_topic_colour": {"value": 0.0, "source": "nobody"}})
    refused(copy, BundleDamaged, "'off_topic_colour' that is not positive")


def test_more_clusters_than_tiles(copy: Path) -> None:
    """A list of clusters takes memory for each."""
    found = json.loads((copy / "manifest.json").read_bytes())["clustering"]
    reseal(copy, clustering=found | {"clusters": 100_000_000})
    refused(copy, BundleDamaged, "more clusters than the 12 tiles")


def test_a_seed_that_no_answer_can_say(copy: Path) -> None:
    """JSON is written with numbers of 64 bits."""
    reseal(copy, seed=10**30)
    refused(copy, BundleDamaged, "not sound at seed")


def test_a_missing_threshold(copy: Path) -> None:
    """Both thresholds that the code asks for must be there."""
    reseal(copy, thresholds={"self_test": {"value": 1.0, "source": "x"}})
    refused(copy, BundleDamaged, "no threshold 'cluster_reach'")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "extra.npy", "a\0b", "x" * 200]
)
def test_a_listed_file_that_no_bundle_has(copy: Path, name: str) -> None:
    """Names are compared with the known ones, so no path can lead elsewhere."""
    files = json.loads((copy / "manifest.json").read_bytes())["files"]
    reseal(copy, files=files | {name: files["ids.npy"]})
    refused(copy, BundleDamaged, "no file of a bundle", repr(name[:100]))


def test_a_file_that_is_not_listed(copy: Path) -> None:
    """A file that must be there must be listed."""
    files = json.loads((copy / "manifest.json").read_bytes())["files"]
    files.pop("core.npy")
    reseal(copy, files=files)
    refused(copy, BundleDamaged, "does not list core.npy")


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_a_wrong_dtype(copy: Path, tiny_bundle: Bundle, name: str) -> None:
    """Every array has one dtype."""
    values = tiny_bundle.arrays[name]
    other = "U9" if values.dtype.kind == "S" else ">f8"
    forge_array(copy, name, values.astype(other))
    refused(copy, BundleDamaged, name, f"expected {ARRAYS[name].dtype}")


@pytest.mark.parametrize("name", sorted(set(ARRAYS) - {"eps_sweep.npy", "k_distances.npy"}))
def test_a_wrong_number_of_rows(copy: Path, tiny_bundle: Bundle, name: str) -> None:
    """A row too few is found by the manifest, a sister array, or the values."""
    values = tiny_bundle.arrays[name]
    forge_array(copy, name, values[:0] if name == "random_distances.npy" else values[:-1])
    refused(copy, BundleDamaged, name[:5])


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_a_dimension_too_many(copy: Path, tiny_bundle: Bundle, name: str) -> None:
    """The number of dimensions counts, not only the number of values."""
    forge_array(copy, name, tiny_bundle.arrays[name][None])
    refused(copy, BundleDamaged, name, "shape")


def test_columns_before_rows(copy: Path, tiny_bundle: Bundle) -> None:
    """Fortran order is refused: a second reader need not know it."""
    forge_array(copy, "latents.npy", np.asfortranarray(tiny_bundle.latents))
    refused(copy, BundleDamaged, "latents.npy")


def test_pickled_objects(copy: Path) -> None:
    """An array of Python objects is refused before anything in it is built."""
    forge_array(copy, "ids.npy", np.array([{"c300": 1}] * 12, dtype=object))
    refused(copy, BundleDamaged, "ids.npy", "mapped")


def test_an_archive_named_npy(copy: Path) -> None:
    """A zip file, which numpy would open too, is no array."""
    with zipfile.ZipFile(copy / "labels.npy", "w") as archive:
        archive.writestr("labels.npy", b"")
    reseal(copy)
    refused(copy, BundleDamaged, "labels.npy", "mapped")


def test_an_array_shorter_than_its_header_says(copy: Path) -> None:
    """A header that promises more than the file has is refused."""
    data = (copy / "points.npy").read_bytes()
    (copy / "points.npy").write_bytes(data[:-4])
    reseal(copy)
    refused(copy, BundleDamaged, "points.npy", "mapped")


def _set(at: Any, value: object) -> Callable[[NDArray[Any]], None]:
    def change(values: NDArray[Any]) -> None:
        values[at] = value

    return change


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("latents.npy", _set((3, 1), np.nan), "not finite"),
        ("points.npy", _set((3, 1), np.inf), "not finite"),
        ("scaler.npy", _set((0, 0), np.nan), "not finite"),
        ("scaler.npy", _set((1, 0), 0), "not positive"),
        ("kdtree_bounds.npy", _set((0, 0, 0), -np.inf), "not finite"),
        ("eps_sweep.npy", _set((0, 1), np.nan), "not finite"),
        ("neighbors.npy", _set((3, 1), 12), "outside 0..11"),
        ("neighbors.npy", _set((3, 1), -1), "outside 0..11"),
        ("neighbors.npy", _set((3, 1), 3), "its own neighbour"),
        ("neighbor_distances.npy", _set((3, 0), -1), "negative"),
        ("neighbor_distances.npy", _set((3, 1), 99), "not ascending"),
        ("random_distances.npy", _set(0, 99), "not ascending"),
        ("kdtree_rows.npy", _set(0, 12), "each tile once"),
        ("kdtree_rows.npy", _set(slice(0, 2), 5), "each tile once"),
        ("kdtree_leaves.npy", _set((0, 0), 1), "each tile once"),
        ("kdtree_leaves.npy", _set((-1, 1), 99), "each tile once"),
        ("labels.npy", _set(0, 2), "outside -1..1"),
        ("dbscan_labels.npy", _set(0, -2), "outside -1..1"),
        ("ids.npy", _set(0, b""), "empty id"),
        ("ids.npy", _set(1, b"c300"), "not strictly ascending"),
        ("ids.npy", _set(11, b"\xff\xfe"), "not UTF-8"),
        ("scan_numbers.npy", _set(0, 3), "outside scans.json"),
        ("scan_numbers.npy", _set(0, -2), "outside scans.json"),
        ("picture_offsets.npy", _set(0, 1), "pictures.bin"),
        ("picture_offsets.npy", _set(-1, 1), "pictures.bin"),
        ("picture_offsets.npy", _set(2, 1), "pictures.bin"),
    ],
)
def test_values_that_cannot_be(
    copy: Path, tiny_bundle: Bundle, name: str, change: Callable[[NDArray[Any]], None], words: str
) -> None:
    """Values that would make a wrong answer or a crash later are refused at the start."""
    values = np.array(tiny_bundle.arrays[name])
    change(values)
    forge_array(copy, name, values)
    refused(copy, BundleDamaged, name, words)


def test_offsets_whose_differences_overflow(copy: Path, tiny_bundle: Bundle) -> None:
    """Each is compared with the one before: the difference of these comes out positive."""
    offsets = np.array(tiny_bundle.arrays["picture_offsets.npy"])
    offsets[2:4] = 2**63 - 1, -(2**63)
    forge_array(copy, "picture_offsets.npy", offsets)
    refused(copy, BundleDamaged, "picture_offsets.npy", "pictures.bin")


def test_a_bundle_without_probes(copy: Path, tiny_bundle: Bundle) -> None:
    """A self-test on nothing would prove anything."""
    for name in ("probes.npy", "probe_latents.npy", "probe_maps.npy"):
        forge_array(copy, name, tiny_bundle.arrays[name][:0])
    refused(copy, BundleDamaged, "probes.npy holds no tile")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        '[{"name": "a"}]',
        "not json",
        '{"a": 1}',
        '[{"name": 1, "patient": null}]',
        '[{"name": "\\ud800", "patient": null}]',
        '[{"name": "a", "patient": null, "more": 1}]',
        "[" * 100_000,
    ],
)
def test_scans_that_are_no_list_of_scans(copy: Path, text: str) -> None:
    """scans.json has its own shape, checked like the arrays."""
    (copy / "scans.json").write_text(text)
    reseal(copy)
    refused(copy, BundleDamaged, "scan")


def test_the_manifest_can_be_read_alone(tiny_path: Path) -> None:
    """`read_manifest` opens no other file."""
    assert read_manifest(tiny_path).source.tiles == 12


def test_a_files_hash(tmp_path: Path) -> None:
    """The hash is SHA-256 in hexadecimal."""
    (tmp_path / "file").write_bytes(b"abc")
    assert file_hash(tmp_path / "file").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    """The folder of a 12-tile bundle with an index that belongs to one test."""
    write_tiny_bundle(tmp_path / "indexed", index=True)
    return tmp_path / "indexed"


def test_a_bundle_with_an_index_opens(indexed: Path) -> None:
    """It has the five arrays of an index beside the others, and only then."""
    assert list(open_bundle(indexed).arrays) == [*ARRAYS, TILE_HASHES, *INDEX]


@pytest.mark.parametrize("name", sorted(INDEX))
def test_half_an_index(indexed: Path, name: str) -> None:
    """An index is whole or not there."""
    files = json.loads((indexed / "manifest.json").read_bytes())["files"]
    files.pop(name)
    reseal(indexed, files=files)
    refused(indexed, BundleDamaged, f"does not list {name}")


def test_index_files_without_an_index(indexed: Path) -> None:
    """Files that the manifest does not speak of are of no bundle."""
    manifest = json.loads((indexed / "manifest.json").read_bytes())
    manifest.pop("index")
    (indexed / "manifest.json").write_text(json.dumps(manifest))
    reseal(indexed)
    refused(indexed, BundleDamaged, "no file of a bundle", "index_axes.npy")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("index_rows.npy", _set(0, 12), "each tile once"),
        ("index_rows.npy", _set(0, -1), "each tile once"),
        ("index_rows.npy", _set(slice(0, 2), 5), "each tile once"),
        ("index_ends.npy", _set(0, 1), "divide the tiles"),
        ("index_ends.npy", _set(1, 13), "divide the tiles"),
        ("index_ends.npy", _set(2, 11), "divide the tiles"),
        ("index_axes.npy", _set((0, 0), 0.5), "not orthonormal"),
        ("index_sketches.npy", _set((0, 0), np.nan), "not finite"),
        ("index_centers.npy", _set((0, 0), np.inf), "not finite"),
    ],
)
def test_an_index_that_cannot_be(
    indexed: Path, name: str, change: Callable[[NDArray[Any]], None], words: str
) -> None:
    """An index that would miss tiles, name others or crash a search is refused at the start."""
    values = np.load(indexed / name)
    change(values)
    forge_array(indexed, name, values)
    refused(indexed, BundleDamaged, name, words)


def test_sketches_of_another_width(indexed: Path) -> None:
    """Sketches are one number longer than there are axes."""
    forge_array(indexed, "index_axes.npy", np.load(indexed / "index_axes.npy")[:, :1])
    refused(indexed, BundleDamaged, "index_sketches.npy", "do not fit")


def test_more_probes_than_lists(indexed: Path) -> None:
    """A search cannot look into more lists than there are."""
    about = json.loads((indexed / "manifest.json").read_bytes())["index"]
    reseal(indexed, index=about | {"probes": 3})
    refused(indexed, BundleDamaged, "manifest.json", "index")


@pytest.fixture
def hashed(tmp_path: Path) -> Path:
    """The folder of a 12-tile bundle with a hash of each picture that belongs to one test."""
    write_tiny_bundle(tmp_path / "hashed", picture_hashes=True)
    return tmp_path / "hashed"


def test_a_hashed_picture_is_checked_when_it_is_read(hashed: Path) -> None:
    """An altered picture is refused by its tile's name; the others are not."""
    before = [open_bundle(hashed).picture(row) for row in range(12)]
    data = bytearray((hashed / "pictures.bin").read_bytes())
    data[len(before[0]) + len(before[1]) // 2] ^= 1
    (hashed / "pictures.bin").write_bytes(data)
    opened = open_bundle(hashed)
    assert [opened.picture(row) for row in (0, *range(2, 12))] == [before[0], *before[2:]]
    with pytest.raises(BundleDamaged, match=r"pictures\.bin was altered at the tile 'c303'"):
        opened.picture(1)


def test_altered_hashes_of_pictures(hashed: Path) -> None:
    """The hashes themselves are checked at the start."""
    data = (hashed / "picture_hashes.npy").read_bytes()
    (hashed / "picture_hashes.npy").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refused(hashed, BundleDamaged, "picture_hashes.npy was altered")


@pytest.mark.parametrize("cut", [np.s_[:-1], np.s_[:, :-1]])
def test_hashes_of_another_shape(hashed: Path, cut: Any) -> None:
    """There is one hash of 16 bytes a tile."""
    forge_array(hashed, "picture_hashes.npy", np.load(hashed / "picture_hashes.npy")[cut])
    refused(hashed, BundleDamaged, "picture_hashes.npy", "(12, 16)")


def test_hashed_pictures_that_are_cut(hashed: Path) -> None:
    """The size of the pictures' file is compared at the start in any case."""
    data = (hashed / "pictures.bin").read_bytes()
    (hashed / "pictures.bin").write_bytes(data[:-1])
    refused(hashed, BundleDamaged, "pictures.bin is truncated")

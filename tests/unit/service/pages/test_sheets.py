"""Contact sheets and their pages."""

import pytest

from bundle import Bundle, UnknownCluster, open_bundle
from service.pages import sheets
from tests.tiny import write_tiny_bundle


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """400 tiles in 200 clusters."""
    target = tmp_path_factory.mktemp("many") / "bundle"
    write_tiny_bundle(target, count=400, clusters=200, ids=[f"t{n:03}" for n in range(400)])
    return open_bundle(target)


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("1", sheets.Page(1, 3, 0, 10)),
        ("3", sheets.Page(3, 3, 20, 25)),
        ("4", sheets.Page(3, 3, 20, 25)),
        ("0", sheets.Page(1, 3, 0, 10)),
        ("two", sheets.Page(1, 3, 0, 10)),
        ("²", sheets.Page(1, 3, 0, 10)),
        ("9" * 5000, sheets.Page(3, 3, 20, 25)),
    ],
)
def test_whatever_is_asked_becomes_a_page(asked: str, page: sheets.Page) -> None:
    """What is no page number becomes the nearest page."""
    assert sheets.page_of(asked, 25, 10) == page


def test_nothing_has_one_empty_page() -> None:
    """There is always a first page."""
    assert sheets.page_of("1", 0, 10) == sheets.Page(1, 1, 0, 0)


def test_a_sheet_starts_with_the_medoid_and_repeats_nothing(tiny_bundle: Bundle) -> None:
    """Medoid first, then others of the cluster, each once."""
    found = sheets.sheet(tiny_bundle, 0, 4)
    shown = [tile.id for tile in found.tiles]
    assert shown[0] == tiny_bundle.id(tiny_bundle.medoid(0) or 0)
    assert len(set(shown)) == 4
    assert (found.size, found.scans, found.has_medoid) == (6, 3, True)


def test_a_sheet_of_a_small_cluster_shows_it_all(tiny_bundle: Bundle) -> None:
    """Fewer tiles than places: every tile, once."""
    shown = {tile.id for tile in sheets.sheet(tiny_bundle, 0, 50).tiles}
    assert shown == {tiny_bundle.id(int(row)) for row in tiny_bundle.members(0)}


def test_stray_tiles_have_no_medoid(tiny_bundle: Bundle) -> None:
    """They have nothing in common, so none stands for the others."""
    found = sheets.sheet(tiny_bundle, -1, 5)
    assert ([tile.id for tile in found.tiles], found.has_medoid) == (["c333"], False)


def test_an_unknown_label_is_refused(tiny_bundle: Bundle) -> None:
    """The bundle's own error comes through."""
    with pytest.raises(UnknownCluster, match="from 0 to 1"):
        sheets.sheet(tiny_bundle, 9, 5)


def test_the_strip_adds_up_to_the_whole(tiny_bundle: Bundle) -> None:
    """Segments stand end to end, one a cluster and one for the stray tiles."""
    segments = sheets.strip(tiny_bundle)
    assert [segment.label for segment in segments] == [0, 1, -1]
    assert segments[-1].start + segments[-1].width == pytest.approx(1000)
    assert segments[0].name == "Cluster 0: 6 tiles, 50.0 %"


def test_the_strip_gathers_what_is_too_small_to_see(many: Bundle) -> None:
    """After 150 clusters the rest is one segment without a link."""
    segments = sheets.strip(many)
    assert [segment.label for segment in segments[-2:]] == [None, -1]
    assert segments[-2].name.startswith("50 smaller clusters: ")
    assert len(segments) == 152


def test_neighbours_in_a_cluster_are_one_step_away(tiny_bundle: Bundle) -> None:
    """Before and after a tile stand the next ones of its own cluster; none beyond an end."""
    assert sheets.beside(tiny_bundle, 0) == (None, "c303")
    assert sheets.beside(tiny_bundle, 5) == ("c312", None)

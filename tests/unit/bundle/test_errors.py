"""The tree of errors: what may be caught by what."""

import pytest

import bundle.errors
from bundle import TileError, TilescreenError, UnknownCluster, UnknownTile

CLASSES = [kind for kind in vars(bundle.errors).values() if isinstance(kind, type)]
KINDS = TileError.__subclasses__()


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, Exception)])
def test_one_base_catches_all(kind: type[Exception]) -> None:
    """Everything raised on purpose is a TilescreenError, drawn in the tree and documented."""
    assert issubclass(kind, TilescreenError)
    assert kind.__doc__
    assert kind.__name__ in str(bundle.errors.__doc__) or kind.__name__ == "InputError"


def test_codes_are_stable() -> None:
    """Clients switch on these words; a change here is a change of the API."""
    assert sorted(kind.code for kind in KINDS) == [
        "animated_tile",
        "damaged_tile",
        "empty_tile",
        "not_a_png",
        "tile_too_large",
        "tile_too_small",
    ]


def test_an_unknown_tile_without_near_matches() -> None:
    """No near match, no word of one."""
    assert str(UnknownTile("x", [])) == "No stored tile has the id 'x'."


def test_an_unknown_cluster_says_the_range() -> None:
    """The highest label is in the sentence and on the error."""
    error = UnknownCluster(7, 3)
    assert (error.label, error.highest) == (7, 3)
    assert "from 0 to 3" in str(error)

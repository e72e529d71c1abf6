"""Everything that can go wrong with a tile or a bundle.

TilescreenError
    TileError               the bytes cannot be used as a tile
        EmptyTile           nothing was sent
        NotAPng             the bytes are not a PNG
        DamagedTile         a PNG that ends early or does not decode
        TileTooSmall        a side is shorter than the smallest useful one
        TileTooLarge        more pixels than a tile may have
        AnimatedTile        more than one frame
    BundleError             the folder cannot be used as a bundle
        BundleMissing       the folder or a file in it is not there
        BundleDamaged       a file is truncated, altered or has the wrong shape
        BundleTooNew        written by a later format than this code reads
        BundleTooOld        written by an earlier format than this code reads
        SelfTestFailed      the encoder does not give the stored latents
    UnknownTile             no stored tile has this id
    UnknownCluster          no cluster has this label
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class TilescreenError(Exception):
    """Base of all errors raised on purpose; the message is a sentence for the user."""


class TileError(TilescreenError):
    """The bytes cannot be used as a tile; `code` is stable and safe to switch on."""

    code = "bad_tile"


class EmptyTile(TileError):
    """Nothing was sent."""

    code = "empty_tile"


class NotAPng(TileError):
    """The bytes do not begin with the PNG signature or are of no PNG."""

    code = "not_a_png"


class DamagedTile(TileError):
    """A PNG that ends early or does not decode."""

    code = "damaged_tile"


class TileTooSmall(TileError):
    """A side is shorter than `bundle.preprocess.MIN_SIDE`."""

    code = "tile_too_small"


class TileTooLarge(TileError):
    """The header announces more pixels than a tile may have; nothing was decoded."""

    code = "tile_too_large"


class AnimatedTile(TileError):
    """The PNG has more than one frame, so it is not clear which one is meant."""

    code = "animated_tile"


class BundleError(TilescreenError):
    """The folder cannot be used as a bundle; the message names the file and the reason."""

    folder: Path | None = None

    def __str__(self) -> str:
        """Return the sentence; when the folder is known, also what to do about it."""
        sentence = super().__str__()
        if self.folder is None:
            return sentence
        return f"{sentence} Copy the bundle {self.folder} again, or fit it anew."


@contextmanager
def naming(folder: Path) -> Iterator[None]:
    """Tell which bundle is damaged, and so what to do, in errors that name a file alone."""
    try:
        yield
    except (BundleDamaged, SelfTestFailed) as error:
        error.folder = folder
        raise


class BundleMissing(BundleError):
    """The folder or a file in it is not there."""


class BundleDamaged(BundleError):
    """A file is truncated, altered, or not of the shape that the manifest gives."""


class BundleTooNew(BundleError):
    """The bundle's format version is later than the one that this code reads."""


class BundleTooOld(BundleError):
    """The bundle's format version is earlier than the ones that this code reads."""


class SelfTestFailed(BundleError):
    """The encoder does not reproduce the latents stored for the probe tiles."""


class InputError(TilescreenError):
    """The input folder, table or option cannot be used; the message says what to do."""


class UnknownTile(TilescreenError):
    """No stored tile has this id; `near` holds stored ids that look like it."""

    def __init__(self, tile_id: str, near: Sequence[str]) -> None:
        self.tile_id = tile_id
        self.near = list(near)
        hint = f" Near matches: {', '.join(self.near)}." if self.near else ""
        super().__init__(f"No stored tile has the id {tile_id!r}.{hint}")


class UnknownCluster(TilescreenError):
    """No cluster has this label; `highest` is the largest label there is."""

    def __init__(self, label: int, highest: int) -> None:
        self.label = label
        self.highest = highest
        super().__init__(f"No cluster has the label {label}; labels go from 0 to {highest}.")

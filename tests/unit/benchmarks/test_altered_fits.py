"""The tiles that bundles are fitted on, as another scanner would have given them."""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.altered import ALTERED
from benchmarks.altered_fits import KINDS, altered_folder


def test_every_fifth_scan_is_altered_under_its_own_names(tmp_path: Path) -> None:
    """White is black, names stay, and the table comes along."""
    tiles, out = tmp_path / "tiles", tmp_path / "out"
    tiles.mkdir()
    out.mkdir()
    rows = ["id,scan,patient,y,x"]
    for scan in range(6):
        for left in (0, 32):
            grey = np.full((4, 4), 10 * scan + left, np.uint8)
            name = f"s{scan}_y00000_x{left:05d}"
            Image.fromarray(grey).save(tiles / f"{name}.png")
            rows.append(f"{name},s{scan},p{scan},0,{left}")
    (tiles / "tiles.csv").write_text("\n".join(rows))
    assert altered_folder(tiles, "white for black", out) == 4
    names = {f"s{scan}_y00000_x{left:05d}.png" for scan in (0, 5) for left in (0, 32)}
    assert {file.name for file in out.iterdir()} == {*names, "tiles.csv"}
    with Image.open(out / "s5_y00000_x00032.png") as picture:
        assert np.unique(np.asarray(picture)).tolist() == [255 - 82]


def test_kinds_are_known_and_change_greys_alone() -> None:
    """What moves with the place in a tile, or its size, would not fit the tiles beside."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for kind in KINDS:
        mixed = ALTERED[kind](ramp[::-1])
        np.testing.assert_array_equal(mixed, ALTERED[kind](ramp)[::-1])

"""Annotations laid on a tile: turned, mirrored, cut by the border, faint or strong."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.planting.annotations import KINDS, Card

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALLEST = 5.0
"""Height of the smallest letters in pixels of the tile: six on a tile of 299 seen at 192."""
FAINTEST = 0.03
_SHARES = {"letters": 3.0, "text": 2.0, "strip": 2.0, "plate": 2.0, "arrow": 0.6, "ruler": 0.8}
"""How often each kind comes; the others once."""
_HIDDEN = {"strip": 0.45, "plate": 0.35}
"""How often a part of a kind lies under something; 0.3 of the other cards and 0.15 of print."""
_VISIBLE = 12  # pixels of ink below which nobody could tell what it is
_INK = 0.35


@dataclass(frozen=True)
class Wanted:
    """What to plant: None lets chance decide, widely.

    size: height of the letters in pixels. contrast: grey difference to the ground in [0, 1].
    """

    kind: str | None = None
    size: float | None = None
    contrast: float | None = None


@dataclass(frozen=True)
class Planted:
    """A tile with one annotation.

    pixels: (h, w) float32 in [0, 1]. ink: (h, w) bool, where the annotation is.
    box: left, top, right, bottom in pixels round the ink; None when it fell outside.
    contrast: what came of it: mean grey difference at the ink.
    left: share of its contrast that the tile left it; tissue as bright as letters leaves none.
    clear: large and strong enough beside the tile's own structure to be told from it.
    """

    pixels: Pixels = field(repr=False)
    ink: Mask = field(repr=False)
    kind: str
    size: float
    contrast: float
    box: tuple[int, int, int, int] | None
    clear: bool
    left: float = 1.0
    ground: Pixels | None = field(default=None, repr=False)
    """The tile under it: as it was, or with black paper that hides part of the annotation."""
    paper: Mask | None = field(default=None, repr=False)
    """Where that paper lies; None without any."""


def plant(rng: np.random.Generator, tile: Pixels, wanted: Wanted | None = None) -> Planted:
    """Lay one annotation on a tile.

    Args:
        rng: decides what `wanted` leaves open, and the place.
        tile: (h, w) float32 in [0, 1]; left as it is.
        wanted: kind, size and contrast.

    Raises:
        ValueError: there is no such kind.
    """
    wanted = wanted or Wanted()
    kind = wanted.kind or _any_kind(rng)
    if kind not in KINDS:
        raise ValueError(f"There is no annotation {kind!r}; there are {', '.join(KINDS)}.")
    side = min(tile.shape)
    size = wanted.size or float(np.exp(rng.uniform(np.log(SMALLEST), np.log(0.8 * side))))
    contrast = wanted.contrast or float(np.exp(rng.uniform(np.log(FAINTEST), 0)))
    opaque = kind in _OPAQUE
    value, alpha, angle = _lay(rng, KINDS[kind](rng, size), tile)
    bound = _INK
    if rng.random() < 0.35:
        peak = float(alpha.max())
        value, alpha = _soften(value, alpha, size * rng.uniform(0.01, 0.12))
        bound *= float(alpha.max()) / max(peak, 1e-6)  # fine strokes are all soft
    ground, paper = tile, None
    if rng.random() < _HIDDEN.get(kind, 0.3 if opaque else 0.15):
        hidden = _hidden(rng, alpha, angle)
        alpha = alpha * ~hidden
        if rng.random() < 0.5:  # by black paper, which is darker than the film
            ground, paper = tile * ~hidden, hidden
    pixels = _paint(rng, ground, (value, alpha), contrast, opaque=opaque)
    slanted = abs(np.sin(2 * angle)) > np.sin(np.radians(16))  # eight degrees off the axes
    about = _About(kind, size, opaque=opaque, slanted=bool(slanted))
    planted = _judge(ground, pixels, alpha > bound, about)
    if not opaque and planted.ink.any():  # a ground of its own leaves it all
        whole = contrast * float((np.abs(value[planted.ink]) * alpha[planted.ink]).mean())
        planted = replace(planted, left=planted.contrast / whole if whole else 0.0)
    return replace(planted, ground=ground, paper=paper)


def cover(planted: Planted, paper: Mask) -> Planted:
    """Take out of an annotation what paper that was laid on it later hides.

    Args:
        planted: the annotation.
        paper: (h, w) bool.
    """
    ink = planted.ink & ~paper
    clear = planted.clear and int(ink.sum()) >= _VISIBLE
    return replace(planted, ink=ink, box=_box(ink), clear=clear)


def _any_kind(rng: np.random.Generator) -> str:
    shares = np.array([_SHARES.get(kind, 1.0) for kind in KINDS])
    return str(rng.choice(list(KINDS), p=shares / shares.sum()))


_OPAQUE = ("strip", "plate", "sticker", "bare_plate")


def _lay(rng: np.random.Generator, card: Card, tile: Pixels) -> tuple[Pixels, Pixels, float]:
    """Turn a card and put some point of its ink on a point of the tile; its angle comes last."""
    inked = np.argwhere(card.alpha > _INK)
    inked = inked if len(inked) else np.array([[0, 0]])
    matrix, angle = _turn(rng)
    if rng.random() < 0.22:
        origin, goal = _peeping(rng, inked, matrix, tile)
    else:
        origin, goal = inked[rng.integers(len(inked))], _place(rng, tile)
    # PIL asks, for each pixel of the tile, which of the card's belongs there.
    back = np.linalg.inv(matrix)
    shift = origin[::-1] - back @ goal[::-1]
    data = (back[0, 0], back[0, 1], shift[0], back[1, 0], back[1, 1], shift[1])
    size = (tile.shape[1], tile.shape[0])

    def moved(values: Pixels) -> Pixels:
        picture = Image.fromarray(np.pad(values, 1))
        inner = (*data[:2], data[2] + 1, *data[3:5], data[5] + 1)
        turned = picture.transform(
            size, Image.Transform.AFFINE, inner, Image.Resampling.BILINEAR, fillcolor=0
        )
        return np.asarray(turned, dtype=np.float32)

    alpha = moved(card.alpha)
    # The value is spread beyond the card, so that its edge is not darkened.
    value = np.where(alpha > 0.01, moved(card.value * card.alpha) / np.maximum(alpha, 0.01), 0)
    return value, alpha, angle


def _peeping(
    rng: np.random.Generator, inked: NDArray[np.intp], matrix: NDArray[np.float64], tile: Pixels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a point of the card and of the tile so that a sliver looks in over a border."""
    height, width = tile.shape
    inward = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])[rng.integers(4)]  # y, x
    turned = inked[:, ::-1] @ matrix.T
    tip = int((turned[:, ::-1] @ inward).argmax())
    deepest = max(3.0, 0.25 * min(height, width))
    depth = float(np.exp(rng.uniform(np.log(3), np.log(deepest))))
    at = rng.uniform(0.02, 0.98, 2) * (height, width)
    far = np.array([height, width]) - depth
    border = np.where(inward == 0, at, np.where(inward > 0, depth, far))
    return inked[tip].astype(np.float64), border


def _place(rng: np.random.Generator, tile: Pixels) -> NDArray[np.float64]:
    """Choose a point, mostly among the flatter places of the tile, where lettering is put."""
    height, width = tile.shape
    points: list[NDArray[np.float64]] = list(rng.uniform(0, 1, (4, 2)) * (height - 1, width - 1))
    if rng.random() < 0.4:
        return points[0]

    def rough(point: NDArray[np.float64]) -> float:
        y, x = point.astype(int)
        part = tile[max(0, y - 12) : y + 12, max(0, x - 12) : x + 12]
        return float(part.std() + 0.3 * part.mean())

    return min(points, key=rough)


def _turn(rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """Return a (2, 2) matrix on (x, y) and its angle: quarter turns or any, mirror, shear."""
    quarter = np.pi / 2 * rng.integers(0, 4)
    if rng.random() < 0.5:
        angle = quarter + np.radians(rng.normal(0, 4))
    else:
        angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    mirror = -1.0 if rng.random() < 0.3 else 1.0
    shear = rng.normal(0, 0.12) if rng.random() < 0.3 else 0.0
    squeeze = rng.uniform(0.7, 1.3) if rng.random() < 0.3 else 1.0
    return np.array([[cos, -sin], [sin, cos]]) @ [[mirror * squeeze, shear], [0, 1]], angle


def _soften(value: Pixels, alpha: Pixels, radius: float) -> tuple[Pixels, Pixels]:
    blurred = _blur(alpha, radius)
    spread = _blur(value * alpha, radius) / np.maximum(blurred, 0.01)
    return np.where(blurred > 0.01, spread, 0), blurred


def _blur(values: Pixels, radius: float) -> Pixels:
    page = Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))
    blurred = page.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, dtype=np.float32) / np.float32(255)


def _hidden(rng: np.random.Generator, alpha: Pixels, angle: float) -> Mask:
    """Return where an annotation is blacked out: by a rough shape, or by paper cut along it.

    Paper laid along a line of print leaves the lower halves of its letters, or a thin strip.
    """
    inked = np.argwhere(alpha > _INK)
    if not len(inked) or rng.random() < 0.5:
        return _blob(rng, alpha.shape)
    normal = angle + np.pi / 2 + np.radians(rng.normal(0, 3)) + np.pi * rng.integers(2)
    direction = np.array([np.sin(normal), np.cos(normal)])  # y, x
    depths = inked @ direction
    bound = depths.min() + (depths.max() - depths.min()) * rng.uniform(0.05, 0.8)
    y, x = np.mgrid[0 : alpha.shape[0], 0 : alpha.shape[1]]
    hidden: Mask = y * direction[0] + x * direction[1] > bound
    return hidden


def _blob(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    """Return a rough shape that hides part of an annotation, as names are blacked out."""
    height, width = shape
    centre = rng.uniform(0, 1, 2) * (width, height)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 14))
    radii = rng.uniform(0.1, 0.4) * min(shape) * rng.uniform(0.7, 1.3, 14)
    points = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    page = Image.new("1", (width, height))
    ImageDraw.Draw(page).polygon([tuple(point) for point in points.tolist()], fill=1)
    return np.asarray(page)


def _paint(
    rng: np.random.Generator,
    tile: Pixels,
    card: tuple[Pixels, Pixels],
    contrast: float,
    *,
    opaque: bool,
) -> Pixels:
    value, alpha = card
    weight = float(alpha.sum())
    ground = float((tile * alpha).sum() / weight) if weight > 0 else float(tile.mean())
    if opaque:
        low = min(ground * rng.uniform(0, 1), 1 - contrast) if rng.random() < 0.7 else 0.0
        painted = low + contrast * value
    else:
        darker = ground > contrast and rng.random() < (0.15 if ground < 0.5 else 0.6)
        step = -contrast if darker else contrast
        texture = tile if rng.random() < 0.35 else np.float32(ground)
        painted = texture + step * value
    result = tile * (1 - alpha) + painted.clip(0, 1) * alpha
    if not opaque and rng.random() < 0.3:  # bright letters glow on film
        result = result + contrast * rng.uniform(0.03, 0.15) * _blur(alpha, rng.uniform(3, 12))
    return result.clip(0, 1).astype(np.float32)


@dataclass(frozen=True)
class _About:
    kind: str
    size: float
    opaque: bool
    slanted: bool


def _judge(tile: Pixels, pixels: Pixels, ink: Mask, about: _About) -> Planted:
    count, box = int(ink.sum()), _box(ink)
    if box is None:
        return Planted(pixels, ink, about.kind, about.size, 0.0, None, clear=False)
    contrast = float(np.abs(pixels - tile)[ink].mean())
    around = tile[max(0, box[1] - 4) : box[3] + 4, max(0, box[0] - 4) : box[2] + 4]
    fine = np.abs(np.diff(around, axis=0)).mean() + np.abs(np.diff(around, axis=1)).mean()
    inner = float(pixels[ink].std()) if about.opaque else contrast
    clear = count >= _VISIBLE and inner > max(0.02, 1.5 * float(fine), 0.25 * float(around.std()))
    if about.kind == "bare_plate":
        # A plain upright field might be a mask or film; a slanted one that is light is a plate.
        light = float((pixels - tile)[ink].mean()) > 0.1
        clear = count >= _VISIBLE and ((about.slanted and light) or (clear and inner > 0.06))
    return Planted(pixels, ink, about.kind, about.size, contrast, box, clear)


def _box(ink: Mask) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

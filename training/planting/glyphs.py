"""Lines of text as coverage masks: printed, in strokes, in dots, by hand.

Fonts come from packages: Fredoka One, Hanken Grotesk, Source Sans Pro, Source Serif Pro,
Amatic SC and Intuitive (SIL OFL 1.1), and the Hershey strokes (MIT).
"""

from functools import cache
from importlib.resources import files

import numpy as np
from HersheyFonts import HersheyFonts
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_PRINTED = {
    "font_fredoka_one": ("FredokaOne-Regular.ttf",),  # rounded, as letters of lead are
    "font_source_sans_pro": ("SourceSansPro-Bold.ttf", "SourceSansPro-Regular.ttf"),
    "font_hanken_grotesk": ("HankenGrotesk-Bold.otf", "HankenGrotesk-Regular.otf"),
    "font_source_serif_pro": ("SourceSerifPro-Semibold.ttf", "SourceSerifPro-Regular.ttf"),
}
_HAND = {
    "font_amatic_sc": ("AmaticSC-Bold.ttf", "AmaticSC-Regular.ttf"),
    "font_intuitive": ("Intuitive.ttf",),
}
_STROKES = ("futural", "futuram", "rowmans", "rowmand", "timesr")
_SCRIPT = ("scripts", "scriptc", "cursive")
_MARKS = (
    *("L", "R", "R CC", "L CC", "RMLO", "LMLO", "RCC", "LCC", "R MLO", "L MLO", "CC", "MLO"),
    *("L ML", "R ML", "LM", "XCCL", "AT", "CV", "R", "L", "RL", "LL", "PA", "AP", "LAT", "TAN"),
)
_WORDS = (
    *("MAMMOGRAPHY", "CTR", "HOSPITAL", "CLINIC", "DEPT", "RADIOLOGY", "BREAST", "IMAGING"),
    *("NO", "DATE", "NAME", "AGE", "DOB", "KV", "MAS", "UNIT", "TECH", "DR", "MED", "CENTER"),
    *("ST", "MARY", "GENERAL", "X-RAY", "ID", "VIEW", "LEFT", "RIGHT", "LATERAL", "UPPER"),
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SMALLEST = 8

Coverage = NDArray[np.float32]


def mark(rng: np.random.Generator) -> str:
    """Return the text of a lead marker: side, view, now and then initials or a number."""
    kind = rng.random()
    if kind < 0.7:
        return str(rng.choice(_MARKS))
    if kind < 0.85:
        return "".join(rng.choice(list(_LETTERS), rng.integers(1, 4)))
    return number(rng)


def number(rng: np.random.Generator) -> str:
    """Return a few digits."""
    return "".join(map(str, rng.integers(0, 10, rng.integers(1, 6))))


def line(rng: np.random.Generator) -> str:
    """Return a line of a label: words, dates, numbers."""
    kind = rng.random()
    if kind < 0.35:
        return f"{rng.choice(_MONTHS)} {rng.integers(1, 32)} {rng.integers(1970, 2024)}"
    if kind < 0.5:
        separator = str(rng.choice(["/", "-", "."]))
        return separator.join(str(part) for part in rng.integers(1, 99, 3))
    words = list(rng.choice(_WORDS, rng.integers(1, 4)))
    if rng.random() < 0.4:
        words.append(number(rng))
    text = " ".join(words)
    return text.title() if rng.random() < 0.25 else text


def render(text: str, height: float, rng: np.random.Generator, *, hand: bool = False) -> Coverage:
    """Draw one line of text.

    Args:
        text: what to write.
        height: of its capital letters in pixels.
        rng: chooses the font and the way of writing.
        hand: as written by hand.

    Returns: (h, w) float32 in [0, 1], cropped to the ink.
    """
    ink = _write(text, max(_SMALLEST, height), rng, hand=hand)
    if height >= _SMALLEST:
        return ink
    share = height / _SMALLEST  # no font is drawn well so small
    size = (max(1, round(ink.shape[1] * share)), max(1, round(ink.shape[0] * share)))
    small = Image.fromarray(ink).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def _write(text: str, size: float, rng: np.random.Generator, *, hand: bool) -> Coverage:
    way = rng.random()
    if way < (0.5 if hand else 0.25):
        return _in_strokes(text, size, rng, _SCRIPT if hand else _STROKES)
    if not hand and way < 0.33:
        return _in_dots(text, size, rng)
    return _printed(text, size / 0.72, rng, _HAND if hand else _PRINTED)


@cache
def _font(package: str, name: str, size: int) -> ImageFont.FreeTypeFont:
    file = files(package).joinpath("files", name)
    return ImageFont.truetype(str(file), size)


def _printed(
    text: str, size: float, rng: np.random.Generator, fonts: dict[str, tuple[str, ...]]
) -> Coverage:
    package = str(rng.choice(list(fonts)))
    # Few sizes, so that the fonts in memory stay few: what is drawn is scaled later anyway.
    steps = round(8 * np.log2(max(size, 8)))
    font = _font(package, str(rng.choice(fonts[package])), round(2 ** (steps / 8)))
    stroke = int(rng.integers(0, 1 + round(size / 16))) if rng.random() < 0.3 else 0
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    page = Image.new("L", (max(1, int(right - left)), max(1, int(bottom - top))))
    ImageDraw.Draw(page).text((-left, -top), text, 255, font, stroke_width=stroke)
    return _ink(page)


def _in_strokes(
    text: str, size: float, rng: np.random.Generator, fonts: tuple[str, ...]
) -> Coverage:
    width = max(1, round(size * rng.uniform(0.05, 0.2)))
    strokes = [np.array(line) * size for line in _hershey(str(rng.choice(fonts)), text)]
    if not strokes:
        return np.ones((1, 1), np.float32)
    corner = np.min([line.min(axis=0) for line in strokes], axis=0) - width
    extent = np.max([line.max(axis=0) for line in strokes], axis=0) - corner + width
    page = Image.new("L", (int(extent[0]) + 1, int(extent[1]) + 1))
    draw = ImageDraw.Draw(page)
    for line in strokes:
        points = [tuple(point) for point in (line - corner).tolist()]
        draw.line(points, 255, width, joint="curve")
        if width > 2:  # round ends
            for x, y in (points[0], points[-1]):
                draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], 255)
    return _ink(page)


def _hershey(font: str, text: str) -> list[list[tuple[float, float]]]:
    """Return the strokes of a text whose capitals are about one unit high, y down."""
    strokes = _loaded(font).strokes_for_text(text)
    return [[(x, -y) for x, y in stroke] for stroke in strokes]


@cache
def _loaded(font: str) -> HersheyFonts:
    fonts = HersheyFonts()
    fonts.load_default_font(font)
    fonts.normalize_rendering(1)
    return fonts


def _in_dots(text: str, size: float, rng: np.random.Generator) -> Coverage:
    """Print as a matrix of dots, or of seven rows of square cells."""
    font = _font("font_source_sans_pro", "SourceSansPro-Bold.ttf", 12)
    left, top, right, bottom = font.getbbox(text)
    page = Image.new("L", (max(1, int(right - left)), max(1, int(bottom - top))))
    ImageDraw.Draw(page).text((-left, -top), text, 255, font)
    cells = np.asarray(page.resize((max(1, page.width * 7 // page.height), 7))) > 110
    cell = max(1, round(size / 7))
    grid = np.kron(cells, np.ones((cell, cell), dtype=bool))
    if cell >= 3 and rng.random() < 0.7:  # gaps between the dots
        grid[::cell] = False
        grid[:, ::cell] = False
    return _ink(Image.fromarray(grid.astype(np.uint8) * 255))


def _ink(page: Image.Image) -> Coverage:
    box = page.getbbox()
    kept = page.crop(box) if box else page
    return np.asarray(kept, dtype=np.float32) / np.float32(255)

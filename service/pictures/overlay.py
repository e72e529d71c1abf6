"""A tile with what was found drawn on it, for eyes."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bundle.arrays import Grey
from bundle.screening import Code, Reason, Verdict
from service.answering.screening import score_words, unplaced_words

LEAST_WIDTH = 384
"""Pixels; smaller tiles are enlarged by a whole factor."""
COLOURS: dict[Code, str] = {
    "LETTERING": "#ff7a1a",
    "FILM_EDGE": "#35b6ff",
    "MASKED": "#d07bff",
    "BLANK": "#a9b4bb",
    "OFF_TOPIC": "#ffe14d",
    "CONCEPT": "#5fd38d",
}
"""Told apart by people who see colours differently as well; pages.css has the same."""
_PLATE, _INK, _SOFT = "#0c0f11", "#f3f5f6", "#98a5ae"
_LINE_HEIGHT, _MARGIN, _LETTERS = 22, 8, 14
_STROKE = 3


def overlay(tile: Grey, verdict: Verdict, score: float, found: Sequence[Reason]) -> bytes:
    """Draw boxes on a tile, and below it what they are: nothing on the tile hides a letter.

    Args:
        tile: (side, side) uint8, the encoder's input.
        verdict: of the tile.
        score: its lettering score.
        found: boxes in pixels of `tile`.

    Returns: an RGB PNG, at least 384 pixels wide.
    """
    side = len(tile)
    factor = -(-LEAST_WIDTH // side)
    width = side * factor
    sheet = Image.new("RGB", (width, width + _LINE_HEIGHT * (len(found) + 1) + _MARGIN), _PLATE)
    enlarged = Image.fromarray(tile).resize((width, width), Image.Resampling.NEAREST)
    sheet.paste(enlarged.convert("RGB"))
    draw = ImageDraw.Draw(sheet)
    placed = [reason for reason in found if reason.box]
    for number, reason in enumerate(placed):
        _frame(draw, reason, factor, inset=number * (_STROKE + 1))
    _write(draw, width, f"{verdict}, lettering score {score_words(score)}", _INK)
    for number, reason in enumerate(found, 1):
        where = "" if reason.box else f", {unplaced_words(reason.code)}"
        words = f"{reason.name or reason.code} {score_words(reason.score)}{where}"
        _write(draw, width + number * _LINE_HEIGHT, words, _SOFT, COLOURS[reason.code])
    stream = BytesIO()
    sheet.save(stream, "PNG", compress_level=4)
    return stream.getvalue()


def _frame(draw: ImageDraw.ImageDraw, reason: Reason, factor: int, inset: int) -> None:
    """Draw a box, dark on both sides of its line so that it shows on any ground.

    `inset`: pixels inwards, so that equal boxes of several reasons all show.
    """
    assert reason.box
    left, top, right, bottom = (edge * factor for edge in reason.box)
    inset = min(inset, (right - left) // 4, (bottom - top) // 4)
    corners = (left + inset, top + inset, right - 1 - inset, bottom - 1 - inset)
    around = (corners[0] - 1, corners[1] - 1, corners[2] + 1, corners[3] + 1)
    draw.rectangle(around, outline=_PLATE, width=_STROKE + 2)
    draw.rectangle(corners, outline=COLOURS[reason.code], width=_STROKE)


def _write(
    draw: ImageDraw.ImageDraw, top: int, words: str, ink: str, swatch: str | None = None
) -> None:
    middle = top + _MARGIN // 2 + _LINE_HEIGHT // 2
    left = _MARGIN
    if swatch:
        draw.rectangle((left, middle - 5, left + 10, middle + 5), fill=swatch)
        left += 18
    font = ImageFont.load_default(_LETTERS)
    draw.text((left, middle), words, fill=ink, font=font, anchor="lm")

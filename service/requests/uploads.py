"""From a request's body to the bytes of its tiles, never holding more than the limits allow.

A raw PNG is taken as it comes. A form is taken apart in memory while it arrives: nothing is
written to disk, and what is over a limit is refused before the rest is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import (
    MalformedForm,
    TileTooLong,
    TooManyTiles,
    WrongMediaType,
)
from service.requests.admission import Ticket
from service.requests.bodies import read_body
from service.settings import Settings

if TYPE_CHECKING:  # the parser has it for type checkers only
    from python_multipart.multipart import MultipartCallbacks

FIELD = "files"
TILE_ID_HEADER = "X-Tile-Id"
_RAW_TYPES = {"image/png", "application/octet-stream", ""}


@dataclass(frozen=True)
class Upload:
    """One tile as it arrived: its bytes, or why they were not kept."""

    id: str | None
    data: bytes | TileTooLong


@dataclass(frozen=True)
class Uploads:
    """The tiles of one request in its order; `raw` when the body was one PNG."""

    tiles: list[Upload]
    raw: bool

    def hand_over(self) -> Iterator[bytes | TileTooLong]:
        """Yield what each tile holds and forget it here, so that it can be freed once used."""
        self.tiles.reverse()
        while self.tiles:
            yield self.tiles.pop().data


async def read_uploads(request: Request, settings: Settings, ticket: Ticket) -> Uploads:
    """Read the tiles of a request, one raw PNG or a form with `files`; `ticket` then holds them.

    Raises:
        WrongMediaType, BodyTooLarge, TooManyTiles, MalformedForm, SlowBody, BodiesFull, QueueFull.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    media_type = kind.decode("latin-1")
    if media_type == "multipart/form-data":
        uploads = await _read_form(request, options.get(b"boundary", b""), settings, ticket)
    elif media_type in _RAW_TYPES:
        uploads = await _read_raw(request, settings, ticket)
    else:
        raise WrongMediaType(
            f"The Content-Type is {media_type[:100]!r}. Send one tile as image/png, "
            f"or several as multipart/form-data in fields named {FIELD!r}."
        )
    ticket.take(len(uploads.tiles))
    return uploads


async def _read_raw(request: Request, settings: Settings, ticket: Ticket) -> Uploads:
    data = bytearray()
    await read_body(
        request,
        limit=min(settings.max_body_bytes, settings.max_tile_bytes),
        patience_s=settings.request_timeout_s,
        ticket=ticket,
        take=data.extend,
    )
    name = request.headers.get(TILE_ID_HEADER)
    # The server read the header's bytes as Latin-1.
    tile_id = unquote_to_bytes(name.encode("latin-1")).decode(errors="replace") if name else None
    return Uploads([Upload(tile_id, bytes(data))], raw=True)


async def _read_form(
    request: Request, boundary: bytes, settings: Settings, ticket: Ticket
) -> Uploads:
    if not boundary:
        raise MalformedForm("The Content-Type has no boundary. Let your HTTP library build it.")
    form = _Form(settings, ticket)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        await read_body(
            request,
            limit=settings.max_body_bytes,
            patience_s=settings.request_timeout_s,
            ticket=ticket,
            take=parser.write,
        )
        parser.finalize()
    except FormParserError as error:
        raise MalformedForm(
            f"The multipart body cannot be read ({error}). Let your HTTP library build it."
        ) from error
    if not form.ended:
        raise MalformedForm("The multipart body ends early. Send it again, whole.")
    if not form.tiles:
        raise MalformedForm(f"The form holds no file. Send tiles in fields named {FIELD!r}.")
    return Uploads(form.tiles, raw=False)


class _Form:
    """Collects the parts of a form as the parser meets them."""

    def __init__(self, settings: Settings, ticket: Ticket) -> None:
        self.tiles: list[Upload] = []
        self.ended = False
        self._settings = settings
        self._ticket = ticket
        self._header = [b"", b""]
        self._disposition = b""
        self._name: str | None = None
        self._data = bytearray()
        self._size = 0

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        if len(self.tiles) >= self._settings.max_client_batch:
            raise TooManyTiles(
                f"The form holds more than {self._settings.max_client_batch} tiles. "
                "Send them in several requests."
            )
        self._ticket.expect(len(self.tiles) + 1)
        self._header, self._disposition = [b"", b""], b""
        self._data, self._size = bytearray(), 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = [b"", b""]

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if field != FIELD:
            raise MalformedForm(
                f"The form has a field {field[:100]!r}. Send tiles in fields named {FIELD!r} only."
            )
        self._name = _stem(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size <= self._settings.max_tile_bytes:
            self._data += data[start:end]
        else:
            self._data.clear()

    def _part_end(self) -> None:
        limit = self._settings.max_tile_bytes
        data = bytes(self._data) if self._size <= limit else TileTooLong(self._size, limit)
        self.tiles.append(Upload(self._name, data))

    def _end(self) -> None:
        self.ended = True


def _stem(file_name: str) -> str | None:
    """Return a file's name without folders and ending, as the id of its tile."""
    return PurePosixPath(file_name.replace("\\", "/")).stem or None

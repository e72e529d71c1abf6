"""What a connection may cost before and after its request: uvicorn's own, with bounds.

uvicorn bounds neither how long a request's head may take nor how large it may be, and after an
early answer it reads on for as long as the client sends. All this happens below the routes, so
it is bounded here, in the protocol class that uvicorn lets one set.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

import orjson
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.errors import (
    MEDIA_TYPE,
    HeadTooLarge,
    MalformedRequest,
    ServiceError,
    SlowHead,
    problem_of,
)

MAX_HEAD_BYTES = 32 * 1024
"""Address and headers of one request, trailers of a chunked body included."""
MAX_HEADERS = 100
MAX_PIPELINED = 16
"""Requests that may wait on one connection behind the one being answered."""
_HOST = b"host"
_UPGRADE = b"upgrade"
_VERSIONS = ("1.0", "1.1")
_ONCE_ROUND_S = 0.05
LINGER_S = 2.0
LINGER_BYTES = 1 << 20
"""What is still read, and thrown away, of a body that was refused before its end: closing at
once would make many clients lose the answer that they have not read yet."""
FETCHED_BYTES = 64 * 1024
"""What a client fetches of its answer, at least, while the patience lasts; or all that is left."""


class Connection(HttpToolsProtocol):
    """One connection; `patience_s` for each head, and for each answer to be fetched."""

    patience_s = 10.0
    _in_head = True
    _head_bytes = 0
    _headers = 0
    _hosts = 0
    _begun = False
    """Whether the first byte of a head is there, and not yet its last."""
    _raw_bytes = 0
    """Bytes since then; the parser keeps an unfinished header to itself."""
    _ended = False
    """Whether the bytes at hand ended a head."""
    _spare: int | None = None
    """Bytes that may still come of a refused body; None while no body is refused."""
    _wished = False
    """Whether the request at hand wishes for another protocol, which there is none of here."""
    _unfetched = 0
    """Bytes of answers that had not left when it was last looked."""
    _last_word = b""
    """A refusal, or none, that waits for the answers before it; nothing is read any more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._clocks: dict[str, asyncio.TimerHandle] = {}
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._start("head", self.patience_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks, and tell every request that nobody waits for it any more."""
        for name in list(self._clocks):
            self._stop(name)
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to no request yet, or to a refused one; then parse."""
        if self._over():
            return
        if self._spare is not None:
            self._spare -= len(data)
            if self._spare < 0:
                self._end()
                return
        if self._in_head:
            self._start("head", self.patience_s, self._head_is_late)
        before, self._ended = self._begun, False
        self._parse(data)
        if self._over():
            return
        if self._begun:  # behind the end of a request
            self._start("head", self.patience_s, self._head_is_late)
        if before and not self._ended:
            self._raw_bytes += len(data)
            if self._raw_bytes > MAX_HEAD_BYTES:
                self._refuse(_too_large())

    def _parse(self, data: bytes) -> None:
        """Parse as uvicorn does, but for a body that follows a wish for another protocol.

        `curl --http2` wishes for one with each request. The parser leaves that body out, as if it
        were of the other protocol; so the request is parsed once more, without the wish.
        """
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as wish:
            again = self._without_wish() + data[wish.args[0] :]
            self._wished = False
            self.parser = HttpRequestParser(self)  # the other one may take this for the end
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn
            self.data_received(again)
        except HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("")

    def _without_wish(self) -> bytes:
        """Return the head that was read, as it goes over the wire, but for the wish."""
        version = self.parser.get_http_version().encode()
        first = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)
        headers = [b"%s: %s" % header for header in self.headers if header[0] != _UPGRADE]
        return b"\r\n".join([first, *headers, b"", b""])

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._headers = self._hosts = self._head_bytes = self._raw_bytes = 0
        self._begun = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer."""
        self._headers += 1
        if len(name) == len(_HOST) and name.lower() == _HOST:
            self._hosts += 1
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES or self._headers > MAX_HEADERS:
            self._refuse(_too_large())
            raise ValueError("the head is too large")  # ends the parsing

    def on_headers_complete(self) -> None:
        """End a head."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":  # no wish: its body would be left out again
                raise ValueError("this is no proxy")
            self._wished = True
            return
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            raise ValueError("not HTTP/1")
        if self._hosts > 1 or (version == "1.1" and not self._hosts):
            self._refuse(_HOSTS)
            raise ValueError("not one Host")
        self._stop("head")
        if len(self.pipeline) >= MAX_PIPELINED:
            self._end()
            raise ValueError("too many requests wait")
        before = self.cycle
        super().on_headers_complete()  # raises at an address that cannot be used: still in the head
        self._in_head, self._begun, self._ended = False, False, True
        if self.cycle is not before:
            self._unanswered.append(self.cycle)

    def on_message_complete(self) -> None:
        """End a request: what comes next belongs to another."""
        if self._wished:
            return
        self._in_head, self._spare = True, None
        self._stop("linger")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Read on for a moment when the answer came before the end of the body."""
        self._unanswered.popleft()
        if self._last_word and not self._unanswered:
            self._say_last_word()
            return
        super().on_response_complete()
        self._see_it_closed()
        if not self._in_head and self.cycle.response_complete:
            self._spare = LINGER_BYTES
            self._start("linger", LINGER_S, self._end)

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not fetch its answer."""
        super().pause_writing()
        self._await_fetching("write")

    def resume_writing(self) -> None:
        """Go on."""
        self._stop("write")
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is idle."""
        self._end()

    def shutdown(self) -> None:
        """Close, at once or after the answer under way."""
        super().shutdown()
        self._see_it_closed()

    def _end(self) -> None:
        """Close once what was written is fetched; whoever does not fetch it is not waited for."""
        self.transport.close()
        self._see_it_closed()

    def _see_it_closed(self) -> None:
        if self.transport.is_closing() and "close" not in self._clocks:
            self._stop("write")
            self._await_fetching("close")

    def _await_fetching(self, clock: str) -> None:
        self._unfetched = self.transport.get_write_buffer_size()
        self._start(clock, self.patience_s, partial(self._fetch_is_late, clock))

    def _fetch_is_late(self, clock: str) -> None:
        """Wait on while enough of the answer is fetched in each span of patience."""
        self._stop(clock)
        if self.transport.get_write_buffer_size() > self._unfetched - FETCHED_BYTES:
            self.transport.abort()
        else:
            self._await_fetching(clock)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002, uvicorn's words for it
        """Answer what is no HTTP."""
        if not self._over():
            self._refuse(_NO_HTTP)

    def _head_is_late(self) -> None:
        # The loop itself may have been late: what is there already is read before this ends.
        self._stop("head")
        self._start("head", _ONCE_ROUND_S, self._head_is_missing)

    def _head_is_missing(self) -> None:
        self._stop("head")
        if self._unanswered:  # a request sent ahead; it has time until this answer is given
            self._start("head", self.patience_s, self._head_is_late)
        elif self._begun:
            self._refuse(
                SlowHead(
                    f"The request's head did not arrive within {self.patience_s:g} s. "
                    "Send it again, whole."
                )
            )
        else:
            self._end()

    def _over(self) -> bool:
        """Tell whether nothing that comes now counts any more."""
        return bool(self._last_word) or self.transport.is_closing()

    def _refuse(self, error: ServiceError) -> None:
        """Refuse what comes now, in its turn: requests before it are answered first.

        A body that breaks off gets the refusal in place of its request's answer, if that has
        not begun.
        """
        self._stop("head")
        self._last_word = _spelt(error)
        if not self._in_head:  # of a request whose head was sound
            broken = self.cycle
            if broken.response_complete or broken.response_started:
                self._end()
                return
            self._unanswered.remove(broken)
            broken.disconnected = True
            broken.message_event.set()
            if self.pipeline and self.pipeline[0][0] is broken:
                self.pipeline.popleft()
        if not self._unanswered:
            self._say_last_word()

    def _say_last_word(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._last_word)
        self._end()

    def _start(self, name: str, seconds: float, end: Callable[[], None]) -> None:
        if name not in self._clocks:
            self._clocks[name] = self.loop.call_later(seconds, end)

    def _stop(self, name: str) -> None:
        if clock := self._clocks.pop(name, None):
            clock.cancel()


_NO_HTTP = MalformedRequest(
    "What was sent cannot be read as HTTP/1.1: its first line or address, a header or a length is "
    "not as HTTP has it. Send it with a client for HTTP; the service itself does not speak TLS."
)
_HOSTS = MalformedRequest(
    "A request of HTTP/1.1 has one header named Host, and this one has none or several. "
    "Send it with a client for HTTP."
)


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(
        f"The request's head has more than {MAX_HEAD_BYTES:,} bytes or {MAX_HEADERS} headers. "
        "Send fewer headers, or a shorter address."
    )


def _spelt(error: ServiceError) -> bytes:
    """Return the answer as it goes over the wire: no route was reached, so nothing adds to it."""
    problem = problem_of(error)
    body = orjson.dumps(problem.members())
    head = (
        f"HTTP/1.1 {problem.kind.status} {problem.kind.title}\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def patient(patience_s: float) -> type[Connection]:
    """Return the class of connections with this patience, in seconds."""
    return type("Patient", (Connection,), {"patience_s": patience_s})

"""Attacks before the body: heads that are slow, endless, or lie."""

import itertools
import json
import re
import socket
from contextlib import ExitStack

import pytest

from tests.pictures import png
from tests.tiny import tiny_tiles
from tests.wire import CHUNKED, FORM, PNG, Answer, Victim, chunk, head, is_closed, part, read, send

TILE = png(tiny_tiles()[0])


def test_silent_connection(service: Victim) -> None:
    """A connection on which nothing is asked is closed."""
    with service.connect() as connection:
        assert is_closed(connection)


def test_slow_head(service: Victim) -> None:
    """A head that comes a byte at a time is answered 408 and closed, however long it goes on."""
    with service.connect() as connection:
        letters = itertools.chain([b"GET /livez HTTP/1.1\r\nX-Slow: "], itertools.repeat(b"a"))
        send(connection, letters, pause_s=0.05)
        answer = read(connection)
        assert is_closed(connection)
    assert (answer.status, b"slow_head" in answer.body) == (408, True)


def test_second_head_that_never_ends(service: Victim) -> None:
    """A connection that was answered once has no more time for its second request's head."""
    with service.connect() as connection:
        connection.sendall(head("GET /livez"))
        assert read(connection).status == 200
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        assert read(connection).status == 408


def test_half_a_head_behind_a_request(service: Victim) -> None:
    """In the same piece, it has no more time than one that comes by itself."""
    with service.connect() as connection:
        connection.sendall(head("GET /livez") + b"GET /li")
        told = all_of(connection)
    assert statuses(told) == [200, 408]


def test_blank_lines_forever(service: Victim) -> None:
    """Line ends in place of a request do not keep a connection open."""
    with service.connect() as connection:
        connection.sendall(head("GET /livez"))
        read(connection)
        send(connection, itertools.repeat(b"\r\n"), pause_s=0.05)
        assert is_closed(connection)


FLOODS = {
    "100,000 headers": [b"GET /livez HTTP/1.1\r\n", *[b"X: y\r\n" * 1000] * 100],
    "a header without end": [b"GET /livez HTTP/1.1\r\nX: ", *[b"a" * 65536] * 160],
    "a header's name without end": [b"GET /livez HTTP/1.1\r\n", *[b"a" * 65536] * 160],
    "an address without end": [b"GET /", *[b"a" * 65536] * 160],
}


@pytest.mark.parametrize("name", FLOODS)
def test_header_flood(service: Victim, name: str) -> None:
    """Ten megabytes of head are refused with 431 after some 100 KB, and the connection closed."""
    with service.connect() as connection:
        send(connection, FLOODS[name], pause_s=0.002)
        answer = read(connection)
        assert is_closed(connection)
    assert (answer.status, b"head_too_large" in answer.body) == (431, True)


def test_trailer_flood(service: Victim) -> None:
    """Headers after a chunked body count as headers: a request with 100,000 is not answered."""
    trailers = [b"X: y\r\n" * 1000] * 100
    with service.connect() as connection:
        send(connection, [head("POST /encode", PNG, CHUNKED), chunk(TILE), b"0\r\n", *trailers])
        answer = read(connection)
    assert answer.status in {0, 431}


def test_pipelined_flood(service: Victim) -> None:
    """10,000 requests in one piece do not pile up: the connection is closed."""
    with service.connect() as connection:
        send(connection, [head("GET /neighbors/c300") * 10_000])
        assert is_closed(connection)


@pytest.mark.parametrize(
    "lies",
    [
        ("Content-Length: 10", "Content-Length: 20"),
        ("Content-Length: 10", CHUNKED),
        ("Content-Length: -1",),
        ("Content-Length: 99999999999999999999999",),
        ("Transfer-Encoding: xchunked",),
    ],
)
def test_lengths_that_contradict_each_other(service: Victim, lies: tuple[str, ...]) -> None:
    """Two lengths, a length beside chunks, an impossible one: 400 at once, closed."""
    with service.connect() as connection:
        connection.sendall(head("POST /encode", PNG, *lies))
        assert_malformed(read(connection))
        assert is_closed(connection)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",  # what begins TLS
        b"HELO service\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nno header\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /livez HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /livez HTTP/2.0\r\nHost: a\r\n\r\n",
        head("CONNECT localhost:443"),
        head("CONNECT /livez", "Content-Length: 40") + head("GET /livez"),
        head("GET http://localhost:99999/"),
    ],
)
def test_what_is_no_request(service: Victim, sent: bytes) -> None:
    """TLS, another protocol, a broken header, no Host or two: 400 as a problem, closed."""
    with service.connect() as connection:
        connection.sendall(sent)
        assert_malformed(read(connection))
        assert is_closed(connection)


@pytest.mark.parametrize(
    "bad", [b"NONSENSE\r\n\r\n", head("GET http://localhost"), head("CONNECT localhost:443")]
)
def test_what_is_no_request_waits_for_its_turn(service: Victim, bad: bytes) -> None:
    """Sent behind sound requests in one piece, it is refused after their answers, not in place."""
    with service.connect() as connection:
        connection.sendall(head("GET /livez") * 2 + bad + head("GET /livez"))
        told = all_of(connection)
    assert statuses(told) == [200, 200, 400]


@pytest.mark.parametrize(
    "last", [b"NONSENSE\r\n\r\n", b"GET /livez HTTP/1.1\r\n\r\n", head("CONNECT a:443")]
)
def test_no_refusal_gets_into_an_answer(service: Victim, last: bytes) -> None:
    """While lines are streamed, a sound request and a bad one come: three answers, each whole."""
    form = b"".join(part(TILE, f"t{number}.png") for number in range(32)) + b"--x--\r\n"
    lines = head(
        "POST /screen", FORM, f"Content-Length: {len(form)}", "Accept: application/x-ndjson"
    )
    with service.connect() as connection:
        connection.sendall(lines + form)
        begun = connection.recv(1)
        connection.sendall(head("GET /livez") + last)
        told = begun + all_of(connection)
    assert statuses(told) == [200, 200, 400]
    assert told.count(b'"index":') == 32


def test_a_body_that_breaks_off_is_refused_once(service: Victim) -> None:
    """A chunk without a size: 400 in place of the answer, after that of the request before."""
    with service.connect() as connection:
        broken = head("POST /encode", PNG, CHUNKED) + b"QQ\r\n"
        connection.sendall(head("GET /livez") + broken)
        told = all_of(connection)
    assert statuses(told) == [200, 400]


def all_of(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    told = b""
    while more := connection.recv(65536):
        told += more
    return told


def statuses(told: bytes) -> list[int]:
    """Return the status of each answer, in the order in which they came."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d+) ", told)]


WISH = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("cut", [0, 1, 40, 200, 250, 400])
def test_wish_for_another_protocol(service: Victim, version: str, cut: int) -> None:
    """`curl --http2` sends it with a tile: HTTP/1.1 goes on, wherever the bytes are cut."""
    sent = head("POST /encode", PNG, f"Content-Length: {len(TILE)}", *WISH) + TILE
    sent = sent.replace(b"HTTP/1.1", b"HTTP/" + version.encode(), 1)
    answer = service.ask(sent[:cut], sent[cut:])
    assert answer.status == 200
    assert json.loads(answer.body)["results"] == service.post("/encode", TILE).json()["results"]


def test_wishes_among_other_requests(service: Victim) -> None:
    """A length, chunks or no body, WebSocket's wish, sent ahead in one piece: all in order."""
    chunks = head("POST /encode", PNG, CHUNKED, *WISH) + chunk(TILE[:9]) + chunk(TILE[9:])
    socket_ = head("GET /livez", "Connection: keep-alive, Upgrade", "Upgrade: websocket")
    closing = head("POST /encode", PNG, f"Content-Length: {len(TILE)}", "Connection: close", *WISH)
    with service.connect() as connection:
        connection.sendall(socket_ + chunks + b"0\r\n\r\n" + head("GET /nowhere") + closing + TILE)
        told = all_of(connection)
    assert statuses(told) == [200, 200, 404, 200]
    assert told.count(b'"latent":') == 2


def test_wishes_without_end(service: Victim) -> None:
    """10,000 in one piece do not pile up, on each other or on the connection."""
    with service.connect() as connection:
        send(connection, [head("GET /neighbors/c300", *WISH) * 10_000])
        assert is_closed(connection)


@pytest.mark.parametrize(
    "sent",
    [
        head("CONNECT localhost:443", *WISH),
        head("CONNECT /livez", *WISH),
        head("GET http://localhost:99999/", *WISH),
        head("GET /livez", "Host: b", *WISH),
        head("GET /livez", *WISH).replace(b"HTTP/1.1", b"HTTP/2.0"),
        head("GET /livez", "Upgrade: h2c", "Connection: Upgrade", "no header"),
    ],
)
def test_a_wish_makes_nothing_sound(service: Victim, sent: bytes) -> None:
    """What is no request is none with a wish in it."""
    with service.connect() as connection:
        connection.sendall(sent)
        assert_malformed(read(connection))
        assert is_closed(connection)


def test_http_1_0_needs_no_host(service: Victim) -> None:
    """Probes of HTTP/1.0 name no host."""
    assert service.ask(b"GET /livez HTTP/1.0\r\n\r\n").status == 200


def assert_malformed(answer: Answer) -> None:
    """Assert that it is a problem as RFC 9457 has it, with status 400."""
    problem = json.loads(answer.body)
    assert (answer.status, problem["status"], problem["code"]) == (400, 400, "malformed_request")
    assert "content-type: application/problem+json" in answer.head


def test_500_idle_connections(service: Victim) -> None:
    """Five hundred connections that say half a word keep nobody out."""
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(service.connect()).sendall(b"GET /")
        assert service.post("/encode", TILE).status_code == 200


def test_addresses_that_climb(service: Victim) -> None:
    """Steps out of the folder of assets, plain or encoded, find nothing."""
    for path in ("/assets/../server.py", "/assets/..%2f..%2fetc/passwd", "/tiles/..%2f..%2fetc"):
        answer = service.ask(head(f"GET {path}"))
        assert answer.status == 404, path


def test_headers_that_would_break_the_answer(service: Victim) -> None:
    """An id with line ends or binary noise is not sent back as a header."""
    answer = service.ask(head("GET /livez", "X-Request-Id: a\tb%0d%0aSet-Cookie: c=d"))
    assert (answer.status, "set-cookie" in answer.head) == (200, False)
    told = service.api.post("/encode", content=TILE, headers={"X-Tile-Id": "a%0d%0ab%00%ff"})
    assert told.json()["results"][0]["id"].startswith("a\r\nb")

"""Attacks with the body: too many parts, lies about its length, no end, no hurry."""

import gzip
import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.pictures import png
from tests.tiny import tiny_tiles
from tests.wire import CHUNKED, FORM, PNG, Victim, chunk, head, is_closed, part, read, send

TILE = png(tiny_tiles()[0])
MIB = 2**20


def pieces(data: bytes, size: int = 65536) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("length", [FORM, CHUNKED])
def test_100000_parts(service: Victim, length: str) -> None:
    """A form of 100,000 parts is refused at the first too many, with a length and without."""
    body = part(b"") * 100_000
    told = CHUNKED if length == CHUNKED else f"Content-Length: {len(body)}"
    sent = map(chunk, pieces(body)) if length == CHUNKED else pieces(body)
    answer = service.ask(head("POST /encode", FORM, told), *sent)
    assert answer.status == 413
    assert b"too_many_tiles" in answer.body or b"at most 1,048,576" in answer.body


def test_parts_without_files(service: Victim) -> None:
    """A form of another's fields is refused at the first."""
    field = b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nv\r\n'
    answer = service.ask(head("POST /encode", FORM, CHUNKED), chunk(field * 5000))
    assert (answer.status, b"malformed_form" in answer.body) == (400, True)


@pytest.mark.parametrize("noise", [b"a" * 200_000, b"X: y\r\n" * 30_000])
def test_part_headers_without_end(service: Victim, noise: bytes) -> None:
    """A part whose headers never end is refused with 400."""
    answer = service.ask(head("POST /encode", FORM, CHUNKED), chunk(b"--x\r\n"), chunk(noise))
    assert answer.status == 400


def test_length_that_promises_more(service: Victim) -> None:
    """A body that stops before its length is answered 408, not waited for."""
    answer = service.ask(head("POST /encode", PNG, f"Content-Length: {len(TILE) + 1}"), TILE)
    assert (answer.status, b"slow_body" in answer.body) == (408, True)


def test_length_that_hides_a_second_request(service: Victim) -> None:
    """What follows a body is a request of its own, never part of another's answer."""
    short = head("POST /encode", PNG, "Content-Length: 10") + TILE
    with service.connect() as connection:
        connection.sendall(short)
        assert read(connection).status in {400, 415}  # ten bytes are no PNG, the rest is no HTTP
        assert is_closed(connection)


def test_announced_too_large(service: Victim) -> None:
    """A length over the limit is answered 413 with both numbers; nothing is asked for or read."""
    with service.connect() as connection:
        size = "Content-Length: 200000000"
        connection.sendall(head("POST /encode", PNG, size, "Expect: 100-continue"))
        answer = read(connection)
    assert answer.status == 413
    assert b"200,000,000 bytes; at most 262,144" in answer.body


@pytest.mark.parametrize("kind", [PNG, FORM])
def test_endless_chunks(service: Victim, kind: str) -> None:
    """A body without end is refused at the limit; soon nothing more is read, and it is closed."""
    with service.connect() as connection:
        connection.sendall(head("POST /encode", kind, CHUNKED) + chunk(part(b"")[:-2]))
        while send(connection, [chunk(bytes(65536))], pause_s=0.001):
            pass
        assert read(connection).status == 413
        assert send(connection, [chunk(bytes(65536))] * 400) < 400 * 65536


def test_chunks_of_one_byte(service: Victim) -> None:
    """A tile in chunks of a byte, with noise in their extensions, is a tile all the same."""
    small = b"".join(b"1;x=%s\r\n%c\r\n" % (b"y" * 20, byte) for byte in TILE)
    assert service.ask(head("POST /encode", PNG, CHUNKED), small, b"0\r\n\r\n").status == 200


def test_chunk_extension_without_end(service: Victim) -> None:
    """Bytes that are no body do not count as one: answered 408, then closed."""
    with service.connect() as connection:
        start = head("POST /encode", PNG, CHUNKED) + b"5;"
        send(connection, itertools.chain([start], itertools.repeat(b"x" * 1000)), pause_s=0.01)
        assert read(connection).status == 408


def test_slow_body(service: Victim) -> None:
    """A byte now and then is not enough for a body that announced much: 408."""
    with service.connect() as connection:
        start = head("POST /encode", PNG, "Content-Length: 200000")
        began = time.monotonic()
        send(connection, itertools.chain([start], itertools.repeat(b"x")), pause_s=0.05)
        assert read(connection).status == 408
        assert time.monotonic() - began < 3  # all of request_timeout_s


def test_slow_bodies_do_not_hold_the_budget(service: Victim) -> None:
    """Four that announce all bytes and send none are sent away; then others are let in."""
    with ExitStack() as stack:
        slow = [stack.enter_context(service.connect()) for _ in range(4)]
        for connection in slow:
            connection.sendall(head("POST /encode", FORM, "Content-Length: 1048576"))
        time.sleep(0.1)  # all four are inside now
        statuses = [service.post("/encode", TILE).status_code]
        while statuses[-1] == 429:
            statuses.append(service.post("/encode", TILE).status_code)
        assert (statuses[0], statuses[-1]) == (429, 200)
        assert {read(connection).status for connection in slow} == {408}


def test_compressed_body(service: Victim) -> None:
    """A compressed body is not unpacked: its bytes are no PNG."""
    bomb = gzip.compress(bytes(50 * MIB))
    sent = head("POST /encode", PNG, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    assert service.ask(sent, bomb).status == 415


def test_answers_that_nobody_fetches(service: Victim) -> None:
    """A client that asks for much and reads nothing is dropped; its memory with it."""
    form = b"".join(part(TILE) for _ in range(32)) + b"--x--\r\n"
    request = head("POST /screen", FORM, f"Content-Length: {len(form)}") + form
    with ExitStack() as stack:
        deaf = [stack.enter_context(service.connect()) for _ in range(20)]
        for connection in deaf:
            connection.sendall(request)
        assert service.post("/encode", TILE).status_code in {200, 429}


def test_a_form_to_sign_in_that_never_ends(service: Victim) -> None:
    """Nobody needs a key to send one, so it keeps the pace of all bodies, or is sent away."""
    form = "Content-Type: application/x-www-form-urlencoded"
    answer = service.ask(head("POST /sign-in", form, "Content-Length: 100"), b"key=")
    assert (answer.status, b"slow_body" in answer.body) == (408, True)

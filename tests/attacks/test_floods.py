"""Attacks with too much honest work, and by leaving before it is done."""

import threading
import time

from tests.pictures import png
from tests.tiny import tiny_tiles
from tests.wire import FORM, PNG, Victim, head, part, read

TILE = png(tiny_tiles()[0])
FORM_OF_8 = b"".join(part(TILE) for _ in range(8)) + b"--x--\r\n"
EIGHT = head("POST /encode", FORM, f"Content-Length: {len(FORM_OF_8)}") + FORM_OF_8


def test_full_queue(waiting_service: Victim) -> None:
    """With all room taken, 429 and Retry-After come for the head alone; those inside are served."""
    with waiting_service.connect() as inside, waiting_service.connect() as outside:
        inside.sendall(EIGHT)
        time.sleep(0.1)
        outside.sendall(head("POST /encode", PNG, f"Content-Length: {len(TILE)}"))
        refused = read(outside)
        assert (refused.status, "retry-after: 1" in refused.head) == (429, True)
        outside.sendall(TILE)  # the connection is still good: the body is thrown away
        outside.sendall(head("GET /livez"))
        assert read(outside).status == 200
        assert read(inside).status == 200


def test_one_tile_and_many_meet_one_gate(waiting_service: Victim) -> None:
    """With one place left, a tile alone is let in, raw or in a form, and two are not."""
    seven = [("files", ("a.png", TILE)) for _ in range(7)]
    for files, status in ((1, 200), (2, 429)):
        thread = threading.Thread(
            target=waiting_service.api.post, args=("/encode",), kwargs={"files": seven}
        )
        thread.start()
        time.sleep(0.1)
        answer = waiting_service.api.post("/encode", files=seven[:files])
        thread.join()
        assert answer.status_code == status


def test_who_leaves_frees_the_queue(waiting_service: Victim) -> None:
    """Tiles of a client that hung up leave at once: the next one finds all room free."""
    with waiting_service.connect() as connection:
        connection.sendall(EIGHT)
        time.sleep(0.1)
    time.sleep(0.1)
    with waiting_service.connect() as connection:
        connection.sendall(EIGHT)
        assert read(connection).status == 200


def test_leaving_again_and_again(service: Victim) -> None:
    """Two hundred clients that send work and hang up leave nothing behind."""
    for _ in range(200):
        with service.connect() as connection:
            connection.sendall(EIGHT)
    assert service.post("/encode", TILE).status_code == 200


def test_more_than_can_be_done(service: Victim) -> None:
    """Twenty at once, each with as much as one may send: 200 or 429, nothing else, and no end."""
    files = [("files", (f"{n}.png", png(tile))) for n, tile in enumerate(tiny_tiles())]
    seen: list[int] = []

    def ask() -> None:
        for _ in range(3):
            answer = service.api.post("/encode", files=files)
            seen.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 60
    assert {200} <= set(seen) <= {200, 429}

"""The service that is attacked, with limits so small that attacks are quick."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pictures import png
from tests.tiny import tiny_latents, tiny_tiles
from tests.wire import Victim, attacked

LIMITS = {
    "max_tile_bytes": 256 * 1024,
    "max_body_bytes": 1024 * 1024,
    "max_bytes_in_flight": 4 * 1024 * 1024,
    "max_client_batch": 32,
    "max_queue_tiles": 64,
    "request_timeout_s": 4.5,
}
MOST_MIB = 64
"""How far one attack may drive the peak of memory."""


@pytest.fixture(scope="session")
def service(tiny_path: Path) -> Iterator[Victim]:
    """A service that encodes at once; a head may take 1.5 s, a body stand still for half of it."""
    with attacked(tiny_path, **LIMITS) as victim:
        warm_up(victim)
        yield victim


@pytest.fixture(scope="session")
def waiting_service(tiny_path: Path) -> Iterator[Victim]:
    """A service whose tiles wait 2 s for company, with room for 8: what meets a queue."""
    limits = {**LIMITS, "max_client_batch": 8, "max_queue_tiles": 8}
    with attacked(tiny_path, max_batch_delay_ms=1000, max_batch_size=4096, **limits) as victim:
        yield victim


def warm_up(victim: Victim) -> None:
    """Let the service take what memory it needs for honest work of full size."""
    files = [("files", ("a.png", png(tiny_tiles()[0]))) for _ in range(32)]
    victim.api.post("/screen", files=files).raise_for_status()


@pytest.fixture(autouse=True)
def outlived(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each attack: alive, ready, right, and no larger."""
    if "service" not in request.fixturenames:
        yield
        return
    victim: Victim = request.getfixturevalue("service")
    before = victim.peak_mib()
    yield
    tile = tiny_tiles()[3]
    while (answer := victim.post("/encode", png(tile))).status_code == 429:
        time.sleep(float(answer.headers["retry-after"]) / 10)  # what was let in is still done
    assert answer.json()["results"][0]["latent"] == pytest.approx(tiny_latents(tile[None])[0])
    assert victim.api.get("/readyz").status_code == 200
    assert victim.peak_mib() - before < MOST_MIB

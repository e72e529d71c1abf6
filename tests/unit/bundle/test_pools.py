"""Pools whose threads run before there is work."""

import threading
from pathlib import Path

import pytest

from bundle.pools import running_pool
from bundle.runtime import OnnxDecoder, OnnxEncoder
from tests.tiny import tiny_latents, tiny_tiles, write_encoder


def names(start: str) -> list[str]:
    """Return the names of the threads that run now and begin so."""
    return sorted(one.name for one in threading.enumerate() if one.name.startswith(start))


def none(_: threading.Thread) -> None:
    """Stand for a thread that cannot begin."""
    raise MemoryError


def test_all_threads_run_before_there_is_work() -> None:
    """One that began later, short of memory, could stop every pool of the process."""
    with running_pool(3, "early") as pool:
        assert names("early") == ["early_0", "early_1", "early_2"]
        assert [*pool.map(str, range(9))] == [*map(str, range(9))]
        assert len(names("early")) == 3
    assert not names("early")


def test_an_encoder_begins_no_thread_for_its_first_large_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where none can begin any more."""
    write_encoder(tmp_path / "encoder.onnx")
    encoder = OnnxEncoder(tmp_path, threads=2)
    monkeypatch.setattr(threading.Thread, "start", none)
    assert len(encoder.encode(tiny_tiles(32))) == 32


def test_a_decoder_begins_no_thread(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service loads it with the first picture that is asked for, when memory may be short."""
    monkeypatch.setattr(threading.Thread, "start", none)
    decoder = OnnxDecoder(tiny_path, threads=2)
    assert len(decoder.decode(tiny_latents(tiny_tiles(3)))) == 3

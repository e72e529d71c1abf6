"""Rate and time left, on a terminal and in a log."""

import sys
from functools import partial
from io import StringIO

import pytest

from client.batch.progress import Bar, Lines, Silence, shown


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_tell_rate_and_time_left() -> None:
    """Now and then, not for each request; what was answered before does not count for the rate."""
    out, now = StringIO(), [0.0]
    with Lines(10_000, 60, say=partial(print, file=out), clock=lambda: now[0]) as progress:
        progress.kept(1000)
        progress.copies(100)
        for _ in range(10):
            now[0] += 2
            progress.done(100)
    first, second, last = out.getvalue().splitlines()
    assert first == (
        "1,600 of 10,000 tiles, 1,000 of them answered before, 100 copies of others, 50 tiles/s, "
        "2:48 left"
    )
    assert second.endswith("50 tiles/s, 2:38 left")
    assert last.startswith("2,100 of 10,000 tiles")


def test_a_silent_service_is_told_every_ten_seconds() -> None:
    """Though nothing is done; how often it was asked in vain, and which option allows more."""
    out, now = StringIO(), [0.0]
    with Lines(4, 1.5, say=partial(print, file=out), clock=lambda: now[0]) as progress:
        for late in [*[0] * 10, *[1] * 10, *[12] * 10]:
            now[0] += 1
            progress.tick(late, 0)
        progress.done(4)
    assert out.getvalue().splitlines() == [
        "0 of 4 tiles",
        "0 of 4 tiles, no answer within 1.5 s to the last request; --timeout allows more",
        "0 of 4 tiles, no answer within 1.5 s to the last 12 requests; --timeout allows more",
        "4 of 4 tiles, 0 tiles/s",
    ]


def test_a_service_that_is_gone_is_told_and_nothing_is_promised() -> None:
    """The rate of before says nothing of when it will be done."""
    out, now = StringIO(), [0.0]
    with Lines(400, 1.5, say=partial(print, file=out), clock=lambda: now[0]) as progress:
        now[0] = 5
        progress.done(100)
        now[0] = 10
        progress.tick(0, 7)
    told = "100 of 400 tiles, 10 tiles/s, no connection for the last 7 requests; asking again"
    assert out.getvalue().splitlines()[0] == told


def test_hours_are_told_as_such() -> None:
    """A long run is not a thousand minutes."""
    out, now = StringIO(), [0.0]
    with Lines(72_100, 60, say=partial(print, file=out), clock=lambda: now[0]) as progress:
        now[0] = 10.0
        progress.done(100)
    assert "10 tiles/s, 2:00:00 left" in out.getvalue()


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept tiles begin it further on and leave its rate alone."""
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    with shown(100, quiet=False, timeout_s=60) as bar:
        assert isinstance(bar, Bar)
        bar.kept(40)
        bar.copies(10)
        bar.done(50)
        assert (bar._bar.n, bar._bar.initial) == (100, 50)
    assert "100/100" in terminal.getvalue()
    assert "10 copies" in terminal.getvalue()


def test_a_bar_tells_a_silent_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside it, with the copies, until an answer comes."""
    monkeypatch.setattr(sys, "stderr", _Terminal())
    with shown(100, quiet=False, timeout_s=1) as bar:
        assert isinstance(bar, Bar)
        bar.copies(10)
        bar.tick(3, 0)
        silence = "no answer within 1 s to the last 3 requests; --timeout allows more"
        assert bar._bar.postfix == f"10 copies, {silence}"
        bar.done(1)
        assert bar._bar.postfix == "10 copies"


def test_without_tqdm_a_terminal_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is an extra."""
    monkeypatch.setattr(sys, "stderr", _Terminal())
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert isinstance(shown(100, quiet=False, timeout_s=60), Lines)


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing at all."""
    with shown(100, quiet=True, timeout_s=60) as progress:
        progress.kept(1)
        progress.copies(1)
        progress.tick(2, 0)
        progress.done(98)
    assert isinstance(progress, Silence)
    assert capsys.readouterr() == ("", "")

"""When to ask again."""

from datetime import UTC, datetime

import pytest

from client import Retry

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_waits_double_up_to_the_longest() -> None:
    """Without a header the wait doubles, then stays at its cap."""
    retry = Retry(first_s=1, longest_s=5, jitter=lambda: 0.0)
    assert [retry.pause(tried) for tried in (1, 2, 3, 4)] == [1, 2, 4, 5]


def test_jitter_takes_off_up_to_a_half() -> None:
    """Clients that failed together do not come back together."""
    assert Retry(first_s=8, jitter=lambda: 0.5).pause(1) == 6


def test_the_last_try_is_the_last() -> None:
    """After `tries` attempts there is no further wait, whatever the service says."""
    retry = Retry(tries=3)
    assert retry.pause(2) is not None
    assert retry.pause(3) is None
    assert retry.pause(3, "1") is None


@pytest.mark.parametrize("jitter", [0.0, 0.9])
def test_retry_after_is_never_cut_short(jitter: float) -> None:
    """Jitter only comes on top of what the service asked for."""
    pause = Retry(first_s=1, jitter=lambda: jitter).pause(1, "7")
    assert pause == pytest.approx(7 + jitter)


def test_retry_after_may_be_a_date() -> None:
    """An HTTP date is waited for; one that is over is no reason to wait longer than else."""
    retry = Retry(jitter=lambda: 0.0, now=lambda: NOON)
    assert retry.pause(1, "Thu, 01 Jan 2026 12:00:30 GMT") == 30
    assert retry.pause(1, "Thu, 01 Jan 2026 11:00:00 GMT") == 0.5


def test_a_wait_that_is_told_again_and_again_grows() -> None:
    """It doubles beyond what the service says, up to the longest: a minute or so in all."""
    retry = Retry(jitter=lambda: 0.0)
    waits = [retry.pause(tried, "1") for tried in range(1, 9)]
    assert waits == [1, 1, 2, 4, 8, 16, 20, None]
    assert [retry.pause(tried, "5") for tried in range(1, 8)] == [5, 5, 5, 5, 8, 16, 20]
    assert retry.pause(7, "60") == 60
    assert Retry(jitter=lambda: 0.5).pause(6, "1") == 20


def test_too_long_a_wait_ends_it() -> None:
    """A Retry-After beyond patience is not shortened but given up."""
    assert Retry(patience_s=60).pause(1, "61") is None


def test_nonsense_in_the_header_is_no_header() -> None:
    """A Retry-After that cannot be read falls back to doubling."""
    assert Retry(first_s=1, jitter=lambda: 0.0).pause(2, "soon") == 2

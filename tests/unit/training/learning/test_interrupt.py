"""Ctrl-C between two steps and not within one."""

import signal
from concurrent.futures import ThreadPoolExecutor

from training.learning.interrupt import held_back


def steps(presses: int, *, ask: bool) -> list[str]:
    """Press Ctrl-C in the first of two steps and return which were finished."""
    done = []
    try:
        with held_back() as check:
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
            done.append("first")
            if ask:
                check()
            done.append("second")
    except KeyboardInterrupt:
        done.append("interrupted")
    return done


def test_interrupt_waits_until_it_is_asked_for() -> None:
    """The step in hand is finished; then the interrupt comes."""
    assert steps(1, ask=True) == ["first", "interrupted"]


def test_interrupt_is_not_forgotten() -> None:
    """If nobody asks any more, it comes when the block ends."""
    assert steps(1, ask=False) == ["first", "second", "interrupted"]


def test_second_interrupt_acts_at_once() -> None:
    """Someone who presses twice is not made to wait."""
    assert steps(2, ask=True) == ["interrupted"]


def test_handler_is_put_back() -> None:
    """Afterwards Ctrl-C is what it was."""
    before = signal.getsignal(signal.SIGINT)
    with held_back():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_may_train() -> None:
    """Outside the main thread, where signals do not come, nothing is held back."""

    def work() -> str:
        with held_back() as check:
            check()
            return "done"

    with ThreadPoolExecutor() as pool:
        assert pool.submit(work).result() == "done"

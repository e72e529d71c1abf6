"""What workers show one another: that they turn, and that they answer."""

import os

from service.workers.board import STALE_S, Board


class LaterBoard(Board):
    """A board on which nobody has beaten for a while."""

    def silence_s(self, slot: int) -> float:
        return super().silence_s(slot) + (STALE_S if slot == 0 else 0)


def test_a_worker_counts_once_it_answers() -> None:
    """A worker that was started is not ready before it says so, nor after it is reset."""
    board = Board(2)
    counts = [board.ready]
    board.reset(1)
    board.answers(1)
    counts.append(board.ready)
    board.reset(1)
    counts.append(board.ready)
    assert counts == [0, 1, 0]


def test_a_worker_that_stands_still_does_not_count() -> None:
    """A worker whose loop has not turned for a while is not ready, whatever it said before."""
    board = LaterBoard(2)
    for slot in (0, 1):
        board.reset(slot)
        board.answers(slot)
    assert board.ready == 1


def test_a_fork_writes_on_the_same_board() -> None:
    """What a forked process says is seen by the one that forked it."""
    board = Board(1)
    board.reset(0)
    child = os.fork()
    if not child:
        board.answers(0)
        os._exit(0)
    os.waitpid(child, 0)
    assert board.ready == 1

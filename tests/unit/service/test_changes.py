"""How workers change to another bundle together, message by message."""

from service.workers.changes import Changes
from service.workers.member import Message

SWAP = {"old": "a", "new": "b"}


class Heard:
    """Remembers what workers are told, by slot, and how changes ended."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Message]] = []
        self.all: list[tuple[int, Message]] = []
        self.done: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.followed = "/followed"
        self.begun: list[tuple[str, int]] = []
        self.changes = Changes(
            "/a",
            lambda: self.followed,
            self._hear,
            lambda old, new: self.done.append((old, new)),
            self.refused.append,
            begun=lambda folder: self.begun.append((folder, len(self.all))),
        )

    def _hear(self, slot: int, message: Message) -> None:
        self.told.append((slot, message))
        self.all.append((slot, message))

    def next(self) -> list[tuple[int, object]]:
        """Return what was told since the last time, by slot."""
        told, self.told = self.told, []
        return sorted((slot, message["do"]) for slot, message in told)

    def staged(self, slot: int, error: str | None) -> None:
        """Have a worker say so of the change that it heard of last."""
        number = next(
            message["change"] for _, message in reversed(self.all) if message["do"] == "stage"
        )
        self.changes.staged(slot, number, error)


def test_all_load_before_any_swaps() -> None:
    """A bundle answers nowhere before every worker has loaded it; then its asker is told."""
    team = Heard()
    team.changes.ask("/b", (1, 7))
    team.changes.turn([0, 1])
    assert team.next() == [(0, "stage"), (1, "stage")]
    team.staged(0, None)
    assert team.next() == []
    team.staged(1, None)
    assert team.next() == [(0, "swap"), (1, "swap")]
    team.changes.swapped(0, SWAP)
    team.changes.swapped(1, SWAP)
    assert team.told == [(1, {"do": "answer", "number": 7, "error": None, **SWAP})]
    assert (team.done, team.changes.active, team.changes.idle) == ([("a", "b")], "/b", True)


def test_one_refusal_is_one_for_all() -> None:
    """Where one worker cannot load the bundle, all drop it, and what counted counts on."""
    team = Heard()
    team.changes.ask("/b", (0, 1))
    team.changes.turn([0, 1])
    team.next()
    team.staged(0, None)
    team.staged(1, "It is damaged.")
    assert team.told[-1] == (0, {"do": "answer", "number": 1, "error": "It is damaged."})
    assert team.next() == [(0, "answer"), (0, "drop"), (1, "drop")]
    assert (team.refused, team.done, team.changes.active) == (["It is damaged."], [], "/a")


def test_a_dead_worker_is_not_waited_for() -> None:
    """A worker that dies in either phase does not hold the others up."""
    team = Heard()
    team.changes.ask("/b")
    team.changes.turn([0, 1, 2])
    team.staged(0, None)
    team.staged(1, None)
    team.next()
    team.changes.gone(2)
    assert team.next() == [(0, "swap"), (1, "swap")]
    team.changes.swapped(0, SWAP)
    team.changes.gone(1)
    assert team.done == [("a", "b")]


def test_nobody_left_is_a_refusal() -> None:
    """Where the last worker dies while it loads, the change is given up."""
    team = Heard()
    team.changes.ask("/b")
    team.changes.turn([0])
    team.changes.gone(0)
    assert "No worker is left" in team.refused[0]
    assert team.changes.active == "/a"


def test_changes_wait_for_one_another() -> None:
    """A second change begins when the first one is over, and none without workers."""
    team = Heard()
    team.changes.ask("/b")
    team.changes.ask("/c")
    team.changes.turn([])
    assert team.next() == []
    team.changes.turn([0])
    team.changes.turn([0])
    assert [message["folder"] for _, message in team.told] == ["/b"]
    team.staged(0, None)
    team.changes.swapped(0, SWAP)
    team.next()
    team.changes.turn([0])
    assert team.told == [(0, {"do": "stage", "folder": "/c", "change": 2})]


def test_a_late_refusal_is_not_that_of_the_next_change() -> None:
    """One worker refuses at once, the other when the next bundle is asked for already."""
    team = Heard()
    team.changes.ask("/bad", (0, 1))
    team.changes.ask("/b", (0, 2))
    team.changes.turn([0, 1])
    team.changes.staged(0, 1, "It is damaged.")
    team.changes.turn([0, 1])
    team.changes.staged(1, 1, "It is damaged.")
    assert team.refused == ["It is damaged."]
    team.staged(0, None)
    team.staged(1, None)
    assert team.changes.active == "/b"


def test_what_is_followed_is_found_out_when_its_turn_comes() -> None:
    """A link that an activation moves meanwhile does not lead back."""
    team = Heard()
    team.changes.ask("/b")
    team.changes.follow()
    team.changes.turn([0])
    team.staged(0, None)
    team.changes.swapped(0, SWAP)
    team.followed = "/c"
    team.next()
    team.changes.turn([0])
    assert [message["folder"] for _, message in team.told] == ["/c"]


def test_a_change_is_heard_of_before_any_worker_is_told() -> None:
    """So that its bundle can be proved once, ahead of all."""
    team = Heard()
    team.changes.follow()
    team.changes.turn([])
    assert team.begun == []
    team.changes.turn([0, 1])
    team.changes.turn([0, 1])
    assert team.begun == [("/followed", 0)]
    assert team.next() == [(0, "stage"), (1, "stage")]

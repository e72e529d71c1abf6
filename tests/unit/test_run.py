"""`make run` does what is due and no more, whatever the folders are called."""

from pathlib import Path

import pytest

from run import Plan, bring_up_to_date, fingerprint, make_plan


class Commands:
    """Stands in for the commands: notes them, and writes what `fit` would."""

    def __init__(self, plan: Plan, status: int = 0) -> None:
        self.asked: list[list[str]] = []
        self.plan, self.status = plan, status

    def __call__(self, command: list[str]) -> int:
        self.asked.append(command[3:])
        if command[3] == "fit" and not self.status:
            self.plan.bundle.mkdir(parents=True, exist_ok=True)
            (self.plan.bundle / "manifest.json").touch()
        return self.status


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A folder with an awkward name and one tile."""
    folder = tmp_path / "my tiles; it's $HOME: 1"
    folder.mkdir()
    (folder / "c1.png").write_bytes(b"one")
    return folder


@pytest.fixture
def plan(tiles: Path, tmp_path: Path) -> Plan:
    return make_plan({"TILES": str(tiles)}, tmp_path)


def test_nothing_given_means_the_demo(tmp_path: Path) -> None:
    """Without SCANS and TILES the demo's scans are cut."""
    assert make_plan({}, tmp_path).work == tmp_path / "build" / "demo"


def test_relative_and_absolute_folders_share_a_bundle(tiles: Path) -> None:
    """How a folder is spelled does not matter."""
    assert make_plan({"TILES": f"{tiles}/."}) == make_plan({"TILES": str(tiles)})


def test_folders_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """Two folders with the same last name have bundles of their own."""
    for name in ("a/tiles", "b/tiles"):
        (tmp_path / name).mkdir(parents=True)
    a, b = (make_plan({"SCANS": str(tmp_path / name)}) for name in ("a/tiles", "b/tiles"))
    assert a.work != b.work


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"TILES": "nowhere"}, "nowhere is no folder. Give the folder that holds the PNG tiles"),
        ({"SCANS": "a", "TILES": "b"}, "SCANS or TILES, not both"),
    ],
)
def test_unusable_folders_are_refused(given: dict[str, str], sentence: str) -> None:
    """A folder that is not there, or two of them, give a sentence."""
    with pytest.raises(ValueError, match=sentence):
        make_plan(given)


def test_a_second_run_reuses_the_bundle(plan: Plan) -> None:
    """Unchanged tiles are fitted once."""
    first, second = Commands(plan), Commands(plan)
    assert bring_up_to_date(plan, first) == bring_up_to_date(plan, second) == 0
    assert [command[0] for command in first.asked] == ["fit"]
    assert second.asked == []


def test_a_tile_overwritten_in_place_is_noticed(plan: Plan) -> None:
    """Other bytes under the same name are other tiles: they are fitted afresh."""
    bring_up_to_date(plan, Commands(plan))
    (plan.tiles / "c1.png").write_bytes(b"other")
    again = Commands(plan)
    bring_up_to_date(plan, again)
    assert again.asked == [["fit", str(plan.tiles), "--out", str(plan.bundle)]]


def test_an_interrupted_fit_is_resumed(plan: Plan) -> None:
    """The same tiles after a fit that did not end go on with --resume."""
    assert bring_up_to_date(plan, Commands(plan, status=130)) == 130
    again = Commands(plan)
    bring_up_to_date(plan, again)
    assert again.asked[0][-1] == "--resume"


def test_a_checkpoint_that_is_refused_is_no_dead_end(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    """When --resume is refused, the sentence says what to remove."""
    bring_up_to_date(plan, Commands(plan, status=130))
    assert bring_up_to_date(plan, Commands(plan, status=1)) == 1
    assert f"remove {plan.work} and run again" in capsys.readouterr().err


def test_scans_are_looked_at_each_time(tmp_path: Path) -> None:
    """`tile` runs every time, as it knows which scans are cut; when it fails nothing is fitted."""
    (tmp_path / "scans").mkdir()
    plan = make_plan({"SCANS": str(tmp_path / "scans")}, tmp_path)
    failing = Commands(plan, status=1)
    assert bring_up_to_date(plan, failing) == 1
    assert [command[0] for command in failing.asked] == ["tile"]


def test_hidden_folders_are_no_tiles(tiles: Path) -> None:
    """The records of `tile` do not count."""
    before = fingerprint(tiles)
    (tiles / ".records").mkdir()
    (tiles / ".records" / "x.png").touch()
    assert fingerprint(tiles) == before

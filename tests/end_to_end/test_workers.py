"""Several worker processes on one port: what happens to one happens to nobody's answer."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle import open_bundle
from tests.pictures import png
from tests.tiny import tiny_tiles, write_tiny_bundle

ROOT = Path(__file__).parents[2]
TILES = tiny_tiles()


class Team:
    """A running service of several processes, and the folder of bundles that it serves."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, bundles: Path) -> None:
        self.process = process
        self.url = url
        self.bundles = bundles

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask over a new connection, which any worker may take."""
        while True:
            try:
                return httpx.request(method, self.url + path, timeout=30, **options)
            except httpx.TransportError:
                assert self.process.poll() is None

    def ready(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("GET", "/readyz").json()
        return answer


@contextmanager
def serving(bundles: Path, *options: str, workers: int = 2) -> Iterator[Team]:
    command = [sys.executable, "-m", "service", "--bundles", str(bundles), "--port", "0"]
    command += ["--workers", str(workers), "--worker-timeout-s", "5", "--threads", "1", *options]
    command += ["--log-level", "warning"]  # nobody reads the log, and a pipe holds only so much
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first, process.communicate()[1]
            yield Team(process, first.split()[-1], bundles)
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    bundles = tmp_path_factory.mktemp("team") / "bundles"
    for seed, name in enumerate("abc", 7):
        write_tiny_bundle(bundles / name, seed=seed)
    (bundles / "current").symlink_to("a")
    with serving(bundles) as team:
        yield team


def id_of(folder: Path) -> str:
    return open_bundle(folder).manifest.bundle_id


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


@contextmanager
def load(team: Team) -> Iterator[list[tuple[int, httpx.Response]]]:
    """Send tiles over several connections; what breaks with a worker is sent again."""
    answers: list[tuple[int, httpx.Response]] = []
    done = threading.Event()

    def send(number: int) -> None:
        while not done.is_set():
            number = (number + 1) % len(TILES)
            answers.append((number, team.ask("POST", "/encode", content=png(TILES[number]))))

    threads = [threading.Thread(target=send, args=(3 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def right(answers: list[tuple[int, httpx.Response]]) -> bool:
    """Return whether each answer is that about its own tile."""
    assert answers
    for number, answer in answers:
        latent = answer.raise_for_status().json()["results"][0]["latent"]
        expected = TILES[number].reshape(2, 8, 2, 8).mean((1, 3)).ravel() / 255
        assert np.allclose(latent, expected, atol=1e-5)
    return True


def whole(team: Team, lost: int) -> bool:
    """Return whether another worker has taken the place of a lost one, and all answer."""
    return lost not in team.workers and team.ready()["workers"] == {"ready": 2, "of": 2}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_is_replaced(team: Team, number: signal.Signals) -> None:
    """A worker that dies or stands still under load is replaced, and no answer is wrong."""
    until(lambda: team.ready()["status"] == "ready")
    lost, kept = team.workers
    with load(team) as answers:
        until(lambda: len(answers) > 20)
        os.kill(lost, number)
        until(lambda: whole(team, lost))
        count = len(answers)
        until(lambda: len(answers) > count + 20)
    assert right(answers)
    assert kept in team.workers


def test_a_worker_that_stands_still_is_told(team: Team) -> None:
    """Until it is replaced, /readyz says that one of two workers answers; the status stays 200."""
    until(lambda: team.ready()["status"] == "ready")
    lost, _ = team.workers
    os.kill(lost, signal.SIGSTOP)
    until(lambda: team.ready()["status"] == "degraded")
    told = team.ask("GET", "/readyz")
    until(lambda: whole(team, lost))
    assert (told.status_code, told.json()["workers"]) == (200, {"ready": 1, "of": 2})


def served(team: Team) -> set[str]:
    """Return the bundles that answer over many new connections."""
    return {team.ask("GET", "/livez").headers["x-bundle"] for _ in range(20)}


def test_an_activation_reaches_every_worker(team: Team) -> None:
    """Once an activation is answered every worker serves that bundle, new ones too."""
    wanted = id_of(team.bundles / "b")
    with load(team) as answers:
        told = team.ask("POST", f"/bundles/{wanted}:activate").json()
        assert served(team) == {told["new"]} == {wanted}
        lost = team.workers[0]
        os.kill(lost, signal.SIGKILL)
        until(lambda: whole(team, lost))
        assert served(team) == {wanted}
    assert right(answers)
    assert (team.bundles / "current").readlink() == Path("b")


def test_a_moved_link_is_followed(team: Team) -> None:
    """When the link is moved every worker follows, without being asked."""
    beside = team.bundles / ".new"
    beside.symlink_to("c")
    beside.replace(team.bundles / "current")
    wanted = id_of(team.bundles / "c")
    until(lambda: served(team) == {wanted})


def test_a_damaged_bundle_is_refused_by_all(team: Team) -> None:
    """A damaged bundle is refused with a sentence; every worker serves on what it did."""
    write_tiny_bundle(team.bundles / "d", seed=40)
    wanted, before = id_of(team.bundles / "d"), served(team)
    (team.bundles / "d" / "points.npy").write_bytes(b"")
    answer = team.ask("POST", f"/bundles/{wanted}:activate")
    assert (answer.status_code, answer.json()["code"]) == (409, "bundle_refused")
    assert "points.npy is truncated" in answer.json()["detail"]
    assert served(team) == before


def gone(workers: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers)


def test_a_stop_drains_every_worker(tiny_path: Path, tmp_path: Path) -> None:
    """SIGTERM ends all processes in order: what was begun is answered, the status is 0."""
    shutil.copytree(tiny_path, tmp_path / "current")
    body = png(TILES[0])
    with serving(tmp_path) as team, httpx.Client(base_url=team.url) as client:
        workers = team.workers
        begun = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield body[:30]
            begun.set()
            until(stopped.is_set)
            yield body[30:]

        stopped = threading.Event()
        answers: list[httpx.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(client.post("/encode", content=slowly()))
        )
        asking.start()
        begun.wait(30)
        served(team)  # connections are taken in turn: when later ones were, the first one was
        team.process.send_signal(signal.SIGTERM)
        stopped.set()
        asking.join()
        assert team.process.wait(60) == 0
    assert answers[0].status_code == 200
    assert gone(workers)


def test_workers_do_not_outlive_their_supervisor(tiny_path: Path, tmp_path: Path) -> None:
    """When the supervisor is killed its workers end by themselves."""
    shutil.copytree(tiny_path, tmp_path / "current")
    with serving(tmp_path) as team:
        workers = team.workers
        team.process.kill()
        until(lambda: gone(workers))
    assert len(workers) == 2


def test_workers_that_cannot_start_again_say_why(tiny_path: Path, tmp_path: Path) -> None:
    """The bundle was damaged while it was served; somebody answers all the time."""
    shutil.copytree(tiny_path, tmp_path / "current")
    labels = tmp_path / "current" / "labels.npy"
    whole = labels.read_bytes()
    with serving(tmp_path) as team:
        labels.write_bytes(whole[:-4])
        for pid in team.workers:
            os.kill(pid, signal.SIGKILL)
        told: list[dict[str, Any]] = []

        def damaged() -> bool:  # of one worker, while the other may be loading again
            told.append(team.ready())
            return "labels.npy is truncated" in str(told[-1])

        until(damaged)
        assert (told[-1]["status"], told[-1]["code"]) == (503, "not_ready")
        for _ in range(12):
            began = time.monotonic()
            assert team.ask("GET", "/livez").status_code == 200
            assert time.monotonic() - began < 5
            time.sleep(1)
        labels.write_bytes(whole)
        until(lambda: team.ready().get("status") in ("ready", "degraded"))


def test_a_bundle_that_no_worker_can_open(tmp_path: Path) -> None:
    """A missing bundle is told once, with status 1, however many workers there are."""
    command = [sys.executable, "-m", "service", "--bundles", str(tmp_path), "--port", "0"]
    done = subprocess.run(
        [*command, "--workers", "2"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("service: There is no bundle at")
    assert done.stderr.count("\n") == 1


def counted(text: str, name: str) -> float:
    """Return the sum of a metric over its labels."""
    lines = [line for line in text.splitlines() if line.startswith((name + "{", name + " "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_each_worker_tells_the_figures_of_all(tmp_path: Path) -> None:
    """Whoever is asked for metrics: tiles of all workers count, those of one killed too."""
    write_tiny_bundle(tmp_path / "bundles" / "a")
    (tmp_path / "bundles" / "current").symlink_to("a")
    with serving(tmp_path / "bundles") as team:
        for _ in range(20):
            assert team.ask("POST", "/encode", content=png(TILES[0])).status_code == 200
        told = [team.ask("GET", "/metrics").text for _ in range(6)]
        assert {counted(text, "tilescreen_tiles_total") for text in told} == {20}
        assert {counted(text, "tilescreen_bundle_info") for text in told} == {2}
        lost = team.workers[0]
        os.kill(lost, signal.SIGKILL)
        until(lambda: lost not in team.workers and len(team.workers) == 2)
        until(lambda: team.ready()["workers"]["ready"] == 2)
        text = team.ask("GET", "/metrics").text
        assert counted(text, "tilescreen_tiles_total") == 20
        assert counted(text, "tilescreen_bundle_info") == 2

"""Keeps several worker processes on one socket: starts, watches, replaces and stops them.

uvicorn's own supervisor asks a thread of each worker whether it lives; a worker whose event
loop stands still would go on saying yes. Here the event loop itself shows that it turns
(`service.workers.board`). Workers are forks, so what they imported is in memory once.
"""

import json
import logging
import multiprocessing
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType

from service.bundles.shelf import real_folder
from service.observing import metrics
from service.settings import Settings
from service.workers.ahead import Ahead
from service.workers.board import Board
from service.workers.changes import Changes
from service.workers.follow import EVERY_S, Watch, hears_hangup, note
from service.workers.member import Message, Post, encoded
from service.workers.memory import share
from service.workers.proofs import Proofs
from service.workers.signals import leave_signals

TICK_S = 0.1
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_STALLED_S = 1.0
AGAIN_S = 5.0
"""How long a worker that cannot open its bundle says so, before the next one tries."""
_log = logging.getLogger("service.workers")

Work = Callable[[Post], None]
"""What a worker does in its own process; the supervisor's end of the line is closed there."""


@dataclass
class _Worker:
    """A worker process. deaths: how often the one in this slot has died shortly after start."""

    slot: int
    process: ForkProcess
    line: socket.socket
    folder: str
    began: float
    deaths: int
    heard: bytes = b""
    ready: bool = False
    serving: bool = False


class Supervisor:
    """Runs workers until told to stop."""

    def __init__(
        self,
        settings: Settings,
        work: Work,
        announce: Callable[[str, int, str], None],
        leave: Callable[[], None],
    ) -> None:
        """Prepare to run.

        Args:
            settings: every setting.
            work: what a worker does.
            announce: hears bundle, tiles and a tile's id once all workers answer.
            leave: lets go of the address. Held on while the workers drain, it would take
                connections that nobody answers.
        """
        self._settings = settings
        self._work = work
        self._announce = announce
        self._leave = leave
        self._board = Board(settings.workers)
        self._proofs = Proofs()
        self._ahead = Ahead(self._proofs, settings.precision, self._let_go)
        self._selector = selectors.DefaultSelector()
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, tuple[float, int]] = dict.fromkeys(range(settings.workers), (0, 0))
        self._changes = Changes(
            self._followed(),
            self._followed,
            self._tell,
            note,
            _log_refusal,
            begun=self._ahead.prove,
        )
        self._watch = Watch(settings.followed)
        self._look_at = time.monotonic() + EVERY_S
        self._turned = time.monotonic()
        self._announced = False
        self._stops = 0
        self._hangup = False
        self._failure: str | None = None

    def run(self) -> str | None:
        """Run until SIGTERM or SIGINT; return a sentence if no worker could ever start."""
        signals = [signal.SIGTERM, signal.SIGINT]
        before = {number: signal.signal(number, self._stop) for number in signals}
        if hears_hangup():
            before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._reload)
        share(self._settings.precision)
        self._ahead.prove(self._changes.active)
        try:
            while not self._stops and self._failure is None:
                self._turn()
            self._drain()
        finally:
            self._ahead.end()
            for worker in self._workers.values():
                worker.process.kill()
            self._proofs.close()
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._failure

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stops += 1

    def _reload(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._hangup = True

    def _turn(self) -> None:
        now = time.monotonic()
        if now - self._turned > _STALLED_S:
            self._forgive()
        self._turned = now
        for slot, (moment, deaths) in list(self._due.items()):
            if now >= moment:
                del self._due[slot]
                self._start(slot, deaths)
        self._listen()
        if time.monotonic() - now > _STALLED_S + TICK_S:
            self._forgive()  # it is here that this process waits, and so stands still
        self._bury()
        if now >= self._look_at or self._hangup:
            self._look_at = now + EVERY_S
            if self._watch.moved() or self._hangup:
                self._hangup = False
                self._changes.follow()
        self._catch_up()
        self._changes.turn(slot for slot, worker in self._workers.items() if worker.ready)
        self._admit()

    def _followed(self) -> str:
        return str(real_folder(self._settings.followed))

    def _let_go(self) -> None:
        """Close what only this process holds: a fork that keeps it would keep workers waiting."""
        for worker in self._workers.values():
            worker.line.close()
        self._leave()

    def _forgive(self) -> None:
        """All processes stood still together, as in a paused container: nobody is to blame."""
        for slot in self._workers:
            self._board.beat(slot)

    def _admit(self) -> None:
        """Let workers answer that have begun, once their bundle is the one that counts."""
        for slot, worker in self._workers.items():
            counts = worker.folder == self._changes.active and self._changes.idle
            if worker.ready and not worker.serving and counts:
                worker.serving = True
                self._tell(slot, {"do": "serve"})

    def _start(self, slot: int, deaths: int) -> None:
        """Begin a worker, or later where the system refuses it one: processes or files are many."""
        try:
            worker = self._begun(slot, deaths)
        except OSError as error:
            _log.error("worker %d cannot begin now, and is tried again: %s", slot, error)
            # Ever later: of each try that is refused, Python leaves two pipes open.
            self._due[slot] = (time.monotonic() + _pause_s(deaths + 1), deaths + 1)
        else:
            self._workers[slot] = worker
            self._selector.register(worker.line, selectors.EVENT_READ, worker)

    def _begun(self, slot: int, deaths: int) -> _Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._board.reset(slot)
        folder = self._changes.active
        post = Post(slot, self._board, self._proofs, theirs, Path(folder))
        inherited = [ours, *(worker.line for worker in self._workers.values())]
        process = multiprocessing.get_context("fork").Process(
            target=_begin, args=(self._work, post, inherited), name=f"worker {slot}"
        )
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Worker(slot, process, ours, folder, time.monotonic(), deaths)

    def _listen(self, patience_s: float = TICK_S) -> None:
        for key, _ in self._selector.select(patience_s):
            worker: _Worker = key.data
            try:
                piece = worker.line.recv(65536)
            except OSError:
                piece = b""
            if not piece:  # it is ending; `_bury` sees to it
                self._selector.unregister(worker.line)
                continue
            *lines, worker.heard = (worker.heard + piece).split(b"\n")
            for line in lines:
                self._hear(worker, json.loads(line))

    def _hear(self, worker: _Worker, told: Message) -> None:
        if told["say"] == "ready":
            worker.ready = True
            ready = sum(one.ready for one in self._workers.values())
            if not self._announced and ready == self._settings.workers:
                self._announced = True
                self._announce(told["bundle"], told["tiles"], told["tile"])
        elif told["say"] == "activate":
            self._changes.ask(told["folder"], (worker.slot, told["number"]))
        elif told["say"] == "staged":
            self._changes.staged(worker.slot, told["change"], told["error"])
        elif told["say"] == "swapped":
            worker.folder = self._changes.active
            self._changes.swapped(worker.slot, {"old": told["old"], "new": told["new"]})
        elif not self._announced:
            self._failure = told["sentence"]
        else:
            _log.error("worker %d cannot start: %s", worker.slot, told["sentence"])

    def _bury(self) -> None:
        """Replace workers that have died, after killing those that stand still."""
        self._ahead.watch()
        for slot, worker in list(self._workers.items()):
            silent = self._board.silence_s(slot)
            if silent > self._settings.worker_timeout_s:
                _log.error("worker %d stood still for %.1f s and is replaced", slot, silent)
                worker.process.kill()
                worker.process.join(1)
            if worker.process.is_alive():
                continue
            self._listen(0)  # what it said before it ended
            if self._failure is not None:
                return
            _log.error("worker %d ended with status %s", slot, worker.process.exitcode)
            lived = time.monotonic() - worker.began
            deaths = 0 if lived > _STEADY_S else worker.deaths + 1
            # One that answered, be it that something is wrong, has a next one at once.
            pause = 0.0 if lived > AGAIN_S else _pause_s(deaths)
            self._forget(worker)
            self._board.reset(slot)
            self._due[slot] = (time.monotonic() + pause, deaths)
            self._changes.gone(slot)

    def _forget(self, worker: _Worker) -> None:
        metrics.forget(worker.process.pid)
        del self._workers[worker.slot]
        if worker.line in self._selector.get_map():
            self._selector.unregister(worker.line)
        worker.line.close()

    def _catch_up(self) -> None:
        """Take along a worker that began before a change was over."""
        active = self._changes.active
        behind = any(one.ready and one.folder != active for one in self._workers.values())
        if behind and self._changes.idle:
            self._changes.ask(active)

    def _tell(self, slot: int, message: Message) -> None:
        worker = self._workers.get(slot)
        if worker is not None:
            try:
                worker.line.sendall(encoded(message))
            except OSError:  # it is ending, or does not listen and will be replaced
                worker.process.kill()

    def _drain(self) -> None:
        """Let each worker end what it has begun; a second signal ends them at once."""
        self._ahead.end()
        for worker in self._workers.values():
            worker.process.terminate()
        self._leave()
        ends = time.monotonic() + self._settings.request_timeout_s + 5
        while self._workers and self._stops < 2 and time.monotonic() < ends:  # noqa: PLR2004
            time.sleep(TICK_S / 2)
            for slot, worker in list(self._workers.items()):
                if self._board.silence_s(slot) > self._settings.worker_timeout_s:
                    worker.process.kill()
                if not worker.process.is_alive():
                    self._forget(worker)


def _pause_s(deaths: int) -> float:
    return min(_LONGEST_PAUSE_S, 2.0 ** (deaths - 2)) if deaths > 1 else 0.0


def _log_refusal(sentence: str) -> None:
    _log.error("bundle refused: %s", sentence)


def _begin(work: Work, post: Post, inherited: list[socket.socket]) -> None:
    """Begin in a worker's own process: forget what was the supervisor's."""
    for line in inherited:
        line.close()  # or this worker would keep the others' lines open for ever
    leave_signals()
    work(post)
    sys.stdout.flush()

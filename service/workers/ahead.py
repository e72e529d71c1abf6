"""What one process does before the workers would, and takes along when it ends.

ONNX Runtime's check of a model that OpenVINO runs, and of the decoder, leaves some 10 MiB in the
process that does it. A worker would keep them; here a fork of the supervisor proves the bundle
first, the workers take its word (`service.workers.proofs`), and its memory goes with it.
"""

import logging
import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from time import monotonic

from bundle import open_bundle
from bundle.encoders import PrecisionChoice, choose_precision, prove_encoder
from bundle.errors import TilescreenError
from service.stored.decoder import prove_decoder
from service.workers.proofs import Proofs
from service.workers.signals import leave_signals

_BEGINS_S = 0.5
"""How long is waited for the process to have its turn before the workers; it takes 10 ms."""
LONGEST_S = 60.0
"""How long it may take; then the workers go on from what it has proved by then."""
_log = logging.getLogger("service.workers")


class Ahead:
    """A process that proves a bundle, which whoever else proves waits for; one at a time.

    What fails, dies, stands still or cannot begin is left to the workers, who say what is wrong.
    """

    def __init__(
        self, proofs: Proofs, precision: PrecisionChoice, forget: Callable[[], None]
    ) -> None:
        """Begin nothing yet.

        Args:
            proofs: shared with the workers.
            precision: which encoder would serve.
            forget: lets go, in the new process, of what is the supervisor's alone.
        """
        self._proofs = proofs
        self._precision = precision
        self._forget = forget
        self._process: ForkProcess | None = None
        self._ends = 0.0

    def prove(self, folder: str) -> None:
        """Begin to prove the bundle in a folder, in place of the one before."""
        self.end()
        context = multiprocessing.get_context("fork")
        try:
            told, begun = context.Pipe(duplex=False)
            with told:
                with begun:
                    made = context.Process(target=self._run, args=(folder, begun), name="proof")
                    made.start()
                self._process, self._ends = made, monotonic() + LONGEST_S
                told.poll(_BEGINS_S)  # its end closes: the process has its turn, or is gone
        except OSError as error:
            _log.warning("no process to prove %s ahead: %s", folder, error)

    def watch(self) -> None:
        """Forget a process that has ended; end one that takes too long."""
        process = self._process
        if process is not None and (not process.is_alive() or monotonic() > self._ends):
            self.end()

    def end(self) -> None:
        """End the process, if there is one; the system gives its turn to the next."""
        if self._process is not None:
            self._process.kill()
            self._process.join(1)
            self._process = None

    def _run(self, folder: str, begun: Connection) -> None:
        leave_signals()
        self._forget()
        with self._proofs.turn() as prove:
            begun.close()
            with suppress(TilescreenError):
                bundle = open_bundle(folder, prove=prove)
                prove_encoder(bundle, choose_precision(bundle, self._precision), prove)
                prove_decoder(bundle, prove)

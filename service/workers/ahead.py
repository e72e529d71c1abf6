"""What one process does before the workers would, and takes along when it ends.

ONNX Runtime's check of a model leaves some 10 MiB in the process that does it. A worker would keep
them; here a fork of the supervisor proves the bundle first, the workers take its word
(`service.workers.proofs`), and its memory goes with it.
"""

import multiprocessing
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from bundle import open_bundle
from bundle.encoders import PrecisionChoice, choose_precision, prove_encoder
from bundle.errors import TilescreenError
from service.stored.decoder import prove_decoder
from service.workers.proofs import Proofs

_LONGEST_S = 5.0
"""Until the process has begun; without it the workers prove all by themselves."""


def prove_ahead(folder: Path, precision: PrecisionChoice, proofs: Proofs) -> None:
    """Begin to prove a bundle in a process of its own, which whoever proves waits for.

    What fails, or dies, leaves it to the workers, who say what is wrong.
    """
    context = multiprocessing.get_context("fork")
    told, begun = context.Pipe(duplex=False)
    with told:
        with begun:
            context.Process(
                target=_prove, args=(folder, precision, proofs, begun), name="proof", daemon=True
            ).start()
        told.poll(_LONGEST_S)  # its end closes, be it that the process has its turn or is gone


def _prove(folder: Path, precision: PrecisionChoice, proofs: Proofs, begun: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with proofs.turn() as prove:
        begun.close()
        with suppress(TilescreenError):
            bundle = open_bundle(folder, prove=prove)
            prove_encoder(bundle, choose_precision(bundle, precision), prove)
            prove_decoder(bundle, prove)

"""What a peer says about a collection: run once, then read again."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import environments
from benchmarks.screening.catalogue import Peer
from benchmarks.screening.data import Collection
from benchmarks.screening.peers.exchange import FEATURE, SCORE
from bundle.arrays import Points

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Output:
    """One run's answer about n tiles.

    name: of the run, "" if the peer has only one.
    tiles_per_s: tiles a second of processor time, on one thread, without the time to start.
    scores: name -> (n,), high for what may be lettering.
    features: name -> (n, d) float32.
    together: the scores lie in [0, 1] and can be joined with the features.
    index: the neighbours that it shows are looked up in a frame with this index, see
        `training.studying.flaws`; None shows the right ones.
    """

    name: str
    tiles_per_s: float
    scores: dict[str, Scores] = field(repr=False)
    features: dict[str, Points] = field(repr=False)
    together: bool = False
    index: NDArray[np.int64] | None = field(default=None, repr=False)


def ask(peer: Peer, collection: Collection) -> list[Output]:
    """Run a peer with each of its options, or read what it said about these tiles before.

    Raises:
        PeerMissing: it cannot be installed or run.
    """
    python = environments.interpreter(peer.environment)
    return [_ask(peer, option, python, collection) for option in peer.options]


def _ask(peer: Peer, option: str, python: Path, collection: Collection) -> Output:
    said = environments.WORK / "outputs" / f"{_key(peer, option, collection)}.npz"
    if not said.exists():
        said.parent.mkdir(parents=True, exist_ok=True)
        tiles, part = said.with_suffix(".tiles.npz"), said.with_suffix(".part.npz")
        np.savez(tiles, tiles=collection.tiles)
        module = f"benchmarks.screening.peers.{peer.script}"
        try:
            environments.run_script(peer.key, python, [module, str(tiles), str(part), option])
            part.rename(said)
        finally:
            tiles.unlink()
            part.unlink(missing_ok=True)
    with np.load(said) as content:
        seconds = float(content["seconds"])
        arrays: dict[str, NDArray[Any]] = {name: content[name] for name in content.files}
    return Output(
        option,
        round(len(collection) / seconds, 1),
        {name[len(SCORE) :]: a.astype(np.float64) for name, a in arrays.items() if SCORE in name},
        {name[len(FEATURE) :]: _finite(a) for name, a in arrays.items() if FEATURE in name},
    )


def _key(peer: Peer, option: str, collection: Collection) -> str:
    """Name the answer after all that decides it: tiles, script, packages and option."""
    scripts = Path(__file__).parent / "peers"
    made_of = [(scripts / f"{peer.script}.py").read_text(), *peer.packages, option]
    digest = sha256("\0".join(made_of).encode()).hexdigest()[:8]
    return "-".join([peer.key, *filter(None, [option]), collection.digest(), digest])


def _finite(features: NDArray[Any]) -> Points:
    points: Points = np.nan_to_num(features).astype(np.float32)
    return points

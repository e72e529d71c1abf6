"""Where the screener's trunk starts: the weights of EfficientNet-lite0, as a package ships them.

python -m benchmarks.trunk OUT.npz

For `python -m training pretrain --trunk OUT.npz`. They are read by PyTorch, in an environment of
its own, so that the project needs neither it nor a file that unpickles.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.environments import PeerMissing, interpreter, run_script
from benchmarks.screening.catalogue import PEERS
from training.learning.trunk import TRUNK_BLOCKS

_SCRIPT = "imagenet_trunk"


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.trunk",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT.npz", help="file to write")
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    environment = next(peer for peer in PEERS if peer.key == "imagenet").environment
    module = f"benchmarks.screening.peers.{_SCRIPT}"
    try:
        run_script(
            _SCRIPT, interpreter(environment), [module, str(TRUNK_BLOCKS), str(out.resolve())]
        )
    except PeerMissing as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

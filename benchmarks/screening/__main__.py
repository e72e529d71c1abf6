"""How well other ways find lettering tiles, measured as our own bundles are.

    python -m benchmarks.screening --collection NAME=TILES[,TILES]:LABELS.csv ...
        [--peers edges,fastdup] [--bundle NAME=BUNDLE ...] [--every N]

TILES is a folder that `python -m training tile` wrote; write thumbnails' with --window 64
--stride 32 --size 64 --keep-white. Each collection's figures go to
benchmarks/results/screening-NAME.json. Peers are installed from the package index into
build/peers, each apart; what they said about the tiles is kept there too.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.environments import PeerMissing
from benchmarks.screening.catalogue import OWN, PEERS, SPACES, Peer
from benchmarks.screening.data import Collection, read_collection
from benchmarks.screening.judging import judge
from benchmarks.screening.measures import TITLES
from benchmarks.screening.ours import ask_ours
from benchmarks.screening.outputs import ask
from bundle.errors import InputError
from docs.figures import table


def main() -> int:
    """Measure every collection given."""
    args = _arguments()
    try:
        chosen = _chosen(args.peers)
        bundles = [_pair(text) for text in args.bundle]
        for text in args.collection:
            collection = _collection(text).every(args.every)
            figures = {"collection": collection.about(), "ways": _ways(collection, chosen, bundles)}
            print(_shown(figures["ways"]))
            command = "python -m benchmarks.screening --collection NAME=TILES:LABELS ..."
            record.record(f"screening-{collection.name}", command, figures)
    except InputError as error:
        print(f"screening: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.screening",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--collection", action="append", required=True, metavar="NAME=TILES:CSV")
    parser.add_argument("--peers", help="some of " + ",".join(peer.key for peer in PEERS))
    parser.add_argument("--bundle", action="append", default=[], metavar="NAME=BUNDLE")
    parser.add_argument("--every", type=int, default=1, help="only each N-th scan (default: 1)")
    return parser.parse_args()


def _chosen(keys: str | None) -> list[Peer]:
    if keys is None:
        return [peer for peer in PEERS if not peer.slow]
    wanted = [key for key in keys.split(",") if key]
    if unknown := set(wanted) - {peer.key for peer in PEERS}:
        known = ", ".join(peer.key for peer in PEERS)
        raise InputError(f"There is no peer {', '.join(sorted(unknown))}; there are {known}.")
    return [peer for peer in PEERS if peer.key in wanted]


def _pair(text: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not (name and equals and rest):
        raise InputError(f"{text!r} is not NAME=PATH.")
    return name, rest


def _collection(text: str) -> Collection:
    name, rest = _pair(text)
    folders, colon, labels = rest.rpartition(":")
    if not colon:
        raise InputError(f"{text!r} is not NAME=TILES:LABELS.csv.")
    return read_collection(name, [Path(folder) for folder in folders.split(",")], Path(labels))


def _ways(
    collection: Collection, peers: list[Peer], bundles: list[tuple[str, str]]
) -> dict[str, Any]:
    """Return title and figures of every way; of a peer that is not there, why."""
    found: dict[str, Any] = {}
    for peer in peers:
        print(f"{collection.name}: {peer.key}", file=sys.stderr)
        about: dict[str, Any] = {"title": peer.title, "packages": peer.packages}
        try:
            part = collection.at_most(peer.at_most)
            about |= {"tiles": len(part)}
            found[peer.key] = about | judge(part, ask(peer, part), SPACES)
        except PeerMissing as error:
            print(error, file=sys.stderr)
            found[peer.key] = about | {"skipped": str(error)}
    for name, path in bundles:
        print(f"{collection.name}: bundle {name}", file=sys.stderr)
        figures = judge(collection, ask_ours(Path(path), collection), OWN)
        found[f"bundle-{name}"] = {"title": name, "tiles": len(collection)} | figures
    return found


def _shown(ways: dict[str, Any]) -> str:
    """Return a table: a row for each measure, a column for each way that ran."""
    ran = [way for way in ways.values() if "measures" in way]
    rows: list[list[object]] = [
        [title, *(_cell(way["measures"].get(key)) for way in ran)] for key, title in TITLES.items()
    ]
    rows.append(["tiles", *(way["tiles"] for way in ran)])
    rows.append(["tiles a second of one core", *(_rates(way["tiles_per_s"]) for way in ran)])
    return table(["", *(way["title"] for way in ran)], rows)


def _cell(one: dict[str, Any] | None) -> str:
    return "" if one is None else f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _rates(rates: dict[str, float]) -> str:
    return " / ".join(f"{rate:g}" for rate in rates.values())


if __name__ == "__main__":
    sys.exit(main())

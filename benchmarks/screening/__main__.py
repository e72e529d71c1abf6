"""How well other ways find lettering tiles, measured as our own bundles are.

    python -m benchmarks.screening --collection NAME=TILES[,TILES]:LABELS.csv ...
        [--peers edges,fastdup] [--study NAME=EPOCHS ...] [--bundle NAME=BUNDLE ...]
        [--every N] [--keep]

TILES is a folder that `python -m training tile` wrote; write thumbnails' with --window 64
--stride 32 --size 64 --keep-white. Each collection's figures go to
benchmarks/results/screening-NAME.json. Peers are installed from the package index into
build/peers, each apart; what they said about the tiles is kept there too, and the study's
autoencoder as --study trained it on a collection. With --keep, ways that the result file holds
and that are not measured now stay in it; each has the commit that it was measured at.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.environments import WORK, PeerMissing
from benchmarks.screening.arguments import collection_parts, pair
from benchmarks.screening.catalogue import OWN, PEERS, SPACES, Peer
from benchmarks.screening.data import Collection, read_collection
from benchmarks.screening.judging import judge
from benchmarks.screening.measures import TITLES
from benchmarks.screening.ours import ask_ours
from benchmarks.screening.outputs import ask
from benchmarks.screening.study_way import AT_MOST, Course, ask_study
from bundle.errors import InputError
from docs.figures import table


def main() -> int:
    """Measure every collection given."""
    args = _arguments()
    try:
        chosen = _chosen(args.peers)
        bundles = [pair(text) for text in args.bundle]
        epochs = dict(pair(text) for text in args.study)
        commit = record.commit()
        for text in args.collection:
            name, folders, labels = collection_parts(text)
            collection = read_collection(name, folders, labels).every(args.every)
            ways = _peers(collection, chosen)
            if name in epochs:
                ways |= _study(collection, _course(name, folders, epochs[name]))
            ways |= _bundles(collection, bundles)
            ways = {key: {"commit": commit} | way for key, way in ways.items()}
            print(_shown(ways))
            if args.keep:
                ways = _ordered(_before(collection) | ways)
            figures = {"collection": collection.about(), "ways": ways}
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
    parser.add_argument("--study", action="append", default=[], metavar="NAME=EPOCHS")
    parser.add_argument("--every", type=int, default=1, help="only each N-th scan (default: 1)")
    parser.add_argument("--keep", action="store_true", help="keep what was measured before")
    return parser.parse_args()


def _chosen(keys: str | None) -> list[Peer]:
    if keys is None:
        return [peer for peer in PEERS if not peer.slow]
    wanted = [key for key in keys.split(",") if key]
    if unknown := set(wanted) - {peer.key for peer in PEERS}:
        known = ", ".join(peer.key for peer in PEERS)
        raise InputError(f"There is no peer {', '.join(sorted(unknown))}; there are {known}.")
    return [peer for peer in PEERS if peer.key in wanted]


def _course(name: str, folders: list[Path], epochs: str) -> Course:
    if not epochs.isdecimal():
        raise InputError(f"--study {name}={epochs}: give a whole number of epochs.")
    return Course(tuple(folders), int(epochs), WORK / f"study-{name}")


def _peers(collection: Collection, peers: list[Peer]) -> dict[str, Any]:
    """Return title and figures of every peer; of one that is not there, why."""
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
    return found


def _study(collection: Collection, course: Course) -> dict[str, Any]:
    print(f"{collection.name}: the study's autoencoder", file=sys.stderr)
    part = collection.at_most(AT_MOST)
    return {
        key: {"title": title, "tiles": len(part)} | judge(part, [output], OWN)
        for key, (title, output) in ask_study(course, part).items()
    }


def _bundles(collection: Collection, bundles: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, path in bundles:
        print(f"{collection.name}: bundle {name}", file=sys.stderr)
        figures = judge(collection, ask_ours(Path(path), collection), OWN)
        found[f"bundle-{name}"] = {"title": name, "tiles": len(collection)} | figures
    return found


def _before(collection: Collection) -> dict[str, Any]:
    """Return the ways in the result file of these tiles, each with its commit."""
    file = record.RESULTS / f"screening-{collection.name}.json"
    content = json.loads(file.read_text()) if file.exists() else {"figures": {}}
    if content["figures"].get("collection") != collection.about():
        return {}
    ways = content["figures"]["ways"]
    return {key: {"commit": content["commit"]} | way for key, way in ways.items()}


def _ordered(ways: dict[str, Any]) -> dict[str, Any]:
    """Return peers first, then the study, then ours, whatever was measured when."""
    order = [*(peer.key for peer in PEERS), "study", "study-flawed"]
    first = {key: ways[key] for key in order if key in ways}
    return first | {key: ways[key] for key in sorted(ways.keys() - first.keys())}


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

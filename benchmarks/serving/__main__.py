"""The service beside peers that serve the same encoder, in one run, in turns.

    python -m benchmarks.serving [--peers litserve,bentoml] [--seconds 6] [--rounds 3]
        [--study BUNDLE] [--default BUNDLE] [--name NAME]

Rounds go A B C ... A B C ...; each turn starts one server, compares its latents with those of the
bare encoder, and measures it with nothing else running: one tile a request on 1, 8 and 64
connections, 64 tiles a request on 4, and 64 connections at 70 % of capacity while its life is
asked after. A round ends with the bare runtime. Bundles that are not given are made in
build/bench from generated tiles, with few epochs: speed knows nothing of the weights' worth.
Peers are installed from the package index into build/peers, each apart. The service takes its
settings from the environment (TILESCREEN_...); the result tells which. Figures go to
benchmarks/results/NAME.json (serving), tables and plot to docs/performance.md by
`python -m docs.figures`.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import record
from benchmarks.environments import PeerMissing, interpreter
from benchmarks.generate import pngs, write_tiles
from benchmarks.server import ROOT
from benchmarks.serving import generator
from benchmarks.serving.bare import bare
from benchmarks.serving.catalogue import OURS, PEERS, UNABLE, Contender
from benchmarks.serving.ours import extras
from benchmarks.serving.payloads import Latents
from benchmarks.serving.turns import MANY, SHARE, Setting, turn
from bundle import OnnxEncoder, choose_precision, load_tile, open_bundle
from bundle.errors import InputError, TilescreenError
from service.settings import PREFIX, Settings

WORK = ROOT / "build" / "bench"
_TILES = 400
"""Enough for the fit to tell what int8 and bfloat16 change; generated once."""
_QUICK = {
    "study": ["--epochs", "1", "--batch", "32"],
    "default": ["--epochs", "1", "--adapt-rounds", "0"],
}


def main() -> int:
    """Measure everything and write the result file."""
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    try:
        peers = _chosen(args.peers)
        bundles = {name: _bundle(name, getattr(args, name)) for name in ("study", "default")}
        model = _model(bundles["study"])
        k6 = generator.has_k6()
        setting = Setting(list(pngs(MANY)), args.port, args.seconds, k6)
        start, load_before = time.perf_counter(), os.getloadavg()[0]
        figures = _rounds(peers, bundles, model, setting, args.rounds)
        figures["load_before"] = round(load_before, 2)
        figures["minutes"] = round((time.perf_counter() - start) / 60, 1)
    except TilescreenError as error:
        print(f"serving: {error}", file=sys.stderr)
        return 1
    record.record(args.name, "python -m benchmarks.serving", figures)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ",".join(peer.key for peer in PEERS)
    parser.add_argument("--peers", help=f"some of {known}; '' for none")
    parser.add_argument("--seconds", type=float, default=6.0, help="a window's length (6)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--study", type=Path, metavar="BUNDLE")
    parser.add_argument("--default", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--port", type=int, default=8370, help="first of three that are free (8370)"
    )
    parser.add_argument("--name", default="serving", help="of the result file (serving)")
    return parser.parse_args()


def _chosen(keys: str | None) -> list[Contender]:
    if keys is None:
        return list(PEERS)
    wanted = {key for key in keys.split(",") if key}
    if unknown := wanted - {peer.key for peer in PEERS}:
        known = ", ".join(peer.key for peer in PEERS)
        raise InputError(f"There is no peer {', '.join(sorted(unknown))}; there are {known}.")
    return [peer for peer in PEERS if peer.key in wanted]


def _bundle(profile: str, given: Path | None) -> Path:
    """Return the bundle of a profile, made from generated tiles if it was not given."""
    path = given or WORK / f"serving-{profile}"
    if not given and not (path / "manifest.json").exists():
        tiles = WORK / "serving-tiles"
        if not (tiles / "tiles.csv").exists():
            write_tiles(tiles, _TILES)
        fit = ["-m", "training", "fit", str(tiles), "--profile", profile, "--out", str(path)]
        subprocess.run([sys.executable, *fit, *_QUICK[profile]], cwd=ROOT, check=True)
    if (found := open_bundle(path).manifest.profile) != profile:
        raise InputError(f"{path} is a bundle of the profile {found}, not {profile}.")
    return path


def _model(study: Path) -> Path:
    """Return the folder with the study encoder as peers load it, made anew for this bundle."""
    out = WORK / "serving-model"
    command = [sys.executable, "-m", "benchmarks.serving.models", str(study), str(out)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    return out


def _rounds(
    peers: list[Contender], bundles: dict[str, Path], model: Path, setting: Setting, rounds: int
) -> dict[str, Any]:
    loads = {one.key: path for one, path in zip(OURS, bundles.values(), strict=True)}
    expected = {one.key: _expected(loads.get(one.key, bundles["study"]), setting) for one in OURS}
    found: dict[str, Any] = {one.key: _about(one) for one in (*OURS, *peers)}
    found |= {one.key: {"title": one.title, "skipped": one.reason} for one in UNABLE}
    _install(peers, found)
    runtime: dict[str, list[Any]] = {name: [] for name in bundles}
    own: list[Any] = []
    for number in range(rounds):
        for one in (*OURS, *peers):
            if "skipped" in found[one.key]:
                continue
            print(f"round {number + 1} of {rounds}: {one.key}", file=sys.stderr)
            try:
                latents = expected.get(one.key, expected[OURS[0].key])
                seen = turn(one, loads.get(one.key, model), latents, setting)
                found[one.key]["turns"].append(seen)
            except PeerMissing as error:
                print(error, file=sys.stderr)
                found[one.key]["skipped"] = str(error)
        for name, path in bundles.items():
            runtime[name].append(bare(path, setting.seconds / 2))
        try:
            own.append(extras(bundles["default"], setting))
        except PeerMissing as error:
            print(error, file=sys.stderr)
    return {
        "seconds": setting.seconds,
        "rounds": rounds,
        "share_of_capacity": SHARE,
        "settings": {name: os.environ[name] for name in sorted(os.environ) if _told(name)},
        "precision": {
            name: choose_precision(open_bundle(path), "auto") for name, path in bundles.items()
        },
        "batch_tiles": Settings.model_fields["max_batch_size"].default,
        "generator": "k6" if setting.k6 else "benchmarks/load.py",
        "tile_bytes": round(sum(map(len, setting.tiles)) / len(setting.tiles)),
        "bare": runtime,
        "default_only": own,
        "contenders": found,
    }


def _told(name: str) -> bool:
    """Tell whether a variable is a setting of the service that is no secret."""
    return name.startswith(PREFIX) and "KEY" not in name


def _about(one: Contender) -> dict[str, Any]:
    about = {"title": one.title, "packages": one.environment.packages, "ours": one.ours}
    return about | {"tensorflow": one.tensorflow, "turns": []}


def _install(peers: list[Contender], found: dict[str, Any]) -> None:
    """Install all before the first turn, so that no turn lies beside an installation."""
    for one in peers:
        try:
            interpreter(one.environment)
        except PeerMissing as error:
            print(error, file=sys.stderr)
            found[one.key]["skipped"] = str(error)


def _expected(path: Path, setting: Setting) -> Latents:
    """Return the latents of the setting's tiles by a bundle's encoder, without a service."""
    side = open_bundle(path).manifest.preprocessing.side
    tiles = np.stack([load_tile(tile, side) for tile in setting.tiles])
    return OnnxEncoder(path).encode(tiles)


if __name__ == "__main__":
    sys.exit(main())

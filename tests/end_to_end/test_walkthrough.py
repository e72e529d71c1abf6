"""Every command of docs/walkthrough.md, run as it stands, on a few small tiles."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import run
from tests.brief import shorten
from tests.pictures import png
from tests.serving import ROOT
from tests.tile_folders import write_tiles
from training.__main__ import main
from training.planting.plant import Wanted, plant

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/walkthrough.md").read_text(), re.DOTALL)
SIDE = 64
READY = re.compile(r"Ready in .*?(http://\S+)")


def film_tiles(folder: Path) -> Path:
    """Write 24 tiles of four films whose names tell a class, as the walk-through's do.

    Every third shows a line of text on dark film: the walk-through drops some.
    """
    write_tiles(folder / "plain", 24, side=SIDE)
    rng, dark = np.random.default_rng(5), np.full((SIDE, SIDE), 0.05, np.float32)
    lines = ["id,scan,patient,y,x"]
    for number, file in enumerate(sorted((folder / "plain").glob("*.png"))):
        if number % 3 == 0:
            text = plant(rng, dark, Wanted("text", size=SIDE / 5, contrast=0.9)).pixels
            file.write_bytes(png((text * 255).clip(0, 255).astype(np.uint8)))
        film = f"sfm-{'benign' if number % 4 < 2 else 'malign'}-{number % 4}"
        name = f"{film}_y{number // 4 * 350:05}_x00000"
        file.rename(folder / f"{name}.png")
        lines.append(f"{name},{film},{film},{number // 4 * 350},0")
    (folder / "plain").rmdir()
    (folder / "tiles.csv").write_text("\n".join([*lines, ""]))
    return folder


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[run.Plan]:
    """What `make run` does with these tiles, its longest step done already, with fewer epochs."""
    plan = run.make_plan({"TILES": str(film_tiles(tmp_path / "walkthrough-tiles"))})
    shorten(monkeypatch)
    short = ["--width", "2", "--epochs", "2", "--adapt-rounds", "0"]
    try:
        assert main(["fit", str(plan.tiles), "--out", str(plan.bundle), *short]) == 0
        stamp = {"tiles": run.fingerprint(plan.tiles), "done": True}
        (plan.work / "fitted.json").write_text(json.dumps(stamp))
        yield plan
    finally:
        shutil.rmtree(plan.work)


@contextmanager
def served(command: str, plan: run.Plan, kept: Path) -> Iterator[str]:
    """Run the first block; yield the address of the service that it becomes."""
    own = {"TILES": str(plan.tiles), "PORT": "0", "TILESCREEN_DECISIONS": str(kept)}
    environment = {**os.environ, **own, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            found = next(filter(None, map(READY.search, process.stdout)), None)
            assert found, "make run ended before the service was ready"
            yield found[1]
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_every_command_of_the_walkthrough_runs(plan: run.Plan, tmp_path: Path) -> None:
    """From `make run` to a checked list, an audit and a folder's verdicts."""
    (tmp_path / "walkthrough").mkdir()
    first, *blocks = BLOCKS
    assert first == "make run\n"
    with served(first, plan, tmp_path / "kept") as address:
        script = "set -euo pipefail\n" + "".join(blocks)
        assert script.count("127.0.0.1:8000") == 1, "the address is set in one place"
        for shown, meant in (
            ("http://127.0.0.1:8000", address),
            ("build/walkthrough", str(tmp_path / "walkthrough")),
            ("build/demo/tiles", str(plan.tiles)),
            ("build/demo/bundle", str(plan.bundle)),
        ):
            assert shown in script
            script = script.replace(shown, meant)
        done = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    with (tmp_path / "walkthrough/suspects.csv").open(newline="") as stream:
        scores = [float(line["score"]) for line in csv.DictReader(stream)]
    assert scores
    assert min(scores) >= 0.9, "what shows no letters is not recorded as lettering"
    made = {path.name for path in (tmp_path / "walkthrough").rglob("*")}
    assert {"tiles.csv", "boxes.json", "manifest.json", "audit.html", "verdicts.csv"} <= made

"""The client against the real service, both as a user runs them."""

import csv
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import uvicorn

from bundle import Bundle, decode_png
from bundle.arrays import Latents, Tiles
from client import Client, Encoded, FailedTile, NotFound, Screening, TileRefused
from client.batch.options import Options
from client.batch.tables import Table
from client.screenings import VERDICTS
from service.app import create_app
from service.settings import Settings
from tests.fakes import FakeEncoder
from tests.pictures import png
from tests.serving import ROOT, serving
from tests.tiny import tiny_tiles

DEADLINE_S = 60


@pytest.fixture(scope="module")
def url(tiny_path: Path) -> Iterator[str]:
    """The address of a service of the tiny bundle."""
    with serving(tiny_path) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A client of that service."""
    with Client(url) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path, tiny_bundle: Bundle) -> Path:
    """The pictures of the stored tiles, and one file that is no picture."""
    folder = tmp_path / "tiles"
    folder.mkdir()
    for row in range(len(tiny_bundle)):
        (folder / f"{tiny_bundle.id(row)}.png").write_bytes(tiny_bundle.picture(row))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def _command(url: str, command: str, folder: Path, out: Path, *more: str) -> list[str]:
    args = [command, str(folder), "--out", str(out), "--url", url, *more]
    return [sys.executable, "-m", "client", *args]


def _rows(out: Path) -> list[dict[str, str]]:
    with out.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_latents_of_a_folder(
    url: str, folder: Path, tmp_path: Path, tiny_bundle: Bundle
) -> None:
    """Every stored tile sent again has its stored latent; the broken file has a reason."""
    command = _command(url, "encode", folder, tmp_path / "out.csv")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "broken.png: The bytes are not a PNG" in done.stderr
    broken, *rows = _rows(tmp_path / "out.csv")
    assert broken["error"].startswith("not_a_png: ")
    latents = [[float(row[f"l{at}"]) for at in range(4)] for row in rows]
    np.testing.assert_allclose(latents, tiny_bundle.latents, atol=1e-6)


def test_one_tile_gets_what_many_get(client: Client, folder: Path) -> None:
    """The same tile alone and among others has the same latent."""
    files = sorted(folder.glob("c*.png"))
    many = list(client.encode_many(files))
    assert many[3] == client.encode(files[3])
    assert client.latent_of("c309").latent == pytest.approx(client.encode(files[3]).latent)


def test_a_sent_tile_finds_itself(client: Client, folder: Path) -> None:
    """The picture of a stored tile is nearest to that tile; the stored tile leaves itself out."""
    sent = client.neighbors(folder / "c306.png", k=3)
    assert [hit.rank for hit in sent.neighbors] == [1, 2, 3]
    assert sent.neighbors[0].id == "c306"
    stored = client.neighbors_of("c306", k=2)
    assert [hit.id for hit in stored.neighbors] == [hit.id for hit in sent.neighbors[1:]]
    assert (sent.self_excluded, stored.self_excluded) == (False, True)


def test_examples_beside_a_tile(client: Client, folder: Path) -> None:
    """Examples of the other group bring its tiles; what is nearer to a negative one stays away."""
    sent = client.neighbors(
        folder / "c300.png", k=12, positive=["c324"], negative=["c309"], exact=True
    )
    stored = client.neighbors_of("c300", k=12, positive=["c324"], negative=["c309"])
    assert [hit.id for hit in stored.neighbors] == [hit.id for hit in sent.neighbors[1:]]
    assert {"c309", "c324"}.isdisjoint(hit.id for hit in sent.neighbors)
    assert "c321" in {hit.id for hit in stored.neighbors}
    assert sent.exact


def test_a_sent_tile_has_the_cluster_of_its_twin(client: Client, folder: Path) -> None:
    """Nearest-core rule: a core tile sent again lands in its own cluster."""
    assert client.cluster(folder / "c300.png").label == client.cluster_of("c300").label == 0


def test_a_stored_tile_sent_again_has_its_verdict(client: Client, folder: Path) -> None:
    """The verdict of the fit and that on the tile in the size it was given agree, box and all."""
    for file in folder.glob("c*.png"):
        file.write_bytes(png(decode_png(file.read_bytes()).repeat(2, 0).repeat(2, 1)))
    sent = list(client.screen_many(sorted(folder.glob("c*.png")), k=0))
    stored = [client.screening_of(answer.id, k=0) for answer in sent]
    assert {answer.verdict for answer in stored} > {"keep"}
    for one, other in zip(sent, stored, strict=True):
        assert isinstance(one, Screening)
        assert (one.id, one.verdict) == (other.id, other.verdict)
        assert [why.code for why in one.reasons] == [why.code for why in other.reasons]


def test_evidence_leaves_out_the_tile_itself(client: Client) -> None:
    """A stored tile is compared with others; k is the most of them."""
    doubtful = next(client.screened(verdict=["review", "drop"], reason="LETTERING"))
    evidence = client.screening_of(doubtful.id, k=2).evidence[0]
    ids = [tile.id for tile in evidence.neighbors]
    assert 1 <= len(ids) <= 2
    assert doubtful.id not in ids


def test_verdicts_can_be_listed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them by score, page after page, or those with one verdict; none is left out."""
    monkeypatch.setattr("client.questions._A_PAGE", 5)
    tiles = list(client.screened())
    assert len({tile.id for tile in tiles}) == len(tiles) == 12
    assert [tile.score for tile in tiles] == sorted((tile.score for tile in tiles), reverse=True)
    drops = client.screened(verdict="drop", sort="id")
    assert [tile.id for tile in drops] == sorted(t.id for t in tiles if t.verdict == "drop")


def test_the_verdicts_of_a_folder(url: str, folder: Path, client: Client, tmp_path: Path) -> None:
    """The table has the service's verdicts; a line sums them up; the broken file has a reason."""
    command = _command(url, "screen", folder, tmp_path / "out.csv")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    broken, *rows = _rows(tmp_path / "out.csv")
    assert (broken["error"][:9], broken["verdict"]) == ("not_a_png", "")
    verdicts = {tile.id: tile.verdict for tile in client.screened()}
    assert {row["id"]: row["verdict"] for row in rows} == verdicts
    counts = Counter(verdicts.values())
    summed = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    assert done.stdout.splitlines()[-1] == summed


def test_everything_stored_can_be_listed(client: Client, tiny_bundle: Bundle) -> None:
    """Tiles, clusters with the stray ones last, pictures, and the bundle itself."""
    assert [tile.id for tile in client.tiles()] == [tiny_bundle.id(row) for row in range(12)]
    assert [tile.id for tile in client.tiles(cluster=-1)] == ["c333"]
    assert [(group.label, group.size) for group in client.clusters()] == [(0, 6), (1, 5), (-1, 1)]
    assert client.image("c300") == tiny_bundle.picture(0)
    assert client.reconstruction("c300").startswith(b"\x89PNG")
    assert client.bundle().id == tiny_bundle.manifest.bundle_id


def test_what_the_service_refuses_is_typed(client: Client) -> None:
    """Unknown ids come with near matches, bad tiles with the service's code."""
    with pytest.raises(NotFound) as unknown:
        client.neighbors_of("c301")
    assert "c300" in unknown.value.problem.near
    with pytest.raises(TileRefused) as refused:
        client.encode(b"")
    assert refused.value.problem.code == "empty_tile"


def test_one_bad_tile_does_not_spoil_the_others(client: Client, folder: Path) -> None:
    """An error of one tile stays with it."""
    bad, good = client.encode_many([folder / "broken.png", folder / "c300.png"])
    assert isinstance(bad, FailedTile)
    assert isinstance(good, Encoded)


class _Halting(FakeEncoder):
    """Encodes so many tiles, then waits until it is let go."""

    def __init__(self, tiles: int) -> None:
        super().__init__()
        self._left = tiles
        self.go = Event()

    def encode(self, tiles: Tiles) -> Latents:
        """As `FakeEncoder`, once there is leave to."""
        self._left -= len(tiles)
        if self._left < 0:
            self.go.wait(DEADLINE_S)
        return super().encode(tiles)


@contextmanager
def _serving_here(bundle: Path, encoder: FakeEncoder) -> Iterator[str]:
    app = create_app(Settings(bundle=bundle, threads=1), encoder=encoder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def _wait_for_lines(path: Path, lines: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not path.exists() or path.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline, "no answer came"
        time.sleep(0.01)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, tiny_path: Path) -> None:
    """Ctrl-C leaves with 130 and says how to go on; --resume asks for the rest alone."""
    for number in range(70):
        (tmp_path / f"t{number:02}.png").write_bytes(png(tiny_tiles(70)[number]))
    encoder, out = _Halting(5 + 64), tmp_path / "out.csv"  # five probes come first
    with _serving_here(tiny_path, encoder) as url:
        command = _command(url, "encode", tmp_path, out, "--parallel", "1", "--quiet")
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            _wait_for_lines(tmp_path / "out.csv.ledger", 1 + 64)
            process.send_signal(signal.SIGINT)
            _, shown = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 130
        assert shown.startswith("client: Interrupted.\nThe answers so far are in ")
        assert not out.exists()
        encoder.go.set()
        encoder.runs.clear()
        done = subprocess.run([*command, "--resume"], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert sum(encoder.runs) <= 2 * 6
    assert [row["id"] for row in _rows(out)] == [f"t{number:02}" for number in range(70)]


def test_the_code_in_the_document_runs(
    url: str, tmp_path: Path, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block of docs/client.md runs as it stands, but for the address."""
    monkeypatch.chdir(tmp_path)
    Path("tiles").mkdir()
    for name in ("c311", "c578"):
        Path(f"tiles/{name}.png").write_bytes(tiny_bundle.picture(0))
    text = (ROOT / "docs" / "client.md").read_text().replace("http://127.0.0.1:8000", url)
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, "docs/client.md", "exec"), {})


def test_the_document_names_every_option_and_column() -> None:
    """docs/client.md keeps up with the command line and the tables."""
    text = (ROOT / "docs" / "client.md").read_text()
    names = {option.name for option in fields(Options)} - {"command", "inputs", "k"}
    tables = (Table(command, 0) for command in ("neighbors", "cluster", "screen"))
    wanted = [f"--{name.replace('_', '-')}" for name in names] + [
        ", ".join(table.columns) for table in tables
    ]
    assert [name for name in wanted if name not in text] == []


def test_vectors_and_streams_say_what_many_says(client: Client, folder: Path) -> None:
    """Over a real connection: the same latents and verdicts, and the same tile refused."""
    files = sorted(folder.glob("*.png"))
    encoded = {one.id: one for one in client.encode_many(files)}
    found = client.vectors(files)
    assert [one.id for one in found.failed] == ["broken"]
    assert found.failed[0].problem.code == "not_a_png"
    for name, row in zip(found.ids, found.latents, strict=True):
        one = encoded[name]
        assert (
            np.isnan(row).all()
            if isinstance(one, FailedTile)
            else (row.tolist() == pytest.approx(one.latent, abs=1e-7))
        )
    assert found.bundle == client.bundle().id
    assert list(client.screen_stream(files)) == list(client.screen_many(files))

"""Results in a notebook."""

import base64
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from client import Client, InputUnusable, Payload, Results
from tests.pictures import png
from tests.unit.client.fake_service import AT_ONCE, FakeService

TILE = png(np.full((8, 8), 90, dtype=np.uint8))


@pytest.fixture
def client() -> Client:
    """One of a service that finds lettering at (1, 2, 3, 4) on every tile of over ten bytes."""
    return Client("http://s", retry=AT_ONCE, transport=httpx.MockTransport(FakeService()))


def test_an_answer_shows_its_tile_and_the_box(client: Client, tmp_path: Path) -> None:
    """The picture is part of the page, read from where it was sent; the box lies upon it."""
    (tmp_path / "c311.png").write_bytes(TILE)
    page = client.screen(tmp_path / "c311.png")._repr_html_()
    assert f'src="data:image/png;base64,{base64.b64encode(TILE).decode()}"' in page
    assert "left:12.50%;top:25.00%;width:25.00%;height:25.00%" in page
    assert "verdict: drop" in page
    assert "http" not in page


def test_a_tile_that_is_gone_is_shown_without_a_picture(client: Client, tmp_path: Path) -> None:
    """The answer stays; nothing breaks."""
    (tmp_path / "c311.png").write_bytes(TILE)
    answer = client.screen(tmp_path / "c311.png")
    (tmp_path / "c311.png").unlink()
    assert "<img" not in answer._repr_html_()
    assert "verdict: drop" in answer._repr_html_()


def test_names_cannot_break_out(client: Client) -> None:
    """An id is text, whatever it looks like, and what is no PNG is no picture."""
    page = client.cluster(Payload("<script>alert(1)</script>.png", b"<svg onload=x>"))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<img" not in page


def test_many_answers_are_a_sheet_and_a_frame(client: Client) -> None:
    """One card a tile and one row a tile; a failed one has its reason."""
    tiles = [Payload("a.png", TILE), Payload("b.png", b"bad"), Payload("c.png", b"tiny")]
    found = Results(client.screen_many(tiles))
    assert found._repr_html_().count("<img") == 1
    frame = found.to_pandas()
    assert frame["id"].tolist() == ["a", "b", "c"]
    assert frame["verdict"].tolist()[::2] == ["drop", "keep"]
    assert frame.loc[0, ["reasons", "left", "bottom"]].tolist() == ["LETTERING;FILM_EDGE", 1, 4]
    assert frame.loc[1, "error"] == "not_a_png: It is not_a_png."
    assert (len(found), len(found[1:]), found[0].id) == (3, 2, "a")


@pytest.mark.parametrize(
    ("method", "columns", "rows"),
    [
        ("encode_many", ["id", "l0", "l1"], 1),
        ("cluster_many", ["id", "label", "confidence", "nearest", "distance", "reach"], 1),
        ("neighbors_many", ["id", "rank", "neighbor", "distance", "rarity", "cluster", "scan"], 2),
    ],
)
def test_frames_have_the_columns_of_the_tables(
    client: Client, method: str, columns: list[str], rows: int
) -> None:
    """One row a tile, or a neighbour."""
    frame = Results(getattr(client, method)([TILE])).to_pandas()
    assert list(frame.columns) == columns
    assert len(frame) == rows


def test_a_long_sheet_is_cut(client: Client) -> None:
    """A page of thousands of pictures would not be looked at."""
    found = Results(client.cluster_many([TILE] * 70))
    assert found._repr_html_().count("<img") == 60
    assert found._repr_html_().endswith("<p>and 10 more</p>")


def test_without_pandas_it_says_what_to_install(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extra, with its sentence."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputUnusable, match=r"pip install './client\[notebook\]'"):
        Results(client.cluster_many([TILE])).to_pandas()

"""The served bundle follows its link, its folder, and SIGHUP."""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bundle import open_bundle
from service.workers.follow import Watch, follow
from tests.api import Api, running, until
from tests.tiny import write_tiny_bundle


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder of two bundles, a and b, of which `current` is a."""
    for seed, name in enumerate("ab"):
        write_tiny_bundle(tmp_path / name, seed=seed)
    (tmp_path / "current").symlink_to("a")
    return tmp_path


def move(link: Path, target: str) -> None:
    link.with_name(".new").symlink_to(target)
    link.with_name(".new").replace(link)


def test_a_path_has_moved_once(bundles: Path) -> None:
    """A moved link, and a folder with another manifest, are seen once each."""
    watch = Watch(bundles / "current")
    seen = [watch.moved()]
    move(bundles / "current", "b")
    seen += [watch.moved(), watch.moved()]
    shutil.rmtree(bundles / "b")
    seen.append(watch.moved())  # gone: a fit may be about to put it back
    write_tiny_bundle(bundles / "b", seed=9)
    seen += [watch.moved(), watch.moved()]
    assert seen == [False, True, False, False, True, False]


def test_a_link_that_leads_nowhere_is_told_once(
    bundles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at once, as a fit swaps folders in a moment; and again where it happens again."""
    watch, told = Watch(bundles / "current"), list[int]()
    for target in ("none", "b", "none"):
        move(bundles / "current", target)
        for _ in range(8):
            watch.moved()
            told.append(len(caplog.records))
    assert told == [0] * 4 + [1] * 16 + [2] * 4
    assert "leads to no bundle any more; the one before serves on" in caplog.text


def test_a_link_that_led_elsewhere_and_back_has_moved(bundles: Path) -> None:
    """An activation moved it and somebody moved it back, between two looks."""
    watch = Watch(bundles / "current")
    move(bundles / "current", "b")
    move(bundles / "current", "a")
    assert watch.moved()
    assert not watch.moved()


def following(bundles: Path, change: Callable[[Api], Awaitable[None]]) -> str:
    """Follow `current` while `change` is under way; return the bundle that answers then."""

    async def talk(api: Api) -> None:
        task = asyncio.create_task(follow(bundles / "current", api.app.state.team))
        await asyncio.sleep(0)
        await change(api)
        task.cancel()

    with running(None, bundles=bundles) as api:
        api.runner.run(talk(api))
        return api.get("/livez").headers["x-bundle"]


def test_a_moved_link_is_followed(bundles: Path) -> None:
    """The bundle that the link leads to answers before long."""
    wanted = open_bundle(bundles / "b").manifest.bundle_id

    async def change(api: Api) -> None:
        move(bundles / "current", "b")
        await until(lambda: api.app.state.shelf.current.id == wanted)

    assert following(bundles, change) == wanted


def test_hangup_goes_back_to_the_link(bundles: Path) -> None:
    """SIGHUP lets the bundle answer that the link leads to, also after an activation."""
    first, other = (open_bundle(bundles / name).manifest.bundle_id for name in "ab")
    (bundles / "current").unlink()
    (bundles / "a").rename(bundles / "current")  # no link, which an activation would move

    async def change(api: Api) -> None:
        await api.client.post(f"/bundles/{other}:activate")
        assert api.app.state.shelf.current.id == other
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: api.app.state.shelf.current.id == first)

    assert following(bundles, change) == first


def test_a_damaged_one_is_refused_and_the_next_is_taken(
    bundles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A link moved to a damaged bundle is told in the log; a sound one after it is followed."""
    first = open_bundle(bundles / "a").manifest.bundle_id
    write_tiny_bundle(bundles / "c", seed=5)
    wanted = open_bundle(bundles / "c").manifest.bundle_id
    (bundles / "b" / "points.npy").write_bytes(b"")

    async def change(api: Api) -> None:
        move(bundles / "current", "b")
        await until(lambda: "bundle refused" in caplog.text)
        assert api.app.state.shelf.current.id == first
        move(bundles / "current", "c")
        await until(lambda: api.app.state.shelf.current.id == wanted)

    with caplog.at_level(logging.WARNING):
        assert following(bundles, change) == wanted
    assert "points.npy is truncated" in caplog.text

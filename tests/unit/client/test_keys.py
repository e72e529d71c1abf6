"""The API key: from an argument, a flag or the environment into a header."""

from pathlib import Path

import httpx
import pytest

from client import AsyncClient, Client, InputUnusable
from client.__main__ import main
from tests.unit.client.fake_service import AT_ONCE, FakeService, problem


class Seen:
    """The fake service, remembering what it was sent as a key."""

    def __init__(self) -> None:
        self.keys: set[str | None] = set()
        self._service = FakeService()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.keys.add(request.headers.get("authorization"))
        return self._service(request)


@pytest.fixture(autouse=True)
def _no_key_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILESCREEN_API_KEY", raising=False)


def key_sent(api_key: str | None) -> str | None:
    seen = Seen()
    with Client("http://service", api_key=api_key, transport=httpx.MockTransport(seen)) as client:
        client.bundle()
    (key,) = seen.keys
    return key


def test_a_key_is_sent_as_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument wins over the environment; without both nothing is sent."""
    assert key_sent(None) is None
    monkeypatch.setenv("TILESCREEN_API_KEY", "of-the-environment")
    assert key_sent(None) == "Bearer of-the-environment"
    assert key_sent("of-the-argument") == "Bearer of-the-argument"
    assert key_sent("") is None


def test_the_command_sends_it_with_every_request(tmp_path: Path) -> None:
    """`--api-key` goes along with each request of a run."""
    (tmp_path / "a.png").write_bytes(b"x")
    seen = Seen()
    args = ["encode", str(tmp_path), "--out", str(tmp_path / "o.csv"), "--url", "http://service"]
    status = main([*args, "--api-key", "k"], transport=httpx.MockTransport(seen), retry=AT_ONCE)
    assert (status, seen.keys) == (0, {"Bearer k"})


@pytest.mark.parametrize("key", ["two words", "line\n", "schlüssel"])
def test_a_key_that_no_header_can_hold(key: str) -> None:
    """Such a key is refused before anything is sent, and not shown."""
    for kind in (Client, AsyncClient):
        with pytest.raises(InputUnusable, match="API key") as caught:
            kind("http://service", api_key=key)
        assert key not in str(caught.value)


@pytest.mark.parametrize("code", ["key_needed", "key_unknown"])
@pytest.mark.parametrize("command", ["encode", "decisions"])
def test_a_refusal_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, code: str
) -> None:
    """A service that asks for a key ends the command, without a table; it says what to give."""
    (tmp_path / "a.png").write_bytes(b"x")
    tiles = [str(tmp_path)] if command == "encode" else []
    args = [command, *tiles, "--out", str(tmp_path / "o.csv"), "--url", "http://service"]
    refuse = httpx.MockTransport(lambda _: problem(401, code))
    assert main(args, transport=refuse, retry=AT_ONCE) == 1
    told = capsys.readouterr().err
    assert "--api-key" in told
    assert "TILESCREEN_API_KEY" in told
    assert f"({code}, 401)" in told


def test_a_key_may_begin_with_a_hyphen(capsys: pytest.CaptureFixture[str]) -> None:
    """It looks like an option, and the sentence says how to write it."""
    seen = Seen()
    args = ["undo", "--url", "http://service"]
    assert main([*args, "--api-key", "-abc"], transport=httpx.MockTransport(seen)) == 1
    assert "write --api-key=KEY where it begins with -, or set TI" in capsys.readouterr().err
    assert seen.keys == set()
    main([*args, "--api-key=-abc"], transport=httpx.MockTransport(seen))
    assert seen.keys == {"Bearer -abc"}

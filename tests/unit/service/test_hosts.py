"""Names that the service answers to, and pages of other sites that lead theirs to it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bundle.errors import InputError
from service.options import read_settings
from tests.api import Api, running

KEY = "review-key-0123456789"
EVIL = "evil.example:8311"


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def asked(api: Api, host: str, url: str = "/tiles/c300/image") -> httpx.Response:
    return api.get(url, headers={"Host": host})


def decided(api: Api, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask("PUT", "/tiles/c303/decision", json={"decision": "drop"}, headers=sent)


@pytest.mark.parametrize(
    "url", ["/tiles/c300/image", "/", "/view/review", "/static/style.css", "/sign-in", "/metrics"]
)
def test_a_name_led_here_is_told_nothing(api: Api, url: str) -> None:
    """Without keys, a page that led its own name to this machine reads nothing."""
    answer = asked(api, EVIL, url)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (421, "wrong_host")
    assert repr(EVIL) in problem["detail"]
    assert "TILESCREEN_ALLOWED_HOSTS" in problem["detail"]


def test_two_names_are_none(api: Api) -> None:
    """Whoever stands between might read the one, and this service the other."""
    headers = [("Host", "localhost"), ("Host", EVIL)]
    answer = api.ask("GET", "/tiles/c300/image", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")


def test_a_name_led_here_decides_nothing(api: Api) -> None:
    """Nor does it write, though the browser takes it for the same site."""
    answer = decided(api, Host=EVIL, Origin=f"http://{EVIL}", Sec_Fetch_Site="same-origin")
    assert answer.status_code == 421
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8311", "127.0.0.1:8311", "127.0.0.5", "[::1]:8311", "[::1]"]
)
def test_this_machine_by_any_name(api: Api, host: str) -> None:
    """Names that no one can lead elsewhere are answered."""
    assert asked(api, host).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "", "[::2]"])
def test_names_that_look_like_it(api: Api, host: str) -> None:
    """What only begins like this machine's name is another's."""
    assert asked(api, host).status_code == 421


@pytest.mark.parametrize("url", ["/livez", "/readyz"])
def test_probes_ask_by_any_name(api: Api, url: str) -> None:
    """Whoever watches over a container asks by its address."""
    assert asked(api, "10.1.2.3:8000", url).status_code == 200


def test_names_of_a_proxy(tiny_path: Path) -> None:
    """Names that are set are answered beside this machine's; any with a star."""
    with running(tiny_path, allowed_hosts="Tiles.example, service") as api:
        hosts = ("tiles.example", "tiles.example:8443", "service:8000", "localhost", EVIL)
        assert [asked(api, host).status_code for host in hosts] == [200, 200, 200, 200, 421]
    with running(tiny_path, allowed_hosts="*") as api:
        assert asked(api, EVIL).status_code == 200


def test_where_keys_are_needed_any_name_will_do(tiny_path: Path) -> None:
    """A key protects what the name does not; names that are set count all the same."""
    key = {"X-API-Key": KEY, "Host": EVIL}
    with running(tiny_path, api_keys=f"review:{KEY}") as api:
        assert api.get("/tiles/c300/image", headers=key).status_code == 200
    with running(tiny_path, api_keys=f"review:{KEY}", allowed_hosts="tiles.example") as api:
        assert api.get("/tiles/c300/image", headers=key).status_code == 421


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://evil.example"),
        ("localhost:8000", "http://localhost:3000"),
        ("localhost", "null"),
        ("localhost", "https://127.0.0.1"),
    ],
)
def test_pages_of_another_origin_do_not_write(api: Api, host: str, origin: str) -> None:
    """A browser that sends no Sec-Fetch-Site tells by Origin that another page asks."""
    assert decided(api, Host=host, Origin=origin).json()["code"] == "from_another_site"
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize(
    ("host", "origin", "site"),
    [
        ("localhost:8000", "http://localhost:8000", ""),
        ("localhost:443", "https://localhost", ""),
        ("localhost", "http://localhost:8000", ""),
        ("127.0.0.1:8000", "https://tiles.example", "same-origin"),
    ],
)
def test_own_pages_write(tiny_path: Path, host: str, origin: str, site: str) -> None:
    """The service's own pages decide, behind a proxy that changes Host or port as well."""
    with running(tiny_path) as api:
        said = {"Sec_Fetch_Site": site} if site else {}
        assert decided(api, Host=host, Origin=origin, **said).status_code == 200


def test_a_proxy_that_changes_the_name(tiny_path: Path) -> None:
    """Where the browser says no more than Origin, the proxy's name is one that is set."""
    with running(tiny_path, allowed_hosts="tiles.example") as api:
        assert decided(api, Host="127.0.0.1:8000", Origin="http://tiles.example").status_code == 200


def test_a_key_in_a_header_is_no_page(tiny_path: Path) -> None:
    """No page of another site may send a key's header, so whoever does is none."""
    with running(tiny_path, api_keys=f"review@ann:{KEY}") as api:
        foreign = {"Origin": "http://evil.example"}
        assert decided(api, X_API_Key=KEY, **foreign).status_code == 200
        assert decided(api, Authorization=f"bearer {KEY}", **foreign).status_code == 200
        cookie = {"Cookie": f"tilescreen_key={KEY}"}
        assert decided(api, **cookie, **foreign).json()["code"] == "from_another_site"


@pytest.mark.parametrize("said", ["Basic YW5uOnNlY3JldA==", "Negotiate YII=", "Bearers x", ""])
def test_what_a_browser_adds_by_itself_is_no_key(api: Api, said: str) -> None:
    """A proxy that asks for name and password is told them with every page's request."""
    foreign = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
    refused = decided(api, Authorization=said, **foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "from_another_site")
    assert api.get("/decisions").json()["total"] == 0


@pytest.mark.parametrize("name", ["http://tiles.example", "tiles.example/x", "a b"])
def test_a_name_that_is_none_stops_the_start(name: str) -> None:
    """A scheme or a path in the setting would never match."""
    with pytest.raises(InputError, match="leave out scheme, port and path"):
        read_settings(["--bundle=b", f"--allowed-hosts=ok.example,{name}"])

"""API keys: who may ask, where keys come from, and how people sign in to the pages."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle.errors import InputError
from service.keys import Holder, Role, main, read_keys
from service.settings import Settings
from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles

READ, ADMIN = "read-key-0123456789", "admin-key-0123456789"
TILE = png(tiny_tiles()[0])


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path, api_keys=f"read:{READ}, admin:{ADMIN}") as api:
        yield api


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


QUESTIONS = ["/screen", "/tiles", "/neighbors/c300", "/bundle", "/bundles", "/openapi.json", "/no"]


@pytest.mark.parametrize("url", QUESTIONS)
def test_a_question_without_a_key(api: Api, url: str) -> None:
    """Without a key every question is answered 401 in the one shape, with how to send one."""
    answer = api.get(url)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "key_needed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="tilescreen"'
    assert problem["instance"] == answer.headers["x-request-id"]
    assert "Authorization: Bearer KEY" in problem["detail"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, "You are signed out. Sign in at /sign-in"),
        ({"Cookie": "tilescreen_reviewer=Ann"}, "You are signed out. Sign in at /sign-in"),
        ({"Cookie": "tilescreen_key=old"}, "does not know the key that you signed in with."),
        ({"X-API-Key": "old", "Sec-Fetch-Site": "none"}, "does not know this API key."),
    ],
)
def test_a_page_without_a_key_is_told_to_sign_in(
    api: Api, headers: dict[str, str], words: str
) -> None:
    """Who was signed out in another tab knows nothing of headers."""
    sent = {"decision": "drop"}
    answer = api.ask("PUT", "/tiles/c300/decision", json=sent, headers=headers)
    assert answer.status_code == 401
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("url", ["/encode", "/neighbors", "/cluster", "/screen", "/view/upload"])
def test_tiles_without_a_key_are_not_looked_at(api: Api, url: str) -> None:
    """Tiles that are sent without a key are answered 401."""
    assert api.post(url, TILE).status_code == 401


@pytest.mark.parametrize("key", ["nope", READ[:-1], READ.upper(), "", "\x7f", "é" * 20])
def test_a_key_that_is_none(api: Api, key: str) -> None:
    """A key that the service does not know is told from none at all."""
    answer = api.get("/bundle", headers={"Authorization": f"Bearer {key}".encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "key_unknown")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "nope" not in answer.text


@pytest.mark.parametrize("headers", [bearer(READ), {"X-API-Key": READ}, bearer(ADMIN)])
def test_a_key_opens_the_questions(api: Api, headers: dict[str, str]) -> None:
    """A key in either header may ask about stored and sent tiles; admin includes reading."""
    assert api.get("/neighbors/c300", headers=headers).status_code == 200
    assert api.ask("POST", "/screen", content=TILE, headers=headers).status_code == 200


@pytest.mark.parametrize("url", ["/livez", "/healthz", "/readyz"])
def test_probes_need_no_key(api: Api, url: str) -> None:
    """Whoever watches over the service has no key; one that is wrong is no matter either."""
    assert api.get(url).status_code == 200
    assert api.get(url, headers=bearer("nope")).status_code == 200


def test_only_admin_activates(api: Api) -> None:
    """An activation with a key for reading is answered 403, with an admin's it is done."""
    url = f"/bundles/{api.serving.bundle.manifest.bundle_id}:activate"
    refused = api.ask("POST", url, headers=bearer(READ))
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert "'admin'; yours has 'read'" in refused.json()["detail"]
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert api.ask("POST", url, headers=bearer(ADMIN)).status_code == 200


HTML = {"Accept": "text/html,*/*"}


def test_a_page_leads_to_the_form_and_back(api: Api) -> None:
    """A browser without a key is led to the form, and from there to the page that it wanted."""
    sent = api.get("/view/screen?verdict=drop", headers=HTML)
    assert sent.status_code == 303
    form = api.get(sent.headers["location"], headers=HTML)
    assert form.status_code == 200
    assert 'value="/view/screen?verdict=drop"' in form.text
    assert "c300" not in form.text
    fields = {"key": READ, "next": "/view/screen?verdict=drop"}
    done = api.ask("POST", "/sign-in", data=fields)
    assert (done.status_code, done.headers["location"]) == (303, "/view/screen?verdict=drop")
    cookie = done.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "tilescreen_role=read;" in cookie
    api.client.cookies.clear()
    signed_in = {"Cookie": f"other=(a b); {cookie.partition(';')[0]}", **HTML}
    page = api.get("/view/screen?verdict=drop", headers=signed_in)
    assert page.status_code == 200
    assert 'action="/sign-out"' in page.text
    assert api.get("/sign-in", headers=signed_in).headers["location"] == "/"
    out = api.ask("POST", "/sign-out", headers=signed_in)
    gone = out.headers.get_list("set-cookie")
    for name in ("tilescreen_key", "tilescreen_role", "tilescreen_reviewer"):
        assert any(one.startswith(f'{name}=""') and "Max-Age=0" in one for one in gone)


@pytest.mark.parametrize("told", ["", "tilescreen_role=admin; ", "tilescreen_role=review; "])
def test_a_key_that_may_otherwise_now_is_told_to_the_pages(api: Api, told: str) -> None:
    """With the next answer, whatever its role was when somebody signed in with it."""
    for url in ("/view/screen", "/tiles"):
        answer = api.get(url, headers={"Cookie": f"{told}tilescreen_key={READ}", **HTML})
        assert answer.status_code == 200
        cookies = answer.headers.get_list("set-cookie")
        assert [one.partition(";")[0] for one in cookies] == ["tilescreen_role=read"]
        api.client.cookies.clear()


def test_a_role_that_is_known_is_not_told_again(api: Api) -> None:
    """Nor to a program, nor where no key came."""
    cookie = {"Cookie": f"tilescreen_key={READ}; tilescreen_role=read", **HTML}
    for headers in (cookie, bearer(READ), {}):
        assert "set-cookie" not in api.get("/view/screen", headers=headers).headers


def test_a_wrong_key_in_the_form(api: Api) -> None:
    """The form says so, and sets no cookie."""
    answer = api.ask("POST", "/sign-in", data={"key": "nope"})
    assert answer.status_code == 401
    assert "There is no such key" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "after", ["https://evil.test/", "//evil.test/", "/\\evil.test", "x", "/\n"]
)
def test_the_form_leads_nowhere_else(api: Api, after: str) -> None:
    """After signing in one goes to a page of this service, whatever the address said."""
    done = api.ask("POST", "/sign-in", data={"key": READ, "next": after})
    api.client.cookies.clear()
    assert done.headers["location"] == "/"


def test_a_long_form_is_refused(api: Api) -> None:
    """The form is open to all, so it takes a few kilobytes only."""
    assert api.ask("POST", "/sign-in", data={"key": "x" * 5000}).status_code == 413


def test_no_keys_no_form(tiny_path: Path) -> None:
    """Where no key is needed the form leads on, and no page offers to sign out."""
    with running(tiny_path) as api:
        assert api.get("/sign-in").headers["location"] == "/"
        assert "sign-out" not in api.get("/").text


def settings(**options: object) -> Settings:
    return Settings(bundle=Path("b"), **options)  # type: ignore[arg-type]  # as the environment


def test_keys_of_a_file_may_be_hashed(tmp_path: Path) -> None:
    """A file has keys or their hashes, notes and empty lines; those of the environment add."""
    file = tmp_path / "keys"
    hashed = hashlib.sha256(ADMIN.encode()).hexdigest()
    file.write_text(f"# ours\n\nread:{READ}  # the scanner\nadmin:sha256:{hashed}\n")
    keys = read_keys(settings(api_keys="review:review-key-01234567", api_keys_file=file))
    assert [keys.holder(key) for key in (READ, "review-key-01234567", ADMIN, hashed)] == [
        Holder(Role.READ),
        Holder(Role.REVIEW),
        Holder(Role.ADMIN),
        None,
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("owner:0123456789abcdef", "must begin with a role and a colon; roles are read, review"),
        ("0123456789abcdef", "must begin with a role"),
        ("read:short", "a key has 16 to 200 letters"),
        ("read:with spaces in between", "a key has 16 to 200 letters"),
        (f"read:{READ},admin:{READ}", "one key has two roles"),
    ],
)
def test_wrong_keys_are_told_and_not_shown(entry: str, said: str) -> None:
    """An entry that cannot be is told by its place; the key itself is not printed."""
    with pytest.raises(InputError, match=said) as caught:
        read_keys(settings(api_keys=entry))
    assert "TILESCREEN_API_KEYS, entry" in str(caught.value)
    assert entry.rpartition(":")[2] not in str(caught.value)


@pytest.mark.parametrize("text", ["", "# none yet\n\n", "\ufeff"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    """Whoever names a file wants keys to be asked for; without any everything would be open."""
    file = tmp_path / "keys"
    file.write_text(text, encoding="utf-8")
    for options in ({}, {"host": "0.0.0.0", "published": "127.0.0.1"}):
        with pytest.raises(InputError, match="keys names no key, so that everybody could"):
            read_keys(settings(api_keys_file=file, **options))
    with pytest.raises(InputError, match="TILESCREEN_API_KEYS names no key"):
        read_keys(settings(api_keys=" , "))
    file.write_text(f"\ufeffread:{READ}\n", encoding="utf-8")  # as some editors begin a file
    assert read_keys(settings(api_keys_file=file)).holder(READ) == Holder(Role.READ)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file of keys that is not there stops the start."""
    with pytest.raises(InputError, match=r"none cannot be read"):
        read_keys(settings(api_keys_file=tmp_path / "none"))


@pytest.mark.parametrize("options", [{"host": "0.0.0.0"}, {"host": "::"}, {"host": "node7"}])
def test_others_need_keys(options: dict[str, str]) -> None:
    """Where others can reach the service it does not start without keys, and says what to do."""
    with pytest.raises(InputError, match="no API keys are set") as caught:
        read_keys(settings(**options))
    for remedy in ("python -m service.keys", "TILESCREEN_API_KEYS", "TILESCREEN_PUBLISHED"):
        assert remedy in str(caught.value)
    assert read_keys(settings(**options, api_keys=f"read:{READ}"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "127.0.0.5"},
        {"host": "0.0.0.0", "published": "127.0.0.1"},
    ],
)
def test_this_machine_alone_needs_none(options: dict[str, str]) -> None:
    """On loopback, or published on it, no keys are needed."""
    assert not read_keys(settings(**options))


def test_a_container_published_for_others_needs_keys() -> None:
    """What counts is where a container's port is published."""
    with pytest.raises(InputError, match=r"can reach 192\.168\.1\.5"):
        read_keys(settings(host="0.0.0.0", published="192.168.1.5"))


def test_a_made_key_works(capsys: pytest.CaptureFixture[str]) -> None:
    """The printed line lets the printed key in."""
    assert main(["admin"]) == 0
    key, line = (text.split()[-1] for text in capsys.readouterr().out.splitlines())
    assert read_keys(settings(api_keys=line)).holder(key) == Holder(Role.ADMIN)
    assert main(["review@Ann Lee"]) == 0
    key, line = (text.split(":", 1)[1].strip() for text in capsys.readouterr().out.splitlines())
    assert read_keys(settings(api_keys=line)).holder(key) == Holder(Role.REVIEW, "Ann Lee")
    assert [main([one]) for one in ("owner", "review@", "review@a:b")] == [2, 2, 2]

"""The documents say what the code does: every setting, every route, and examples that run."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.errors import TABLE
from service.settings import PREFIX, Settings, table
from tests.api import Api, running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/api.md").read_text()
EXAMPLES = re.findall(r"```sh\n(curl [^\n]*)\n```\n+```json\n(.*?)```", PAGE, re.DOTALL)
CHANGING = {"instance", "bundle"}


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def test_settings_are_the_documented_ones() -> None:
    """docs/settings.md has the table of the code; after a change, write it again."""
    page = (ROOT / "docs/settings.md").read_text()
    assert page.endswith(table()), "Put the output of python -m service.settings there."


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_unit_and_a_sentence(name: str) -> None:
    """A setting is documented with its variable, unit and one sentence."""
    field = Settings.model_fields[name]
    assert f"| `{PREFIX}{name.upper()}` |" in table()
    assert field.title
    assert str(field.description).endswith(".")


def test_every_route_is_documented() -> None:
    """docs/api.md names every route with its method."""
    paths = create_app(Settings(bundle=Path("unused"))).openapi()["paths"]
    named = set(re.findall(r"(GET|POST|PUT|PATCH|DELETE) ([^\s`?]+)", PAGE)) | {("GET", "/healthz")}
    missing = {(m.upper(), path) for path, methods in paths.items() for m in methods} - named
    assert missing == set()
    assert "`/healthz`" in PAGE


def test_every_code_is_documented() -> None:
    """docs/api.md lists every problem's code beside its status."""
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE))
    missing = [k.code for k in TABLE.values() if f"`{k.code}`" not in rows[str(k.status)]]
    assert missing == []


def test_examples_are_found() -> None:
    """The page has examples for the tests below."""
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_examples_run(api: Api, command: str, printed: str) -> None:
    """A curl line of the page gives the answer printed under it."""
    files = {"c300.png": api.get("/tiles/c300/image").content, "notes.png": b"not a picture"}
    answer = run(api, shlex.split(command)[1:], files)
    assert plain(answer) == plain(json.loads(printed))


def run(api: Api, words: list[str], files: dict[str, bytes]) -> Any:
    """Send what curl would."""
    options = {words[at]: words[at + 1] for at in range(0, len(words) - 1, 2)}
    flags = list(zip(words[:-1:2], words[1::2], strict=False))
    url = words[-1].removeprefix("http://127.0.0.1:8000")
    if "-F" in options:
        names = [value.removeprefix("files=@") for flag, value in flags if flag == "-F"]
        return api.form(url, *((name, files[name]) for name in names)).json()
    if "--data-binary" in options:
        headers = dict(value.split(": ") for flag, value in flags if flag == "-H")
        data = files[options["--data-binary"].removeprefix("@")]
        return api.ask("POST", url, content=data, headers=headers).json()
    return api.get(url).json()


def plain(value: Any) -> Any:
    """Leave out what changes from run to run, and digits that depend on the processor."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in CHANGING}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value

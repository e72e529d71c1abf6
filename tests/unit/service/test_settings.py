"""Settings from flags and the environment, and what is refused."""

import socket
import tomllib
from pathlib import Path

import pytest

from service.__main__ import main
from service.options import read_settings, unknown_variables
from service.settings import SECRET, Settings


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag is taken first, then the variable, then the default."""
    monkeypatch.setenv("TILESCREEN_PORT", "1")
    monkeypatch.setenv("TILESCREEN_MAX_BATCH_SIZE", "7")
    settings = read_settings(["--bundle", "b", "--port", "2"])
    assert (settings.port, settings.max_batch_size, settings.host) == (2, 7, "127.0.0.1")


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose passes on what is not set; the service's own name is asked for first."""
    monkeypatch.setenv("TILESCREEN_WORKERS", "")
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("TILESCREEN_DATABASE_URL", "postgresql://own/name")

    def address() -> str:
        return read_settings(["--bundle", "b"]).database_url.get_secret_value()

    assert read_settings(["--bundle", "b"]).workers == 1
    assert address() == "postgresql://own/name"
    monkeypatch.setenv("DATABASE_URL", "postgresql://another/name")
    assert address() == "postgresql://own/name"
    monkeypatch.setenv("TILESCREEN_DATABASE_URL", "")
    assert address() == "postgresql://another/name"


def test_a_misspelt_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with our prefix that is no setting is named, with the one that was meant."""
    monkeypatch.setenv("TILESCREEN_MAX_QUEUE_TILES", "5")
    monkeypatch.setenv("TILESCREEN_MAX_QUEUE_TILE", "5")
    monkeypatch.setenv("TILESCREEN_ZZZ", "5")
    near, far = unknown_variables()
    assert near.startswith("TILESCREEN_MAX_QUEUE_TILE is no setting and is ignored")
    assert near.endswith("did you mean TILESCREEN_MAX_QUEUE_TILES?")
    assert far == "TILESCREEN_ZZZ is no setting and is ignored: --help lists all."


def test_threads_follow_the_machine() -> None:
    """threads 0 stands for one a core that this process may use; a number for itself."""
    assert Settings(bundle=Path("b")).thread_count >= 1
    assert Settings(bundle=Path("b"), threads=3).thread_count == 3


def test_workers_share_the_cores() -> None:
    """Workers share the cores, one thread each at least; a number that is set holds for each."""
    alone = Settings(bundle=Path("b")).thread_count
    counts = [Settings(bundle=Path("b"), workers=number).thread_count for number in (2, 256)]
    assert counts == [max(1, alone // 2), max(1, alone // 256)]
    assert Settings(bundle=Path("b"), workers=2, threads=3).thread_count == 3


@pytest.mark.usefixtures("logging_kept")
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "there is no bundle to serve: give --bundle, or --bundles"),
        (
            ["--bundle", "b", "--port", "70000"],
            "--port (or TILESCREEN_PORT) is '70000': it must be less",
        ),
        (["--bundle", "b", "--max-batch-size", "many"], "--max-batch-size"),
        (
            ["--bundle", "b", "--max-client-batch", "9", "--max-queue-tiles", "8"],
            "max_client_batch (9) is above max_queue_tiles (8)",
        ),
        (
            ["--bundle", "b", "--max-tile-bytes", "4096", "--max-body-bytes", "2048"],
            "max_tile_bytes (4096) is above max_body_bytes (2048)",
        ),
        (
            ["--bundle", "b", "--max-bytes-in-flight", str(2**24)],
            "max_body_bytes (34603008) is above max_bytes_in_flight (16777216)",
        ),
        (["--bundle", "nowhere", "--port", "0"], "There is no bundle at nowhere"),
    ],
)
def test_refused_with_one_sentence(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that cannot be is told in one line, with exit status 1."""
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("service: ")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("logging_kept")
def test_a_busy_port(tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken is named, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--bundle", str(tiny_path), "--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert f"Cannot listen on 127.0.0.1 port {port}" in error
    assert "--port" in error


def test_an_unknown_flag_is_a_matter_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A flag that is not known ends with status 2 and the usage."""
    with pytest.raises(SystemExit) as ended:
        main(["--bundel", "b"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    """--version tells the version that pyproject.toml states."""
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    stated = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    assert (stop.value.code, capsys.readouterr().out) == (0, f"Tilescreen {stated}\n")


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """--help has each flag with its default."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(
        "--" + name.replace("_", "-") in text for name in set(Settings.model_fields) - SECRET
    )

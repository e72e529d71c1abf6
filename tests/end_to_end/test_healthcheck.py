"""The image's health check, as the Dockerfile has it, against a running service."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT, serving

LINE = re.search(
    r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
)


def _check(port: str) -> int:
    assert LINE
    command = [sys.executable, *json.loads(LINE[1])[1:]]
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    environment = {**os.environ, **proxy, "TILESCREEN_PORT": port, "no_proxy": ""}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    return done.returncode


def test_a_proxy_does_not_make_the_container_unhealthy(tiny_path: Path) -> None:
    """0 while the service is ready, else not 0, whatever proxy the environment names."""
    with serving(tiny_path) as url:
        port = url.rpartition(":")[2]
        assert _check(port) == 0
    assert _check(port) != 0

"""The service as a process of its own, as a user starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
_READY = re.compile(r"Ready in .*?(http://\S+)")


@contextmanager
def serving(bundle: Path, **settings: str) -> Iterator[str]:
    """Serve a bundle on a free port; yield the address once the service says it is ready.

    `settings`: variables of its environment. Decisions begin with none.
    """
    command = [sys.executable, "-m", "service", "--bundle", str(bundle), "--port", "0"]
    small = {"TILESCREEN_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with TemporaryDirectory() as kept:
        own = {"TILESCREEN_DECISIONS": kept}
        environment = {**own, **os.environ, **small, **settings}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                # The first line comes when the service is ready; without it the pipe ends.
                found = next(filter(None, map(_READY.search, process.stdout)), None)
                assert found, "the service ended before it was ready"
                yield found[1]
            finally:
                process.terminate()

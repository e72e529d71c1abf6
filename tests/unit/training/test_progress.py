"""Progress bars where they are looked at."""

import os
import pty
import subprocess
import sys
from contextlib import suppress

CODE = """
from training.progress import StepLog
with StepLog().step("read tiles", 4) as bar:
    bar.update(4)
"""


def test_bar_in_a_terminal_without_columns() -> None:
    """A terminal that says it has 0 columns, as some containers' do, still shows the bar."""
    ours, theirs = pty.openpty()  # 0 columns until somebody sets them
    subprocess.run([sys.executable, "-c", CODE], stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as stream:  # an error is its end
        while part := stream.read(4096):
            shown += part
    assert "read tiles" in shown.decode()
    assert "4/4" in shown.decode()

"""What the collector may be told to pass over."""

import subprocess
import sys
from pathlib import Path

_CODE = """
import gc
from service.workers.memory import dedicate, give_back, settle
settle()
before = gc.get_freeze_count()
dedicate()
settle()
during = gc.get_freeze_count()
give_back()
print(before, during > 0, gc.get_freeze_count() > 0)
"""


def test_only_a_process_that_serves_alone_is_frozen() -> None:
    """An application in another program leaves that one's garbage to its collector."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _CODE], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True", "True"]

"""What processes share, and what the collector may be told to pass over."""

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


_SHARED = """
import sys
from bundle.openvino_encoder import is_installed
from service.workers.memory import share
share("fp32")
before = "openvino" in sys.modules
share("auto")
print(before, ("openvino" in sys.modules) == is_installed())
"""


def test_workers_share_the_runtime() -> None:
    """It is imported before workers are forked, unless floats alone are served."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _SHARED], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_only_a_process_that_serves_alone_is_frozen() -> None:
    """An application in another program leaves that one's garbage to its collector."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _CODE], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True", "True"]

"""The service: answers about tiles over HTTP, from one bundle."""

import os
import time

# One thread a search: tiles are searched side by side, in as many threads as there are cores, and
# more only get into each other's way (0.4 ms become 30). Read by numpy when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

VERSION = "0.1.0"
"""As in pyproject.toml and the changelog."""
STARTED = time.monotonic()
"""When this process began to load the service, in seconds; the ready line counts from here."""

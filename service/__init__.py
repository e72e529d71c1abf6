"""The service: answers about tiles over HTTP, from one bundle."""

import time

STARTED = time.monotonic()
"""When this process began to load the service, in seconds; the ready line counts from here."""

"""Offline: from scans to tiles to a bundle, and the measuring of bundles."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as in `bundle`, which may be imported too late for it

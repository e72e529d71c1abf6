"""Acknowledged decisions survive kill -9 at any moment: `make kill-test`."""

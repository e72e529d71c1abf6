"""Offline: from scans to tiles to a bundle, and the measuring of bundles."""

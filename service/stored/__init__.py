"""Stored tiles, laid out for fast answers."""

"""Faults on purpose: what the service holds, what it refuses, how soon it is well again."""

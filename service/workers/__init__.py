"""Processes: the server, its workers, who watches them, and how they change together."""

"""Talks to a running service over HTTP; imports nothing of the other packages."""

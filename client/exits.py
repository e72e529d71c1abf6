"""Exit statuses of the commands, told in docs/client.md."""

DONE = 0
"""All is answered, or no more failed than was allowed."""
NOTHING_DONE = 1
"""Nothing was asked or changed: bad input, no service, another bundle, nothing to undo."""
SOME_FAILED = 2
"""The output is written; more failed than was allowed."""
BROKEN_OFF = 3
"""Asking began and could not be ended; what was answered is kept."""
READER_GONE = 141
"""Who read what was written has gone, as `head` does; as the shell has it."""
INTERRUPTED = 130
"""Ctrl-C, as the shell has it."""

"""What a process that the supervisor forked does with signals."""

import signal


def leave_signals() -> None:
    """Forget the supervisor's handlers: SIGTERM ends this process, the others are not its to hear.

    Ctrl-C in a terminal reaches all processes; it is the supervisor's to tell them.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

"""`python -m service --bundle BUNDLE`: open a bundle and answer about tiles over HTTP."""

import gc
import sys
from collections.abc import Callable, Sequence

_OURS = ("bundle", "service")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return 0 then, 1 when it cannot start, 130 after an early Ctrl-C."""
    try:
        # Not above: what goes wrong while the libraries load is caught here.
        from service.workers.sharing import share_metrics  # noqa: PLC0415, see above

        share_metrics(argv)
        run = _server()
        return run(argv)
    except ModuleNotFoundError as error:
        if str(error.name).startswith(_OURS):
            raise
        print(
            f"service: This Python ({sys.executable}) has no {error.name}. Start the service with "
            "`.venv/bin/python -m service`, which `make run` or `make install` makes.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


def _server() -> Callable[[Sequence[str] | None], int]:
    """Import the server without a look for garbage: what libraries make while they load stays."""
    gc.disable()
    try:
        from service.workers.server import run  # noqa: PLC0415, see `main`
    finally:
        gc.enable()
    return run


if __name__ == "__main__":
    sys.exit(main())

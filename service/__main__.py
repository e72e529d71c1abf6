"""`python -m service --bundle BUNDLE`: open a bundle and answer about tiles over HTTP."""

import argparse
import asyncio
import sys
import uvicorn
from service.app import create_app
from service.settings import Settings


def main() -> int:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m service")
    for name in Settings.model_fields:
        parser.add_argument("--" + name.replace("_", "-"), default=argparse.SUPPRESS)
    settings = Settings(**vars(parser.parse_args()))
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m service.openapi > docs/openapi.json` writes the committed copy of the API document."""

import sys

from service.app import create_app
from service.openapi.document import text
from service.settings import Settings

sys.stdout.write(text(create_app(Settings(bundle="unused"))))

"""Where a service is looked for when no address is given."""

URL = "http://127.0.0.1:8000"

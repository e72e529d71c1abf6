"""What the command line says of an error: the service speaks of requests, and here are options."""

from .errors import ClientError, ServiceRefused
from .keys import VARIABLE

_KEYS = {
    "key_needed": "The service asks for an API key. Give it with --api-key, or better in "
    f"{VARIABLE}, which no list of processes shows; whoever runs the service gives you one.",
    "key_unknown": "The service does not know this API key. Look for a part that is missing in "
    f"--api-key, or in {VARIABLE} where that is not given, or ask whoever runs the service for "
    "another.",
}


def advised(error: ClientError) -> str:
    """Return the sentences for an error, with what to do on the command line."""
    if not isinstance(error, ServiceRefused):
        return str(error)
    problem = error.problem
    if problem.code == "import_refused":
        what = problem.detail.partition(";")[0].rstrip(".")  # after it comes what to send instead
        told = f"{what}. Mend what is named here, or have the other lines alone written: --partial."
    elif problem.code in _KEYS:
        told = _KEYS[problem.code]
    else:
        return str(error)
    return f"{told} ({problem.code}, {problem.status})"

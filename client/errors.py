"""Everything that can go wrong when talking to a service.

ClientError
    InputUnusable           a folder, file or option cannot be used; nothing was asked
    ServiceUnreachable      nothing answers, or the connection breaks again and again
    UnexpectedAnswer        something answers, and it does not speak as Tilescreen does
    OutcomeUnknown          what was to be written may be written: the answer was lost
    ServiceRefused          the service said no; holds the problem that it sent
        NotFound            no tile or cluster of this name is stored
        TileRefused         one tile cannot be used
        Overloaded          the service kept saying "later" until patience ran out
    BundleChanged           answers of one run came from two bundles
"""

import shlex

from .address import URL
from .problem import Problem


class ClientError(Exception):
    """Base of all errors raised on purpose; the message is a sentence for the user."""


class InputUnusable(ClientError):
    """A folder, file or option cannot be used; nothing was asked."""


class ServiceUnreachable(ClientError):
    """Nothing answers at the address, or the connection breaks again and again."""


class UnexpectedAnswer(ClientError):
    """Something answers, but not as Tilescreen does: most likely the address is another's."""


class OutcomeUnknown(ClientError):
    """The answer to a request that writes was lost; it may be done, and is not sent again.

    `lost` is the sentence that says how; `url` is where to look.
    """

    def __init__(self, lost: str, known: str, url: str) -> None:
        self.lost = lost
        there = "" if url == URL else f" --url {shlex.quote(url)}"
        super().__init__(f"{lost} {known}; `python -m {__package__} decisions{there}` shows it.")


class ServiceRefused(ClientError):
    """The service answered with a problem (RFC 9457), kept in `problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.detail or problem.title} ({problem.code}, {problem.status})")


class NotFound(ServiceRefused):
    """No stored tile or cluster has this name; `problem.near` holds names that look like it."""


class TileRefused(ServiceRefused):
    """The tile that was sent cannot be used."""


class Overloaded(ServiceRefused):
    """The service said "later" (429, 502 or 503) until the retries were used up."""

    def __init__(self, problem: Problem, tried: int, retry_after: str | None) -> None:
        super().__init__(problem)
        self.tried = tried
        told = f" and asks to wait {retry_after} s" if retry_after else ""
        times = f" (asked {tried} times)" if tried > 1 else ""
        self.args = (f"The service is not free{told}{times}: {self}",)


class BundleChanged(ClientError):
    """Answers came from another bundle than the ones before; together they mean nothing."""

    def __init__(self, before: str, now: str) -> None:
        self.before = before
        self.now = now
        super().__init__(
            f"The service answers from bundle {now}, the results so far are of bundle {before}: "
            "distances and clusters of two bundles must not be mixed."
        )

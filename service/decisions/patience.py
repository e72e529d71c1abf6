"""A connection to PostgreSQL that does not wait for ever."""

from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

R = TypeVar("R")
SILENCE_S = 15.0
"""Longest wait for the answer to one statement, in seconds.

The server ends what takes it longer than `statement_timeout`. This is for one that does not even
do that any more: it is stopped, or the network between swallows what is sent.
"""


class PatientConnection(Connection[Any]):
    """The driver's connection, closed where an answer does not come."""

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        """Wait as the driver does, which takes an OperationalError for the end of the connection.

        Raises:
            OperationalError: no answer came; if one comes yet, nobody takes it for another's.
        """
        try:
            return super().wait(gen, interval, SILENCE_S if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise

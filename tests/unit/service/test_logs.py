"""Log lines for machines and for eyes."""

import io
import json
import logging

import pytest

from service.observing.logs import configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("logging_kept")
def test_json_off_a_terminal() -> None:
    """Off a terminal, a line is one JSON object with the record's fields."""
    stream = io.StringIO()
    configure_logs("info", stream)
    logging.getLogger("service.test").info("request", extra={"fields": {"status": 200}})
    line = json.loads(stream.getvalue())
    assert (line["message"], line["status"], line["level"]) == ("request", 200, "info")


@pytest.mark.usefixtures("logging_kept")
def test_tracebacks_stay_in_one_line() -> None:
    """An exception's traceback is a member of the object, not lines of its own."""
    stream = io.StringIO()
    configure_logs("info", stream)
    logging.getLogger("service.test").error("failed", exc_info=ValueError("why"))
    assert "ValueError: why" in json.loads(stream.getvalue())["traceback"]


@pytest.mark.usefixtures("logging_kept")
def test_plain_on_a_terminal() -> None:
    """On a terminal, a line is a clock, the message and its fields."""
    stream = Terminal()
    configure_logs("info", stream)
    logging.getLogger("service.test").info("request", extra={"fields": {"status": 200}})
    assert stream.getvalue().endswith("request status=200\n")


@pytest.mark.usefixtures("logging_kept")
def test_level() -> None:
    """Lines below the level are not written."""
    stream = io.StringIO()
    configure_logs("warning", stream)
    logging.getLogger("service.test").info("request")
    assert stream.getvalue() == ""

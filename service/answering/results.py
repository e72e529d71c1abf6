"""One tile's result: what is said of it, or its own error."""

import logging

from service.answering.facts import Fact
from service.errors import INTERNAL, Problem, problem_of
from service.observing import metrics

_log = logging.getLogger("service.answering.envelope")


def fact_or_problem(index: int, fact: Fact | BaseException) -> Fact:
    """Return what is said of one tile, or its error as a member of its result."""
    if isinstance(fact, BaseException):
        return {"error": problem_with(fact).members(index=index)}
    return fact


def problem_with(error: BaseException) -> Problem:
    """Return the problem of one tile; it is counted, and logged if nobody foresaw it."""
    problem = problem_of(error)
    metrics.TILE_ERRORS.labels(problem.kind.code).inc()
    if problem.kind is INTERNAL:
        _log.error("unforeseen error on a tile", exc_info=error)
    return problem

"""Fixtures of the tests of training."""

import warnings
from collections.abc import Iterator

import pytest
import tensorflow as tf


@pytest.fixture
def untraced() -> Iterator[None]:
    """Run networks step by step: to trace one takes longer than a few steps of it."""
    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Even though the `tf.config")  # of what stays traced
        yield
    tf.config.run_functions_eagerly(False)

"""An engine that counts requests as vLLM does."""

import pytest

from .engines import Engine


@pytest.fixture
def engine():
    """An engine that has already served 500 requests of somebody else."""
    made = Engine()
    made.serve(500, cached=64, seconds=3.0)
    return made

"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from lab import Lab

settings.register_profile("shared", deadline=None)  # a machine that others load says nothing of the code
settings.load_profile("shared")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A cluster of the tests' own, taken down afterwards unless PROBETUNER_KEEP_LAB is set.

    PROBETUNER_LAB names it, so that two runs at once on one machine do not take each other's down.
    """
    cluster = Lab(os.environ.get("PROBETUNER_LAB", "test"))
    cluster.up()
    yield cluster
    if not os.environ.get("PROBETUNER_KEEP_LAB"):
        cluster.down()

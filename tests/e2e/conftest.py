"""One operator, installed as users install it, and everything that it is watched at, for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from demo import installation, namespaces
from demo.cluster import Cluster, lab_cluster
from e2e.play import Afterwards, Harmless, Play, playing, playing_afterwards, playing_harmless
from lab import Lab

OPERATOR = "e2e-probetuner"


@pytest.fixture(scope="session")
def cluster(lab: Lab) -> Iterator[Cluster]:
    """The lab with the operator of this checkout installed; afterwards nothing of the tests is in it."""
    found = lab_cluster(lab)
    namespaces.remove_all(found)
    namespaces.make(found, OPERATOR)
    installation.install(found, namespace=OPERATOR)
    yield found
    print(installation.last_words(found, namespace=OPERATOR))
    installation.uninstall(found, namespace=OPERATOR)
    namespaces.remove_all(found)


@pytest.fixture(scope="session")
def afterwards(cluster: Cluster, play: Play) -> Iterator[Afterwards]:
    """What plays after the stories that measure time under load."""
    play.wait()
    with playing_afterwards(cluster) as started:
        yield started


@pytest.fixture(scope="session")
def harmless(cluster: Cluster, afterwards: Afterwards) -> Iterator[Harmless]:  # noqa: ARG001 - started before, to wait once
    """What mode Apply must not harm, playing beside what plays afterwards."""
    with playing_harmless(cluster) as started:
        yield started


@pytest.fixture(scope="session")
def play(cluster: Cluster) -> Iterator[Play]:
    """All stories and all workloads that must stay as they are, playing at once."""
    with playing(cluster) as started:
        yield started

"""The real cluster that these tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.policies import NAMESPACE
from lab import Lab

CRDS = Path(__file__).resolve().parents[2] / "crds"


@pytest.fixture(scope="module")
def crds(lab: Lab) -> Iterator[Lab]:
    """The lab with our definitions and a namespace for this module; what was not there before goes afterwards."""
    before = lab.kubectl("get", "crd", "-o", "name")
    lab.kubectl("apply", "--server-side", "-f", str(CRDS))
    lab.kubectl("wait", "--for=condition=established", "--timeout=30s", "-f", str(CRDS))
    lab.kubectl("create", "namespace", NAMESPACE)
    yield lab
    lab.kubectl("delete", "namespace", NAMESPACE)
    if "probetuner.dev" not in before:
        lab.kubectl("delete", "-f", str(CRDS))

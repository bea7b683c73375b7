"""The real cluster that these tests run against."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from cluster import charts
from cluster.operator_process import OperatorProcess, Space
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


@pytest.fixture(scope="module")
def installed(crds: Lab) -> Iterator[Lab]:
    """The lab with all that the chart makes with the right to patch, but for the operator itself."""
    crds.kubectl("create", "namespace", charts.NAMESPACE)
    permitting = charts.permissions(crds, "apply.enabled=true")
    charts.give(crds, permitting)
    yield crds
    charts.take(crds, permitting)
    crds.kubectl("delete", "namespace", charts.NAMESPACE)


@pytest.fixture
def space(crds: Lab) -> Iterator[Space]:
    """A namespace of the test's own."""
    name = f"space-{uuid4().hex[:8]}"
    crds.kubectl("create", "namespace", name)
    yield Space(crds, name)
    crds.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def start_operator(crds: Lab, tmp_path: Path) -> Iterator[Callable[..., OperatorProcess]]:
    """Starts operators with the flags given, beside the lab; those that the test leaves running are ended."""
    with ExitStack() as started:

        def start(*flags: str) -> OperatorProcess:
            operator = OperatorProcess(crds, tmp_path / f"{uuid4().hex[:8]}.log", *flags)
            started.callback(operator.kill)
            return operator

        yield start

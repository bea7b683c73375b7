"""How the operator begins where something is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.operator_process import OperatorProcess, wait_for
from lab import Lab

pytestmark = pytest.mark.cluster

CRDS = Path(__file__).resolve().parents[2] / "crds"


@pytest.fixture
def bare(lab: Lab) -> Iterator[Lab]:
    """The lab without our definitions, before and after."""
    lab.kubectl("delete", "--ignore-not-found", "-f", str(CRDS))
    yield lab
    lab.kubectl("delete", "--ignore-not-found", "-f", str(CRDS))


def test_without_its_definitions_it_waits_and_says_so(bare: Lab, tmp_path: Path) -> None:
    """It is alive and not ready, names what to install, and begins by itself when that is there."""
    operator = OperatorProcess(bare, tmp_path / "log")
    try:
        wait_for(
            lambda: "install the definitions of ProbePolicy" in operator.page("/readyz")[1], "the reason", seconds=60
        )
        assert operator.page("/readyz")[0] == 500
        assert operator.page("/livez") == (200, "ok\n")

        bare.kubectl("apply", "--server-side", "-f", str(CRDS))

        operator.wait_ready()
        assert operator.stop() == 0
    finally:
        operator.kill()

"""A lab comes up from any state, goes without a trace, and disturbs neither the machine nor other labs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.lab_pods import pod, run_pod
from cluster.lab_traces import alive, groups, machine, processes
from lab import Lab, LabError, cgroups
from lab.boot import wait_until
from lab.control import supervisor_process

pytestmark = pytest.mark.cluster
_SLEEP = ("sleep", "600")


@pytest.fixture
def other(lab: Lab) -> Iterator[Lab]:  # noqa: ARG001 - the other lab is other to this one
    """A second lab, not up yet, and down in the end."""
    other = Lab("test-other")
    other.down()
    yield other
    other.down()


def _keeper(lab: Lab) -> int:
    """Return the outermost process of a lab: the supervisor's parent's parent."""

    def parent(process: int) -> int:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])

    return parent(parent(supervisor_process(lab.state)))


def test_up_on_a_running_lab_changes_nothing(lab: Lab) -> None:
    """`up` is idempotent: a running lab is left as it is, and said to be up already."""
    before = lab.ready()
    assert lab.up() is False
    assert lab.ready() == before


def test_up_mends_a_running_lab(lab: Lab) -> None:
    """`up` starts again what ended in a running lab, and keeps the rest."""
    before = lab.ready()
    lab.stop_component("apiserver")
    lab.up()
    assert set(lab.components().values()) == {"running"}
    assert lab.ready() == before
    assert "default" in lab.kubectl("get", "namespaces")


def test_two_labs_know_nothing_of_each_other(lab: Lab, other: Lab) -> None:
    """Labs side by side have their own objects, pods and figures."""
    assert other.up()
    run_pod(other, pod("elsewhere", command=_SLEEP))
    assert "elsewhere" not in lab.kubectl("get", "pods", "--all-namespaces")
    assert "elsewhere" not in lab.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/metrics/cadvisor")
    other.down()
    lab.wait_ready()


def test_a_dead_supervisor_takes_everything_with_it(other: Lab) -> None:
    """A kill -9 of process 1 ends every process, mount, interface and cgroup, and `up` then starts afresh."""
    before = machine(other)
    other.up()
    run_pod(other, pod("holder", command=_SLEEP))
    running = processes(other)
    assert len(running) > 10, "the control plane's, the node's and the pod's"
    os.kill(supervisor_process(other.state), signal.SIGKILL)
    wait_until(lambda: not alive(running), "processes are left", seconds=20)
    wait_until(lambda: not groups(other), "cgroups are left", seconds=20)
    assert machine(other) == before
    assert other.up(), "a dead lab counts as up"
    assert "holder" not in other.kubectl("get", "pods", "--all-namespaces")


def test_a_dead_keeper_takes_everything_with_it_but_cgroups_which_down_removes(other: Lab) -> None:
    """A kill -9 of the outermost process spares nothing either; only empty cgroups wait for `down`."""
    before = machine(other)
    other.up()
    running = processes(other)
    os.kill(_keeper(other), signal.SIGKILL)
    wait_until(lambda: not alive(running), "processes are left", seconds=20)
    assert not other.is_up()
    assert machine(other) == before
    other.down()
    assert not groups(other)
    assert not other.state.exists()


def test_an_up_that_dies_half_way_leaves_nothing_after_down(other: Lab) -> None:
    """A lab whose `up` was killed is not up, and `down` clears it."""
    before = machine(other)
    half = subprocess.Popen([sys.executable, "-m", "lab", "up", "--name", other.name], env=_environment())
    wait_until((other.state / "logs" / "apiserver.log").exists, "the control plane does not start", seconds=60)
    half.kill()
    half.wait()
    assert cgroups.processes(other.state), "the half lab lives on"
    assert not other.is_up()
    other.down()
    assert not cgroups.processes(other.state)
    assert not groups(other)
    assert machine(other) == before


def test_using_a_lab_that_is_not_up_says_how_to_start_it() -> None:
    """An absent lab gives one clear sentence with the next step."""
    with pytest.raises(LabError, match=r"lab test-absent is not up: .*lab up --name test-absent"):
        Lab("test-absent").kubectl("get", "pods")


@pytest.mark.parametrize("name", ["", "../etc", "Main", "a" * 33, "-a"])
def test_a_name_that_could_do_harm_is_refused(name: str) -> None:
    """Names become folders and cgroups: only safe ones are taken."""
    with pytest.raises(LabError, match="is no name for a lab"):
        Lab(name)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

"""What becomes of a decision on the real API server: all of it in its order, or nothing, and never a half patch."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.operator_process import Space, deployment, policy
from lab import Lab
from probetuner.change.enrolment import PolicyObject, parse_policy_object
from probetuner.change.situation import Announcement, Decision, Refusal, RefusalReason, WorkloadPatch
from probetuner.change.warrant import Warrant
from probetuner.cluster import connection, policies, workloads
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection
from probetuner.cluster.errors import StatusError
from probetuner.controller.execution import Executor, OutdatedError
from probetuner.controller.metrics import Metrics
from probetuner.controller.serving import Served, serve
from probetuner.controller.view import View
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode
from probetuner.model.policy import Policy
from probetuner.model.workload import WorkloadKind, WorkloadRef

pytestmark = pytest.mark.cluster

Connect = Callable[[Path], Connection]

_NOW = 1_800_000_000.0


class Bench:
    """A Deployment with a policy of the user's, and what carries decisions about it out."""

    def __init__(self, api: Api, space: Space) -> None:
        self.api = api
        self.space = space
        self.ref = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=space.name, name="web")
        self.view = View(default_mode=Mode.OFF)
        self.executor = Executor(api, self.view, Metrics(), clock=lambda: _NOW)

    async def served(self) -> Served:
        """The workload as it is now."""
        raw = await workloads.read(self.api, self.ref)
        self.view.see_workload(self.ref, raw)
        return serve(raw, WorkloadHistory(), at=_NOW)

    async def policy(self) -> PolicyObject:
        """The policy as it is now."""
        raw = self.space.get("probepolicy", "mine")
        assert raw is not None
        policy = parse_policy_object(raw)
        self.view.see_policy(policy)
        return policy

    def timeout(self) -> int:
        """The timeout of the liveness probe as it is now."""
        return int(self.container()["livenessProbe"]["timeoutSeconds"])

    def container(self) -> dict[str, Any]:
        """The container as it is now."""
        found = self.space.get("deployment", "web")
        assert found is not None
        return dict(found["spec"]["template"]["spec"]["containers"][0])


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connects as a kubeconfig says."""

    def connect(kubeconfig: Path) -> Connection:
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        return connection.connect()

    return connect


@pytest.fixture
async def bench(lab: Lab, connect: Connect, space: Space) -> AsyncIterator[Bench]:
    """A workload and its policy."""
    space.apply(deployment("web"))
    space.apply(policy("mine", "web", "Apply"))
    api = Api(connect(lab.kubeconfig))
    yield Bench(api, space)
    api.close()


def _patch(served: Served, probe: Mapping[str, Any]) -> WorkloadPatch:
    container = {"name": "web", "livenessProbe": probe}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    return WorkloadPatch(body=body, resource_version=served.workload.resource_version, change="c")


async def test_a_decision_is_carried_out_whole(bench: Bench) -> None:
    """The status, the patch and the Event are all there, the patch as a field manager of ours, the rest untouched."""
    served, before = await bench.served(), bench.container()
    told = Announcement(reason="Applying", message="raise-timeout")

    for _ in range(2):
        decision = Decision(
            status={"phase": "Applying"},
            patch=_patch(served, {"timeoutSeconds": 7}),
            announcements=(told,),
        )
        await bench.executor.carry_out(served, await bench.policy(), decision)

    assert bench.space.status("mine")["phase"] == "Applying"
    assert bench.container() == before | {"livenessProbe": before["livenessProbe"] | {"timeoutSeconds": 7}}
    assert served.workload.containers[0].liveness is not None
    assert served.workload.containers[0].liveness.timeout_seconds == 7
    found = bench.space.get("deployment", "web") or {}
    assert "probetuner" in {manager["manager"] for manager in found["metadata"]["managedFields"]}
    for about in ("Deployment,involvedObject.name=web", "ProbePolicy,involvedObject.name=mine"):
        query = f"--field-selector=involvedObject.kind={about},reason=Applying", "-o", "jsonpath={.items[*].count}"
        assert bench.space.kubectl("get", "events", *query) == "2"


async def test_a_workload_that_moved_on_is_not_patched(bench: Bench) -> None:
    """A patch that was decided upon an older version is refused as a conflict, and nothing of it arrives."""
    served = await bench.served()
    bench.space.kubectl("annotate", "deployment", "web", "example.com/moved=on")

    decision = Decision(status={"phase": "Applying"}, patch=_patch(served, {"timeoutSeconds": 7}))
    await bench.executor.carry_out(served, await bench.policy(), decision)

    assert served.refusal is not None
    assert (served.refusal.reason, served.refusal.at) == (RefusalReason.CONFLICT, _NOW)
    assert "object has been modified" in served.refusal.message
    assert bench.timeout() == 1


@pytest.mark.parametrize(
    "probe",
    [
        {"timeoutSeconds": 7, "periodSeconds": -1},
        {"timeoutSeconds": 7, "tcpSocket": {"port": 1}},
    ],
    ids=["invalid value", "second handler"],
)
async def test_a_patch_that_the_server_rejects_leaves_nothing(bench: Bench, probe: Mapping[str, Any]) -> None:
    """Where one field is not taken, none is: the server's words come back and the workload is as before."""
    served, before = await bench.served(), bench.space.get("deployment", "web")

    decision = Decision(status={"phase": "Applying"}, patch=_patch(served, probe))
    await bench.executor.carry_out(served, await bench.policy(), decision)

    assert served.refusal is not None
    assert served.refusal.reason is RefusalReason.REJECTED
    assert bench.space.get("deployment", "web") == before


async def test_without_the_right_to_patch_the_refusal_says_so(
    bench: Bench, lab: Lab, connect: Connect, tmp_path: Path
) -> None:
    """An operator that may not patch learns it from the server, and the workload is as before."""
    served = await bench.served()
    bench.space.kubectl("create", "serviceaccount", "reader")
    kubeconfig = yaml.safe_load(lab.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = {"token": bench.space.kubectl("create", "token", "reader").strip()}
    (tmp_path / "reader").write_text(yaml.safe_dump(kubeconfig))

    reader = Api(connect(tmp_path / "reader"))
    warrant = Warrant(workload=served.workload, mode=Mode.APPLY, policy=Policy())
    refusal = await workloads.patch(reader, _patch(served, {"timeoutSeconds": 7}), warrant, now=_NOW)
    reader.close()

    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.FORBIDDEN
    assert 'cannot patch resource "deployments"' in refusal.message
    assert bench.timeout() == 1


async def test_without_the_status_there_is_no_patch(bench: Bench) -> None:
    """When the status is not taken, the workload is not touched and nothing is told."""
    served = await bench.served()

    decision = Decision(
        status={"phase": "NoSuchPhase"},
        patch=_patch(served, {"timeoutSeconds": 7}),
        announcements=(Announcement(reason="Applying", message="never"),),
    )
    with pytest.raises(StatusError, match="NoSuchPhase"):
        await bench.executor.carry_out(served, await bench.policy(), decision)

    assert bench.timeout() == 1
    assert bench.space.kubectl("get", "events", "--field-selector=reason=Applying", "-o", "name") == ""


async def test_a_decision_on_an_older_policy_is_not_carried_out(bench: Bench) -> None:
    """Whether its status is new or the same: what stands in the policy now has not been decided upon."""
    served, seen = await bench.served(), await bench.policy()
    await policies.write_status(bench.api, seen, {"phase": "Verifying"})

    for status in ({"phase": "Applying"}, {}):
        decision = Decision(status=status, patch=_patch(served, {"timeoutSeconds": 7}))
        with pytest.raises(OutdatedError):
            await bench.executor.carry_out(served, seen, decision)

    assert bench.space.status("mine") == {"phase": "Verifying"}
    assert bench.timeout() == 1


async def test_the_status_of_a_container_without_its_last_probe_is_taken(bench: Bench) -> None:
    """Probes and figures that were there and are gone leave an empty map, which the API server has to take."""
    probes: tuple[dict[str, Any], ...] = ({"liveness": {"timeoutSeconds": 1}}, {})
    for written in probes:
        status = {"containers": [{"name": "web", "current": written, "recommended": {"target": written}}]}
        await policies.write_status(bench.api, await bench.policy(), status)

        assert bench.space.status("mine") == status


async def test_a_field_that_the_schema_does_not_know_is_an_error(bench: Bench) -> None:
    """It is not dropped in silence, missed in the next look, and written again for ever."""
    with pytest.raises(StatusError, match="unheardOf"):
        await policies.write_status(bench.api, await bench.policy(), {"phase": "Healthy", "unheardOf": 1})

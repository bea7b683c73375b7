"""The Job that sends a load."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from probetuner.loadtest.job import Image, job_manifest, job_name
from probetuner.loadtest.plan import Plan
from probetuner.model.workload import WorkloadKind, WorkloadRef

PLAN = Plan(urls=("http://10.0.0.1:80/",), concurrency=(1, 10), requests=100, seconds=60)
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True)
KINDS = st.sampled_from(list(WorkloadKind))


def ref(name: str = "rng", *, kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> WorkloadRef:
    """A workload of that name."""
    return WorkloadRef(kind=kind, namespace="shop", name=name)


def test_it_ends_by_itself_whatever_becomes_of_who_made_it() -> None:
    """It has a deadline little beyond the load, no second try, and goes away when it is over."""
    spec = job_manifest(PLAN, ref(), Image(name="probetuner:dev"))["spec"]

    assert PLAN.most_seconds < spec["activeDeadlineSeconds"] <= PLAN.most_seconds + 120
    assert spec["backoffLimit"] == 0
    assert spec["ttlSecondsAfterFinished"] <= 300
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_its_pod_can_do_nothing_but_send() -> None:
    """No credentials, no privileges, bounded memory and processor, and none of the workload's labels."""
    template = job_manifest(PLAN, ref(), Image(name="probetuner:dev", pull_policy="Never"))["spec"]["template"]
    pod, container = template["spec"], template["spec"]["containers"][0]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert (container["image"], container["imagePullPolicy"]) == ("probetuner:dev", "Never")
    assert set(template["metadata"]["labels"]) == {"app.kubernetes.io/managed-by", "probetuner.dev/loadtest"}
    assert json.loads(container["args"][0])["urls"] == ["http://10.0.0.1:80/"]


@given(name=NAMES, kind=KINDS)
def test_its_name_is_one_that_kubernetes_takes(name: str, kind: WorkloadKind) -> None:
    """However the workload is called, the Job's name fits a label of its pod."""
    found = job_name(ref(name, kind=kind))

    assert len(found) <= 63
    assert set(found) <= set(string.ascii_lowercase + string.digits + "-")
    assert found[0] != "-"
    assert found[-1] != "-"


@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_two_workloads_can_be_loaded_at_once(names: list[str]) -> None:
    """Different workloads have different Jobs, also where their names differ only late or in a dot."""
    assert job_name(ref(names[0])) != job_name(ref(names[1]))
    assert job_name(ref(names[0] + "." + names[1])) != job_name(ref(names[0] + "-" + names[1]))

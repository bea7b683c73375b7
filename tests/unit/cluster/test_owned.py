"""What is promised of the names of the objects that the operator makes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from probetuner.cluster.owned import owned_metadata, owned_name
from probetuner.model.workload import WorkloadKind, WorkloadRef

names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?){0,4}", fullmatch=True)


def test_the_name_is_the_kind_and_the_name() -> None:
    """People find the policy of a workload without looking it up."""
    assert owned_name(_ref(WorkloadKind.STATEFUL_SET, "db")) == "statefulset-db"


@given(st.sampled_from(WorkloadKind), names.filter(lambda name: len(name) <= 253))
def test_every_workload_has_a_valid_name_for_its_objects(kind: WorkloadKind, name: str) -> None:
    """However long the workload's name is, that of its objects is a valid DNS subdomain of Kubernetes."""
    made = owned_name(_ref(kind, name))

    assert len(made) <= 253
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", made)


def test_shortened_names_differ() -> None:
    """Two workloads whose long names differ at the end only do not share their objects."""
    one, other = (owned_name(_ref(WorkloadKind.DEPLOYMENT, "a" * 252 + end)) for end in "bc")

    assert one != other


def test_argo_cd_may_ignore_what_changes_in_them() -> None:
    """Its word for objects that no Application tracks and a tracked workload owns."""
    made = owned_metadata(_ref(WorkloadKind.DEPLOYMENT, "web"), uid="u")

    assert made["annotations"] == {"argocd.argoproj.io/ignore-resource-updates": "true"}


def _ref(kind: WorkloadKind, name: str) -> WorkloadRef:
    return WorkloadRef(kind=kind, namespace="shop", name=name)

"""Whose word makes the operator act: an Off of the workload holds, and what a cluster lives by is left alone."""

from collections.abc import Mapping
from typing import Any

import pytest

from probetuner.change.enrolment import Enrolment, parse_policy_object
from probetuner.controller.view import View
from probetuner.model.mode import Mode, ModeSource
from probetuner.model.workload import WorkloadKind, WorkloadRef

EVERYTHING = {"allow": ["Thresholds", "Types", "Startup", "Reaper", "Grace"], "apply": {"onConflict": "Override"}}


def ref(namespace: str) -> WorkloadRef:
    return WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=namespace, name="web")


def see(view: View, namespace: str, *, mode: str | None = None, policy: Mapping[str, Any] | None = None) -> Enrolment:
    """Show a workload to the operator, and a ProbePolicy for it if one is given; return what holds for it then."""
    metadata = {"name": "web", "namespace": namespace, "uid": "u", "resourceVersion": "1"}
    annotations = {} if mode is None else {"annotations": {"probetuner.dev/mode": mode}}
    view.see_workload(ref(namespace), {"metadata": metadata | annotations})
    if policy is not None:
        spec = {"targetRef": {"kind": "Deployment", "name": "web"}, **policy}
        view.see_policy(parse_policy_object({"metadata": metadata | {"name": "anybodys"}, "spec": spec}))
    found = view.enrolment(ref(namespace))
    assert found is not None
    return found


@pytest.mark.parametrize("word", ["Off", "off", "no"])
def test_a_policy_of_another_hand_does_not_lift_off(word: str) -> None:
    """Who may only write policies gets nothing done on a workload that says Off, however it spells that."""
    found = see(View(default_mode=Mode.APPLY), "shop", mode=word, policy={"mode": "Apply", **EVERYTHING})

    assert (found.mode.mode, found.mode.source, found.mode.is_veto) == (Mode.OFF, ModeSource.WORKLOAD, True)
    assert found.in_force is not None  # its status is where the veto is told


@pytest.mark.parametrize("checked", [True, False])
def test_an_override_counts_only_where_somebody_checks_who_wrote_it(*, checked: bool) -> None:
    """Where the admission policy is not installed, spec.overrideOff says nothing."""
    view = View(default_mode=Mode.OFF, honours_override_off=checked)

    found = see(view, "shop", mode="Off", policy={"mode": "Apply", "overrideOff": True})

    assert found.mode.mode is (Mode.APPLY if checked else Mode.OFF)


@pytest.mark.parametrize("default", Mode)
def test_an_excluded_namespace_is_served_only_where_it_says_so_itself(default: Mode) -> None:
    """What a cluster lives by is touched by no default and no word on a Namespace, but by one on the workload."""
    view = View(default_mode=default, excluded_namespaces=frozenset({"kube-system", "kube-public"}))
    for namespace in ("kube-system", "kube-public"):
        view.see_namespace(
            {"metadata": {"name": namespace, "annotations": {"probetuner.dev/mode": "Apply"}, "uid": "n"}}
        )

    assert see(view, "kube-system").mode.mode is Mode.OFF
    assert see(view, "shop").mode.mode is default
    assert see(view, "kube-public", mode="Observe").mode.mode is Mode.OBSERVE
    assert see(view, "kube-system", policy={"mode": "Recommend"}).mode.mode is Mode.RECOMMEND

"""What else on the cluster changes the same workloads, or wants to be the one operator of it."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.installed import Installed
from probetuner.sources.live import LiveCluster, LiveError

_KINDS = {
    ("autoscaling.k8s.io/v1", "verticalpodautoscalers"): (
        "VerticalPodAutoscaler is installed: it evicts pods to change their requests; probetuner changes no requests, "
        "and an eviction is no kill by a probe"
    ),
    ("argoproj.io/v1alpha1", "rollouts"): (
        "Argo Rollouts is installed: the operator serves no Rollouts, `probetuner analyze` judges them; a Deployment "
        "that is a Rollout's model gets recommendations and no patch"
    ),
}


def check_operators(operators: Sequence[Installed]) -> Iterator[Check]:
    """Say of other operators than the first what they and it make of the cluster."""
    for one in operators[1:]:
        first = operators[0]
        if one.lease == first.lease:
            message = f"{one} runs the operator too; one of them stands by, since both want Lease {one.lease}"
            yield Check(area=Area.OTHERS, state=State.NOTE, message=message)
        elif one.watched and first.watched and not set(one.watched) & set(first.watched):
            message = f"{one} runs the operator too, for other namespaces ({', '.join(one.watched[:5])})"
            yield Check(area=Area.OTHERS, state=State.NOTE, message=message)
        else:
            yield Check(
                area=Area.OTHERS,
                state=State.WRONG,
                message=f"{one} runs the operator too, by another Lease ({one.lease}, not {first.lease}): "
                "both work at once, and both patch",
                values=(ChartValue.LEASE_NAMESPACE,),
                step="name the same in both releases, or uninstall one",
            )


def check_kinds(cluster: LiveCluster) -> Iterator[Check]:
    """Say which of the kinds that matter are served. Raises LiveError."""
    for (version, plural), effect in _KINDS.items():
        try:
            served = cluster.get(f"/apis/{version}")
        except LiveError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            continue
        if any(entry.get("name") == plural for entry in served.get("resources") or ()):
            yield Check(area=Area.OTHERS, state=State.NOTE, message=effect)

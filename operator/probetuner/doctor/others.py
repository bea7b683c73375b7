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
    for place, one in enumerate(operators[1:], 1):
        first = operators[0]
        if one.lease == first.lease and one.shard.count != first.shard.count:
            yield Check(
                area=Area.OTHERS,
                state=State.WRONG,
                message=f"{one} is shard {one.shard} of the namespaces and {first} is {first.shard}: all of one number "
                "stand by until none of the other works",
                step="give both releases the same value shards, or uninstall one",
            )
        elif one.lease == first.lease:
            if one.shard not in (other.shard for other in operators[:place] if other.lease == one.lease):
                continue
            message = f"{one} runs the operator too; one of them stands by, since both want Lease {one.own_lease}"
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


def check_shards(shards: Sequence[Installed]) -> Iterator[Check]:
    """Say which shards of the namespaces nobody serves, of those that some of these operators serve."""
    count = shards[0].shard.count
    missing = sorted({*range(1, count + 1)} - {one.shard.index for one in shards})
    if missing:
        yield Check(
            area=Area.OPERATOR,
            state=State.WRONG,
            message=f"no Deployment runs shard {', '.join(map(str, missing[:5]))} of {count}: nobody serves the "
            "namespaces of it",
            step=f"the chart makes all of them: helm upgrade with shards={count}",
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

"""Who works: the holder of the Lease, and how long ago it was renewed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from probetuner.cluster.leases import DURATION_SECONDS
from probetuner.cluster.names import NamespacedName
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.installed import Installed
from probetuner.sources.failing import Failure
from probetuner.sources.live import LiveCluster, LiveError

_RENEWED_WITHIN_SECONDS = 4.0
"""The operator renews it each two seconds, so within four its time changes whatever the clocks of machines say."""

_MOST_LOOKS = 5
"""An operator that stands by takes a dead holder's Lease within 20 s. One that was just installed stands by too: the
last one's Lease stays where its release was uninstalled, and is good until it has not been renewed for its duration."""


def check_lease(
    cluster: LiveCluster,
    lease: NamespacedName,
    operators: Sequence[Installed],
    *,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Check:
    """Say who holds the Lease. `now` gives epoch seconds. Raises LiveError."""
    try:
        first = spec = _read(cluster, lease)
    except LiveError as problem:
        if problem.failure is Failure.REFUSED:
            step = f"ask for get on leases in {lease.namespace}"
            return Check(area=Area.LEASE, state=State.UNKNOWN, message=str(problem), step=step)
        raise
    standing_by = any(one.available for one in operators)
    most = _MOST_LOOKS if standing_by else 1 if spec and _holder(spec) else 0
    looks = 0
    while (why := _nobody_works(spec, first, looks, now())) and looks < most:
        wait(_RENEWED_WITHIN_SECONDS)
        looks += 1
        spec = _read(cluster, lease)
    if spec is None or why:
        return _nobody(lease, why, operators)
    holder = _holder(spec)
    # Of `probetuner` and `probetuner-two` the longer name is meant, where both begin it.
    named = [one for one in operators if holder.startswith(f"{one.name}-")]
    whose = f" ({max(named, key=lambda one: len(one.name))})" if named else " (no operator that is seen)"
    age = "while it was looked at" if looks else f"{max(0.0, now() - _renewed(spec)):.0f} s ago"
    message = f"Lease {lease} is held by {holder}{whose}, renewed {age}"
    return Check(area=Area.LEASE, state=State.OK, message=message)


def _read(cluster: LiveCluster, lease: NamespacedName) -> dict[str, Any] | None:
    """What it says, None where there is none. Raises LiveError."""
    try:
        found = cluster.get(f"/apis/coordination.k8s.io/v1/namespaces/{lease.namespace}/leases/{lease.name}")
    except LiveError as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    spec: dict[str, Any] = found.get("spec") or {}
    return spec


def _nobody_works(spec: dict[str, Any] | None, first: dict[str, Any] | None, looks: int, now: float) -> str:
    """Why nobody works by what it says now and said at first, empty where somebody does."""
    if spec is None:
        return "is not there, so no operator has ever worked"
    if not _holder(spec):
        return "was given back, and nobody holds it now"
    # By the clocks of two machines; what counts is whether it is renewed (client-go: tools/leaderelection).
    seconds = now - _renewed(spec)
    if abs(seconds) <= DURATION_SECONDS or (looks and spec != first):
        return ""
    return f"is held by {_holder(spec)}, which did not renew it for {seconds:.0f} s: no operator works"


def _holder(spec: dict[str, Any]) -> str:
    return str(spec.get("holderIdentity") or "")


def _nobody(lease: NamespacedName, how: str, operators: Sequence[Installed]) -> Check:
    message = f"Lease {lease} {how}"
    if not operators:
        return Check(area=Area.LEASE, state=State.NOTE, message=message)
    one = operators[0]
    return Check(
        area=Area.LEASE,
        state=State.WRONG,
        message=message,
        values=(ChartValue.LEASE_NAMESPACE,),
        step=f"kubectl logs -n {one.namespace} deploy/{one.name} says why; the value names another namespace for it, "
        "where it may not be written into this one",
    )


def _renewed(spec: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(spec["renewTime"])).timestamp()
    except (KeyError, ValueError):
        return 0.0

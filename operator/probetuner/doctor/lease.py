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


def check_lease(
    cluster: LiveCluster,
    lease: NamespacedName,
    operators: Sequence[Installed],
    *,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Check:
    """Say who holds the Lease. `now` gives epoch seconds. Raises LiveError."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{lease.namespace}/leases/{lease.name}"
    try:
        spec = cluster.get(path).get("spec") or {}
    except LiveError as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            return _nobody(lease, "is not there, so no operator has ever worked", operators)
        if problem.failure is Failure.REFUSED:
            step = f"ask for get on leases in {lease.namespace}"
            return Check(area=Area.LEASE, state=State.UNKNOWN, message=str(problem), step=step)
        raise
    holder = str(spec.get("holderIdentity") or "")
    if not holder:
        return _nobody(lease, "was given back, and nobody holds it now", operators)
    seconds = now() - _renewed(spec)
    if abs(seconds) > DURATION_SECONDS:
        # By the clocks of two machines; what counts is whether it is renewed (client-go: tools/leaderelection).
        wait(_RENEWED_WITHIN_SECONDS)
        again = cluster.get(path).get("spec") or {}
        if again.get("renewTime") == spec.get("renewTime"):
            message = f"is held by {holder}, which did not renew it for {seconds:.0f} s: no operator works"
            return _nobody(lease, message, operators)
        seconds = 0.0
    # Of `probetuner` and `probetuner-two` the longer name is meant, where both begin it.
    named = [one for one in operators if holder.startswith(f"{one.name}-")]
    whose = f" ({max(named, key=lambda one: len(one.name))})" if named else " (no operator that is seen)"
    age = f"{max(0.0, seconds):.0f} s ago" if seconds else "while it was looked at"
    message = f"Lease {lease} is held by {holder}{whose}, renewed {age}"
    return Check(area=Area.LEASE, state=State.OK, message=message)


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

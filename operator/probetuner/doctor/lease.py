"""Who works: the holder of the Lease, and how long ago it was renewed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from probetuner.cluster.leases import DURATION_SECONDS
from probetuner.cluster.names import NamespacedName
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.installed import Installed
from probetuner.model.pausing import PAUSED_ANNOTATION, says_paused
from probetuner.sources.failing import Failure
from probetuner.sources.live import LiveCluster, LiveError

_RESUME = "probetuner resume --all lets it go on"

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
    """Say who holds the Lease, which the first of the operators wants. `now` gives epoch seconds. Raises LiveError."""
    try:
        first = seen = _read(cluster, lease)
    except LiveError as problem:
        if problem.failure is Failure.REFUSED:
            step = f"ask for get on leases in {lease.namespace}"
            return Check(area=Area.LEASE, state=State.UNKNOWN, message=str(problem), step=step)
        raise
    standing_by = any(one.available for one in operators if one.own_lease == lease)
    most = _MOST_LOOKS if standing_by else 1 if seen and seen.holder else 0
    looks = 0
    while (why := _nobody_works(seen, first, looks, now())) and looks < most:
        wait(_RENEWED_WITHIN_SECONDS)
        looks += 1
        seen = _read(cluster, lease)
    if seen is None or why:
        return _nobody(lease, why, operators)
    holder = seen.holder
    # Of `probetuner` and `probetuner-two` the longer name is meant, where both begin it.
    named = [one for one in operators if holder.startswith(f"{one.name}-")]
    whose = f" ({max(named, key=lambda one: len(one.name))})" if named else " (no operator that is seen)"
    age = "while it was looked at" if looks else f"{max(0.0, now() - seen.renewed):.0f} s ago"
    message = f"Lease {lease} is held by {holder}{whose}, renewed {age}"
    if seen.paused:
        paused = f"{message}; {PAUSED_ANNOTATION} on it has no change begin"
        return Check(area=Area.LEASE, state=State.NOTE, message=paused, step=_RESUME)
    return Check(area=Area.LEASE, state=State.OK, message=message)


def check_pause_of_shards(cluster: LiveCluster, lease: NamespacedName) -> Iterator[Check]:
    """Say whether the Lease of the whole cluster, which no shard holds, pauses them all. Raises LiveError."""
    seen = _read(cluster, lease)
    if seen is not None and seen.paused:
        message = f"{PAUSED_ANNOTATION} on Lease {lease} has no shard begin a change"
        yield Check(area=Area.LEASE, state=State.NOTE, message=message, step=_RESUME)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A Lease, and whether its annotation has no change begin."""

    spec: Mapping[str, Any]
    paused: bool

    @property
    def holder(self) -> str:
        """Who holds it, empty when nobody does."""
        return str(self.spec.get("holderIdentity") or "")

    @property
    def renewed(self) -> float:
        """When it was renewed, by the holder's clock; 0 where that is not said."""
        try:
            return datetime.fromisoformat(str(self.spec["renewTime"])).timestamp()
        except (KeyError, ValueError):
            return 0.0


def _read(cluster: LiveCluster, lease: NamespacedName) -> _Seen | None:
    """What it says, None where there is none. Raises LiveError."""
    try:
        found = cluster.get(f"/apis/coordination.k8s.io/v1/namespaces/{lease.namespace}/leases/{lease.name}")
    except LiveError as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    annotations = (found.get("metadata") or {}).get("annotations") or {}
    return _Seen(spec=found.get("spec") or {}, paused=says_paused(annotations.get(PAUSED_ANNOTATION)))


def _nobody_works(seen: _Seen | None, first: _Seen | None, looks: int, now: float) -> str:
    """Why nobody works by what it says now and said at first, empty where somebody does."""
    if seen is None:
        return "is not there, so no operator has ever worked"
    if not seen.holder:
        return "was given back, and nobody holds it now"
    # By the clocks of two machines; what counts is whether it is renewed (client-go: tools/leaderelection).
    seconds = now - seen.renewed
    if abs(seconds) <= DURATION_SECONDS or (looks and seen != first):
        return ""
    return f"is held by {seen.holder}, which did not renew it for {seconds:.0f} s: no operator works"


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

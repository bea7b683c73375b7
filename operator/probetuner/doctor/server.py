"""The API server, and whether it knows the kinds that this program writes."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from probetuner.cluster.owned import API_VERSION
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.sources.live import LiveCluster, LiveError

SPEC_FIELDS = frozenset(
    (
        "allow",
        "apply",
        "bounds",
        "candidates",
        "containers",
        "endpoints",
        "mode",
        "objectives",
        "overrideOff",
        "reaper",
        "targetRef",
    )
)
STATUS_FIELDS = frozenset(
    (
        "conditions",
        "confidence",
        "containers",
        "falseRestarts",
        "finding",
        "findings",
        "flaps",
        "forecast",
        "handover",
        "history",
        "mode",
        "modeFrom",
        "observedGeneration",
        "omitted",
        "patch",
        "phase",
        "recommendation",
        "source",
        "target",
    )
)
"""The fields of a ProbePolicy that this program reads and writes; the server drops those that it does not know."""

_OLDEST = (1, 29)
_ADMISSION_POLICIES = (1, 30)
_SCHEMA = "dev.probetuner.v1alpha1.ProbePolicy"
_PLURALS = ("probepolicies", "probehistories")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def check_version(version: str) -> Check:
    """Whether the operator runs on that version of Kubernetes."""
    found = _VERSION.match(version)
    if found is None:
        message = f"it does not say its version ({version!r})"
        return Check(area=Area.API_SERVER, state=State.UNKNOWN, message=message)
    number = (int(found[1]), int(found[2]))
    if number < _OLDEST:
        return Check(
            area=Area.API_SERVER,
            state=State.WRONG,
            message=f"Kubernetes {version} is older than 1.29, the oldest that probetuner is made for",
            step="upgrade the cluster",
        )
    if number < _ADMISSION_POLICIES:
        return Check(
            area=Area.API_SERVER,
            state=State.NOTE,
            message=f"Kubernetes {version} has no ValidatingAdmissionPolicy: with apply.enabled the guard must be off",
            values=(ChartValue.NO_ADMISSION_GUARD,),
        )
    return Check(area=Area.API_SERVER, state=State.OK, message=f"Kubernetes {version}")


def check_definitions(cluster: LiveCluster) -> Check:
    """Whether the definitions are there, and know the fields of this program. Raises LiveError."""
    try:
        served = cluster.get(f"/apis/{API_VERSION}")
    except LiveError as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        served = {}
    names = {str(entry.get("name")) for entry in served.get("resources") or ()}
    missing = [f"{plural}.{API_VERSION.partition('/')[0]}" for plural in _PLURALS if plural not in names]
    if missing:
        return _wrong(f"not installed: {', '.join(missing)}")
    unknown = sorted(_unknown_fields(cluster))
    if unknown:
        return _wrong(f"{API_VERSION} is served by older definitions, which drop {', '.join(unknown)}")
    message = f"probepolicies and probehistories are served as {API_VERSION}, with all fields of this version"
    return Check(area=Area.DEFINITIONS, state=State.OK, message=message)


def _wrong(message: str) -> Check:
    return Check(
        area=Area.DEFINITIONS,
        state=State.WRONG,
        message=message,
        values=(ChartValue.DEFINITIONS,),
        step="or kubectl apply --server-side -f crds/",
    )


def _unknown_fields(cluster: LiveCluster) -> Iterator[str]:
    """The fields that the server's schema of a ProbePolicy lacks. Raises LiveError."""
    schemas = (cluster.get(f"/openapi/v3/apis/{API_VERSION}").get("components") or {}).get("schemas") or {}
    fields = (schemas.get(_SCHEMA) or {}).get("properties") or {}
    for part, known in (("spec", SPEC_FIELDS), ("status", STATUS_FIELDS)):
        there = (fields.get(part) or {}).get("properties") or {}
        yield from (f"{part}.{name}" for name in known - there.keys())

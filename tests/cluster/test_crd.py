"""What a real API server makes of the definition of ProbePolicy."""

from typing import Any

import pytest

from cluster.policies import between, create, policy
from lab import Lab
from lab.errors import LabError
from probetuner.model.policy import Policy, ReaperStrategy
from probetuner.model.spec import parse_policy
from probetuner.model.windows import Weekday

pytestmark = pytest.mark.cluster


def window(**fields: Any) -> dict[str, Any]:
    """A spec with one maintenance window, which is right but for what is given."""
    return {"apply": {"maintenanceWindows": [{"start": "22:00", "durationMinutes": 240, **fields}]}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown mode": (
        {"mode": "Auto"},
        'spec.mode: Unsupported value: "Auto": supported values: "Off", "Observe", "Recommend", "Apply"',
    ),
    "mode off without quotes": ({"mode": False}, "spec.mode"),
    "unknown kind": (
        {"targetRef": {"kind": "Job", "name": "rng"}},
        'spec.targetRef.kind: Unsupported value: "Job": supported values: "Deployment", "StatefulSet", "DaemonSet"',
    ),
    "no target name": ({"targetRef": {"kind": "Deployment"}}, "spec.targetRef.name: Required value"),
    "empty target name": ({"targetRef": {"kind": "Deployment", "name": ""}}, "should be at least 1 chars long"),
    "foreign API version": (
        {"targetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Deployment", "name": "rng"}},
        'supported values: "apps/v1"',
    ),
    "range upside down": (
        {"bounds": {"liveness": {"timeoutSeconds": between(10, 2)}}},
        "min must not be above max; swap them, or leave one out",
    ),
    "empty range": ({"bounds": {"startup": {"periodSeconds": {}}}}, "should have at least 1 properties"),
    "timeout of zero": ({"bounds": {"readiness": {"timeoutSeconds": between(0)}}}, "greater than or equal to 1"),
    "liveness bounds against the objective": (
        {
            "bounds": {"liveness": {"periodSeconds": between(20), "failureThreshold": between(3)}},
            "objectives": {"liveness": {"detectionSeconds": 60}},
        },
        "bounds.liveness leaves no setting that meets objectives.liveness.detectionSeconds; lower",
    ),
    "readiness bounds against the objective": (
        {"bounds": {"readiness": {"periodSeconds": between(30), "failureThreshold": between(1)}}},
        "bounds.readiness leaves no setting that meets objectives.readiness.detectionSeconds; lower",
    ),
    "apply nothing": (
        {"mode": "Apply", "allow": []},
        "mode Apply needs at least one entry in allow; use mode Recommend to have nothing changed",
    ),
    "unknown change": ({"allow": ["Probes"]}, 'supported values: "Thresholds", "Types", "Startup", "Reaper", "Grace"'),
    "change allowed twice": ({"allow": ["Types", "Types"]}, "Duplicate value"),
    "next change before the verdict": (
        {"apply": {"cooldownSeconds": 60, "verifySeconds": 120}},
        "cooldownSeconds must be at least verifySeconds, so that one change is judged before the next",
    ),
    "verdict longer than the default cool-down": (
        {"apply": {"verifySeconds": 7200}},
        "cooldownSeconds must be at least verifySeconds",
    ),
    "verdict at once": ({"apply": {"verifySeconds": 1}}, "greater than or equal to 30"),
    "certain startup": ({"objectives": {"startup": {"coverage": 1}}}, "less than 1"),
    "negative mistakes": (
        {"objectives": {"liveness": {"falseRestartsPer30Days": -1}}},
        "greater than or equal to 0",
    ),
    "errors that cost nothing": ({"objectives": {"costs": {"errorSeconds": 0}}}, "greater than or equal to 1"),
    "a restart of two days": (
        {"objectives": {"costs": {"falseRestartSeconds": 172800}}},
        "less than or equal to 86400",
    ),
    "misspelt price": ({"objectives": {"costs": {"rollout": 1}}}, 'unknown field "spec.objectives.costs.rollout"'),
    "more changes a day than are counted": ({"apply": {"maxChangesPerDay": 11}}, "less than or equal to 10"),
    "window on no day of the week": (
        window(days=["Monday"]),
        'supported values: "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"',
    ),
    "window at no time of day": (window(start="24:00"), "should match"),
    "window of no length": (window(durationMinutes=0), "greater than or equal to 1"),
    "window without a start": ({"apply": {"maintenanceWindows": [{"durationMinutes": 60}]}}, "start: Required value"),
    "window in no zone": (window(timeZone="Europe/Atlantis"), "Europe/Atlantis"),
    "unknown way with conflicts": (
        {"apply": {"onConflict": "Force"}},
        'supported values: "Recommend", "Override"',
    ),
    "unknown reaper": (
        {"reaper": {"strategy": "Dumb"}},
        'supported values: "ShareProcessNamespace", "TiniInit", "TiniWrapper", "Off"',
    ),
    "candidate without a handler": (
        {"candidates": [{"container": "web"}]},
        "write exactly one of httpGet, tcpSocket and grpc",
    ),
    "candidate with two handlers": (
        {"candidates": [{"httpGet": {"port": 80}, "tcpSocket": {"port": 80}}]},
        "write exactly one of httpGet, tcpSocket and grpc",
    ),
    "candidate that is a command": (
        {"candidates": [{"exec": {"command": ["true"]}}]},
        'unknown field "spec.candidates[0].exec"',
    ),
    "candidate elsewhere": (
        {"candidates": [{"httpGet": {"port": 80, "host": "example.org"}}]},
        'unknown field "spec.candidates[0].httpGet.host"',
    ),
    "candidate on no port": (
        {"candidates": [{"tcpSocket": {"port": 0}}]},
        "must be a number from 1 to 65535 or the name of a port",
    ),
    "candidate on a port of no name": (
        {"candidates": [{"tcpSocket": {"port": "Web!"}}]},
        "must be a number from 1 to 65535 or the name of a port",
    ),
    "candidate on a relative path": ({"candidates": [{"httpGet": {"port": 80, "path": "up"}}]}, "should match '^/'"),
    "header of two lines": (
        {"candidates": [{"httpGet": {"port": 80, "httpHeaders": [{"name": "A", "value": "b\r\nC: d"}]}}]},
        "should match",
    ),
    "container twice": ({"containers": [{"name": "web"}, {"name": "web", "mode": "Off"}]}, "Duplicate value"),
    "container of no name": ({"containers": [{"name": "web*"}]}, "should match"),
    "container in a mode of workloads": (
        {"containers": [{"name": "web", "mode": "Apply"}]},
        'supported values: "Auto", "Off"',
    ),
    "misspelt field": ({"objective": {}}, 'unknown field "spec.objective"'),
}


@pytest.mark.parametrize(("spec", "said"), BAD.values(), ids=BAD.keys())
def test_bad_policy_is_refused_with_the_reason(crds: Lab, spec: dict[str, Any], said: str) -> None:
    """A ProbePolicy that cannot be meant is refused, with a message that says what to write."""
    with pytest.raises(LabError) as refusal:
        create(crds, policy(spec), "--dry-run=server")

    assert said in str(refusal.value)


GOOD: dict[str, dict[str, Any]] = {
    "nothing but a target": {},
    "off": {"mode": "Off"},
    "one side of a range": {"bounds": {"liveness": {"timeoutSeconds": between(high=10)}}},
    "a fixed value": {"bounds": {"startup": {"failureThreshold": between(30, 30)}}},
    "the slowest liveness that meets its objective": {
        "bounds": {"liveness": {"periodSeconds": between(10), "failureThreshold": between(3)}},
        "objectives": {"liveness": {"detectionSeconds": 31}},
    },
    "no mistake tolerated": {"objectives": {"liveness": {"falseRestartsPer30Days": 0}}},
    "restarts dear and rollouts free": {"objectives": {"costs": {"falseRestartSeconds": 300, "rolloutSeconds": 0}}},
    "everything allowed": {"mode": "Apply", "allow": ["Thresholds", "Types", "Startup", "Reaper", "Grace"]},
    "recommend, allow nothing": {"mode": "Recommend", "allow": []},
    "judged, then at once the next": {"apply": {"cooldownSeconds": 300, "verifySeconds": 300}},
    "windows of a week": window(days=["Fri", "Sat"], start="22:30", timeZone="America/Argentina/Ushuaia"),
    "patched although somebody else manages it": {"apply": {"onConflict": "Override"}},
    "no reaper": {"reaper": {"strategy": "Off"}},
    "candidates of each kind": {
        "endpoints": {"discovery": True},
        "candidates": [
            {"httpGet": {"port": "http", "path": "/up?full=0", "scheme": "HTTPS"}},
            {"container": "db", "tcpSocket": {"port": 5432}},
            {"grpc": {"port": 9000, "service": "shop.Cart"}},
        ],
    },
    "all containers but one left out": {"containers": [{"name": "*", "mode": "Off"}, {"name": "web", "mode": "Auto"}]},
    "a stateful set": {"targetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}},
}


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
def test_good_policy_is_accepted(crds: Lab, spec: dict[str, Any]) -> None:
    """What the documentation allows is accepted, and kept as it was written."""
    assert holds(create(crds, policy(spec), "--dry-run=server")["spec"], spec)


def holds(kept: Any, asked: Any) -> bool:
    """Whether *kept* has everything that *asked* has; it may have defaults besides."""
    if isinstance(asked, list):
        return len(kept) == len(asked) and all(map(holds, kept, asked))
    if isinstance(asked, dict):
        return all(holds(kept[name], value) for name, value in asked.items())
    return bool(kept == asked)


def test_defaults_are_filled_in(crds: Lab) -> None:
    """A policy that names only its workload shows the operator's own defaults, and no mode: annotations decide."""
    spec = create(crds, policy(), "--dry-run=server")["spec"]

    assert spec == {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "rng"},
        "allow": ["Thresholds", "Types", "Startup"],
        "objectives": {
            "liveness": {"detectionSeconds": 60, "falseRestartsPer30Days": 1},
            "readiness": {"detectionSeconds": 30, "flapsPer30Days": 30},
            "startup": {"coverage": 0.99},
            "costs": {"errorSeconds": 10, "falseRestartSeconds": 30, "rolloutSeconds": 2592},
        },
        "apply": {
            "cooldownSeconds": 3600,
            "maxChangesPerDay": 4,
            "verifySeconds": 1800,
            "minReplicas": 1,
            "onConflict": "Recommend",
        },
        "reaper": {"strategy": "ShareProcessNamespace"},
        "endpoints": {"discovery": False},
    }
    assert parse_policy(spec, place="defaults") == Policy()


def test_explain_reads_like_documentation(crds: Lab) -> None:
    """`kubectl explain` tells what the modes mean and in which unit a time is."""
    mode = " ".join(crds.kubectl("explain", "probepolicy.spec.mode").split())
    detection = crds.kubectl("explain", "probepolicy.spec.objectives.liveness.detectionSeconds")

    assert "Recommend: a patch is shown in status, nothing is changed." in mode
    assert "in seconds" in " ".join(detection.split())


def test_what_is_accepted_is_understood(crds: Lab) -> None:
    """The operator reads what the API server keeps of windows, candidates and containers, named as they are there."""
    spec = {
        **window(days=["Fri"], timeZone="Europe/Berlin"),
        "candidates": [{"httpGet": {"port": "http"}}, {"container": "db", "tcpSocket": {"port": 5432}}],
        "containers": [{"name": "proxy", "mode": "Off"}, {"name": "web"}],
        "reaper": {"strategy": "Off"},
    }

    read = parse_policy(create(crds, policy(spec), "--dry-run=server")["spec"], place="kept")

    (weekly,) = read.apply.maintenance_windows
    assert (weekly.days, weekly.zone.key) == (frozenset({Weekday.FRIDAY}), "Europe/Berlin")
    assert [str(candidate.handler) for candidate in read.candidates] == ["httpGet :http/", "tcpSocket :5432"]
    assert [read.containers.mode_of(name).value for name in ("proxy", "web", "db")] == ["Off", "Auto", "Auto"]
    assert read.reaper.strategy is ReaperStrategy.OFF


def test_every_field_explains_itself(crds: Lab) -> None:
    """`kubectl explain --recursive` knows each part of the spec, and each part has a description to print."""
    fields = crds.kubectl("explain", "probepolicy.spec", "--recursive")

    for name in ("maintenanceWindows", "onConflict", "reaper", "endpoints", "candidates", "containers"):
        assert name in fields
    windows = " ".join(crds.kubectl("explain", "probepolicy.spec.apply.maintenanceWindows").split())
    assert "When changes may begin. Left out or empty, they may at any time." in windows

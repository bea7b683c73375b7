"""Every leak with every cure on a real kubelet: what probetuner does about it, and the zombies that are counted."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demo import namespaces
from demo.cluster import Cluster, DemoError
from e2e.reaping_cases import SINGLE, THREADS, TREATED, Treated, documents
from lab import LabError
from probetuner.facts.inspection import SCRIPT, read_inspection

NAMESPACE = "e2e-reaping"
COUNT_AFTER_SECONDS = 75
POOL_OVER_SECONDS = 270
"""While a pool grows at just the pace of the probe nothing tells its threads from zombies; it has stopped by then."""
_SECONDS, _SECONDS_BETWEEN_LOOKS = 420, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The latest change of a workload and the verdict on it, as its ProbePolicy has them."""

    verdict: str
    reason: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one workload.

    `counted` are the zombies in its pod `COUNT_AFTER_SECONDS` after that was ready (with the cure, where there is one;
    the pool of threads after `POOL_OVER_SECONDS`), `told` what probetuner says of its change, `advice` what it says
    where it changes nothing, `by_hand` whether the cure was then given by the test.
    """

    counted: int
    findings: tuple[str, ...]
    told: Told | None = None
    advice: str = ""
    by_hand: bool = False


@dataclass(slots=True)
class _Watched:
    name: str
    case: Treated | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    by_hand: bool = False
    counted: int | None = None
    advice: str = ""

    @property
    def changed(self) -> bool:
        """Whether what is to be counted is there: the cure, or nothing where none was meant."""
        return self.case is None or self.case.cure is None or self.by_hand or bool(self.policy.get("history"))

    @property
    def done(self) -> bool:
        judged = self.case is None or not self.case.can_work or bool(self._latest().get("verdict"))
        return judged and self.counted is not None

    def _latest(self) -> Mapping[str, Any]:
        history = self.policy.get("history") or [{}]
        latest: Mapping[str, Any] = history[0]
        return latest

    def outcome(self) -> Outcome:
        latest = self._latest()
        told = None
        if latest:
            figures = [latest.get(side, {}).get("zombies") for side in ("before", "after")]
            told = Told(
                verdict=latest.get("verdict", ""), reason=latest.get("reason", ""), before=figures[0], after=figures[1]
            )
        return Outcome(
            counted=-1 if self.counted is None else self.counted,
            findings=tuple(found["name"] for found in self.policy.get("findings", ())),
            told=told,
            advice=self.advice,
            by_hand=self.by_hand,
        )


def play(cluster: Cluster) -> dict[str, Outcome]:
    """Let all of them run beside each other until each is judged and counted; by the names of their Deployments.

    Raises DemoError when that does not happen.
    """
    namespaces.make(cluster, NAMESPACE)
    cluster.apply(documents(cluster), namespace=NAMESPACE)
    watched = [_Watched(name=case.name, case=case) for case in TREATED]
    watched += [_Watched(name=SINGLE), _Watched(name=THREADS)]
    began = time.monotonic()
    while not all(one.done for one in watched):
        if time.monotonic() - began > _SECONDS:
            late = ", ".join(one.name for one in watched if not one.done)
            raise DemoError(f"zombies: no verdict or count within {_SECONDS} s of {late}")
        _look(cluster, watched)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return {one.name: one.outcome() for one in watched}


def _look(cluster: Cluster, watched: list[_Watched]) -> None:
    items = cluster.get("pods,probepolicies", f"--namespace={NAMESPACE}")["items"]
    statuses = {
        item["status"].get("target", "").removeprefix("Deployment/"): item["status"]
        for item in items
        if item["kind"] == "ProbePolicy" and "status" in item
    }
    pods = [item for item in items if item["kind"] == "Pod" and "deletionTimestamp" not in item["metadata"]]
    for one in watched:
        one.policy = statuses.get(one.name, one.policy)
        _treat_by_hand(cluster, one)
    due = [(one, pod) for one in watched for pod in pods if one.counted is None and _is_due(one, pod)]
    with ThreadPoolExecutor(max_workers=2) as threads:
        for (one, _), count in zip(due, threads.map(lambda pair: _count(cluster, pair[1]), due), strict=True):
            one.counted = count


def _treat_by_hand(cluster: Cluster, one: _Watched) -> None:
    """Give the cure that probetuner says cannot work, once it has said so, to see whether that is true."""
    actions = (one.policy.get("recommendation") or {}).get("actions") or ()
    refused = next((action["reason"] for action in actions if "TiniWrapper, which does not" in action["reason"]), "")
    if one.case is None or one.case.can_work or not refused or one.by_hand:
        return
    wrapped = {"exec": {"command": ["tini", "-s", "--", *one.case.probe]}}
    body = {"spec": {"template": {"spec": {"containers": [{"name": "main", "livenessProbe": wrapped}]}}}}
    cluster.kubectl("patch", f"--namespace={NAMESPACE}", f"deployment/{one.name}", f"--patch={json.dumps(body)}")
    one.by_hand, one.advice = True, refused


def _is_due(one: _Watched, pod: Mapping[str, Any]) -> bool:
    """Whether the pod has what is to be counted and has run for long enough; a cured one differs from its first."""
    spec, labels = pod["spec"], pod["metadata"]["labels"]
    running = pod.get("status", {}).get("containerStatuses", [{}])[0].get("state", {}).get("running")
    if labels.get("app") != one.name or running is None or not one.changed:
        return False
    container = spec["containers"][0]
    treated = (
        spec.get("shareProcessNamespace") is True
        or container["command"][0] == "tini"
        or container["livenessProbe"]["exec"]["command"][0] == "tini"
    )
    wanted = one.case is not None and one.case.cure is not None
    due = POOL_OVER_SECONDS if one.name == THREADS else COUNT_AFTER_SECONDS
    return treated == wanted and _age_seconds(running["startedAt"]) >= due


def _age_seconds(started_at: str) -> float:
    return (datetime.now(tz=UTC) - datetime.fromisoformat(started_at)).total_seconds()


def _count(cluster: Cluster, pod: Mapping[str, Any]) -> int | None:
    """The zombies in the container, seen as `probetuner analyze --inspect` sees them; None if it went away."""
    name = pod["metadata"]["name"]
    try:
        text = cluster.kubectl("exec", f"--namespace={NAMESPACE}", name, "--", "sh", "-c", SCRIPT)
    except LabError:
        return None
    seen = read_inspection(text, pod=name, container="main")
    return None if seen is None else seen.zombies

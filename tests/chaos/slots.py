"""Places for workloads, side by side; each workload is taken through a change, judged, and replaced by the next."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos import promises
from chaos.server import Server
from chaos.sight import PLACES, Sight, owner_of
from chaos.workloads import CYCLE, Fate, manifests, old_probes, spoilt

Object = Mapping[str, Any]

_MOST_SECONDS = 600.0
_IDLE_SECONDS = 40.0
_WAITS_FOR_EVIDENCE = ("LowConfidence", "NothingToApply", "NothingApplied")


@dataclass(slots=True, kw_only=True)
class Slot:
    """One place. `cycle` numbers its workloads, `put_back` is how often the second writer wrote to the present one."""

    name: str
    fate: Fate
    cycle: int = 0
    uid: str | None = None
    began_at: float = 0.0
    put_back: int = 0
    idle_since: float | None = None
    generation: int = 0
    is_spoilt: bool = False
    is_over: bool = True
    outcomes: Counter[str] = field(default_factory=Counter)

    def step(self, server: Server, sight: Sight, *, watched: bool) -> list[str]:
        """Take the workload one step further; returns what is broken. Raises AwayError.

        A new one begins while it is *watched*: from starts that no operator saw nothing follows.
        """
        if self.is_over:
            self.clear(server)
        if self.uid is None:
            if watched:
                self._begin(server, sight)
            return []
        deployment, policy = sight.deployments.get(self.name), sight.policy_of(self.name, self.uid)
        if deployment is None or deployment["metadata"]["uid"] != self.uid:
            return []  # It was made after the look.
        self._interfere(server, sight, deployment)
        outcome = _outcome(self.fate, deployment, policy or {}) or self._idle(sight, deployment, policy or {})
        if outcome is None:
            return self._late(deployment, policy or {})
        return self._judge(server, deployment, policy or {}, outcome)

    def _begin(self, server: Server, sight: Sight) -> None:
        there = sight.deployments.get(self.name)
        if there is not None and _cycle_of(there) == str(self.cycle):
            self.uid = there["metadata"]["uid"]  # The answer to its creation was lost.
            return
        if sight.has_pods(self.name):
            return  # Side by side with what is left of the last ones a starved kubelet brings up neither.
        for manifest in manifests(self.name, self.fate, cycle=self.cycle):
            made = server.create(PLACES[manifest["kind"]], manifest)
            if made is not None and manifest["kind"] == "Deployment":
                self.uid = made["metadata"]["uid"]

    def clear(self, server: Server) -> None:
        """Delete the workload and make room for the next, of the same name.

        Pods and their sets too: after the API server was away the garbage collector was seen to leave some for good.
        """
        for kind in ("Deployment", "ConfigMap", *([] if self.fate is Fate.WORSE else ["ProbePolicy"])):
            server.delete(f"{PLACES[kind]}/{self.name}")
        for kind in ("ReplicaSet", "Pod"):
            server.delete(f"{PLACES[kind]}?labelSelector=app%3D{self.name}")
        self.cycle += 1
        self.uid, self.idle_since, self.put_back = None, None, 0
        self.is_spoilt = self.is_over = False
        self.began_at = time.monotonic()

    def _interfere(self, server: Server, sight: Sight, deployment: Object) -> None:
        if self.fate is Fate.WORSE and not self.is_spoilt and sight.started(self.name, self.cycle) >= 2:
            self.is_spoilt = server.merge(f"{PLACES['ConfigMap']}/{self.name}", spoilt(self.name)) is not None
        if self.fate is Fate.FOUGHT:
            self._fight(server, deployment)

    def _fight(self, server: Server, deployment: Object) -> None:
        """Put the old values back; else write something else, so that the operator decides on what is outdated.

        It is a label, since a new annotation counts as a change of the spec (registry/apps/deployment/strategy.go).
        """
        path = f"{PLACES['Deployment']}/{self.name}"
        if "startupProbe" not in _probes(deployment):
            server.merge(path, {"metadata": {"labels": {"example.com/noise": str(int(time.monotonic()))}}})
            return
        before = deployment["metadata"]
        body = {"metadata": {"resourceVersion": before["resourceVersion"]}, **old_probes()}
        after = server.strategic(path, body)
        self.put_back += after is not None and after["metadata"]["generation"] > before["generation"]

    def _idle(self, sight: Sight, deployment: Object, policy: Object) -> str | None:
        """Notice that nothing is recommended, as when no operator lived while the pods started, or they took long.

        A policy is looked at before its workload: one that has just been patched may have a newer status.
        """
        before, self.generation = self.generation, deployment["metadata"]["generation"]
        is_advised = (
            policy.get("status", {}).get("recommendation") and _reasons(policy).get("Applied") != "NothingToApply"
        )
        is_moving = before != self.generation or sight.started(self.name, self.cycle) < 2
        if is_moving or is_advised or _is_going_on(policy):
            self.idle_since = None
            return None
        self.idle_since = self.idle_since or time.monotonic()
        return "nothing recommended" if time.monotonic() - self.idle_since > _IDLE_SECONDS else None

    def _late(self, deployment: Object, policy: Object) -> list[str]:
        """Give up a workload of which nothing came; that is a fault where a change was begun and does not end.

        So it is where one is recommended with confidence and does not begin. Otherwise it is the suite's: a starved
        kubelet does not bring pods up, or ends too few for any confidence.
        """
        if time.monotonic() - self.began_at < _MOST_SECONDS:
            return []
        self.is_over = True
        status = policy.get("status", {})
        is_due = status.get("recommendation") and _reasons(policy).get("Applied") not in _WAITS_FOR_EVIDENCE
        if not (_is_going_on(policy) or is_due):
            self.outcomes["nothing came of it"] += 1
            return []
        self.outcomes["stuck"] += 1
        said = {name: status.get(name) for name in ("phase", "conditions", "history")}
        return [f"{self.name} cycle {self.cycle} came to no end in {_MOST_SECONDS:.0f} s: {_probes(deployment)} {said}"]

    def _judge(self, server: Server, deployment: Object, policy: Object, outcome: str) -> list[str]:
        sets = [item for item in server.items(PLACES["ReplicaSet"]) if owner_of(item) == self.uid]
        found = list(promises.broken(deployment, sets, policy, put_back=self.put_back))
        self.is_over = True
        self.outcomes[outcome] += 1
        return [f"{self.name} cycle {self.cycle} ({outcome}): {problem}" for problem in found]


def _outcome(fate: Fate, deployment: Object, policy: Object) -> str | None:
    """Say how the present cycle ended, None while it goes on."""
    status, reasons = policy.get("status", {}), _reasons(policy)
    if reasons.get("Applied") == "RefusedByServer":
        return "refused"
    if fate is Fate.FOUGHT:
        return "left alone" if reasons.get("Applied") == "RevertedTwice" else None
    latest: Object = next(iter(status.get("history", [])), {})
    verdict = latest.get("verdict")
    if verdict is None or "appliedAt" not in latest:
        return None
    if verdict == "RolledBack":
        return "rolled back" if "undoneAt" in latest and _is_observed(deployment) else None
    return str(verdict).lower()


def _is_going_on(policy: Object) -> bool:
    """Whether a change was begun and has not come to its end."""
    status = policy.get("status", {})
    latest: Object = next(iter(status.get("history", [])), {})
    to_be_undone = latest.get("verdict") == "RolledBack" and "undoneAt" not in latest
    return status.get("phase") in ("Applying", "Verifying", "Blocked") or to_be_undone


def _reasons(policy: Object) -> dict[str, str]:
    return {entry["type"]: entry["reason"] for entry in policy.get("status", {}).get("conditions", [])}


def _is_observed(deployment: Object) -> bool:
    seen: int = deployment.get("status", {}).get("observedGeneration", 0)
    return seen >= int(deployment["metadata"]["generation"])


def _cycle_of(deployment: Object) -> str:
    return str(deployment["spec"]["template"]["metadata"]["annotations"][CYCLE])


def _probes(deployment: Object) -> dict[str, Any]:
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {name: probe for name, probe in container.items() if name.endswith("Probe")}


def outcomes(slots: list[Slot]) -> Counter[str]:
    """Add up how the cycles of all slots ended."""
    total: Counter[str] = Counter()
    for slot in slots:
        total += slot.outcomes
    return total


def living(slots: list[Slot]) -> Iterator[str]:
    """Yield the uids of the workloads that are there now."""
    yield from (slot.uid for slot in slots if slot.uid is not None and not slot.is_over)

"""Where a workload stands, as the status of its ProbePolicy tells: for people, and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.block import BlockReason
from probetuner.change.enrolment import PolicyObject
from probetuner.change.record import Change, Outcome, read_changes
from probetuner.cli.cures import cure_of
from probetuner.model.workload import WorkloadRef

Json = dict[str, Any]

_NOTHING = "none"
"""What stands as the id of a recommendation where there is nothing to recommend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why what is recommended is not done: a word for machines, a sentence, and what to do about it."""

    reason: str
    message: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Something that could have been recommended, and why it was not."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A policy whose target is known, and what its status says."""

    policy: PolicyObject
    ref: WorkloadRef

    @property
    def status(self) -> Mapping[str, Any]:
        """The status as it stands there."""
        return self.policy.status

    @property
    def identity(self) -> str:
        """The id of what is recommended, empty where nothing is."""
        found = str((self.status.get("recommendation") or {}).get("id") or "")
        return "" if found == _NOTHING else found

    @property
    def summary(self) -> str:
        """What is recommended in a few words, empty where nothing is."""
        return str(self.status["recommendation"].get("summary") or "") if self.identity else ""

    @property
    def phase(self) -> str:
        """The phase, empty where the operator has not looked yet."""
        return str(self.status.get("phase") or "")

    @property
    def changes(self) -> tuple[Change, ...]:
        """The log of changes, newest first."""
        return read_changes(self.status)

    def condition(self, kind: str) -> Mapping[str, Any]:
        """The condition of that type, empty where there is none."""
        return next((one for one in self.status.get("conditions") or () if one.get("type") == kind), {})

    @property
    def refused(self) -> Refused | None:
        """Why what is recommended is not done, or nothing is looked at; None where nothing stands in the way."""
        observing, applied = self.condition("Observing"), self.condition("Applied")
        if observing.get("status") == "False" and observing.get("reason") not in _NO_REFUSAL:
            return self._refused(observing)
        return self._refused(applied) if applied.get("reason") in list(BlockReason) else None

    def _refused(self, condition: Mapping[str, Any]) -> Refused:
        reason = str(condition.get("reason"))
        cure = cure_of(reason, self.ref, self.identity or "ID")
        return Refused(reason=reason, message=str(condition.get("message") or ""), cure=cure)

    def lost(self) -> Iterator[Lost]:
        """What was weighed and is not recommended, as far as the status has it."""
        for container in self.status.get("containers") or ():
            uncapped = (container.get("recommended") or {}).get("uncapped")
            for probe, fields in (uncapped or {}).items():
                bounded = container["recommended"]["target"].get(probe)
                if fields != bounded:
                    what = f"{container['name']}: {probe} {_shown(fields)}"
                    yield Lost(what=what, why="spec.bounds leaves no room for it")
            for endpoint in container.get("endpoints") or ():
                for probe in ("liveness", "readiness"):
                    if endpoint[probe] != "Fit":
                        what = f"{container['name']}: {probe} that asks {endpoint['endpoint']} ({endpoint[probe]})"
                        yield Lost(what=what, why=str(endpoint.get(f"{probe}Reason") or ""))
        for change in self.changes:
            if change.verdict is Outcome.ROLLED_BACK:
                yield Lost(what=f"{change.summary} ({change.id})", why=f"tried and rolled back: {change.reason}")
        reason = (self.status.get("forecast") or {}).get("reason")
        if reason:
            yield Lost(what="a forecast", why=str(reason))


def standing_of(policy: PolicyObject) -> Standing | None:
    """Where its workload stands, None where it names none."""
    return None if policy.target is None else Standing(policy=policy, ref=policy.target)


def document(standing: Standing) -> Json:
    """The short form, as a row of `status` is."""
    status, refused = standing.status, standing.refused
    body: Json = {
        "kind": standing.ref.kind,
        "namespace": standing.ref.namespace,
        "name": standing.ref.name,
        "policy": standing.policy.name,
        **{name: status[name] for name in _COPIED if name in status},
        "recommendation": ({"id": standing.identity, "summary": standing.summary} if standing.identity else None),
        "refusal": None if refused is None else refusal_document(refused),
    }
    return body


def refusal_document(refused: Refused) -> Json:
    """A refusal as JSON."""
    return {"reason": refused.reason, "message": refused.message, "cure": refused.cure}


def _shown(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items())


_COPIED = ("mode", "modeFrom", "phase", "finding", "confidence", "falseRestarts", "flaps", "source")
_NO_REFUSAL = ("ModeOff", "AllContainersOff")

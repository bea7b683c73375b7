"""What the watches have told of namespaces, workloads and policies: enough to say who is served, and nothing else."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from probetuner.change.enrolment import Enrolment, PolicyObject, enrol
from probetuner.change.pace import holds_slot, rolling_since
from probetuner.model.mode import MODE_ANNOTATION, Mode
from probetuner.model.pausing import PAUSED_ANNOTATION, says_paused
from probetuner.model.workload import WorkloadRef

PolicyKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceWords:
    """What the annotations of a Namespace say: a mode, and whether no change may begin in it."""

    mode: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A workload, whether it is served or not: its uid and what its annotation says.

    The resource version is no part of the comparison: most changes of a workload concern nobody here.
    """

    uid: str
    mode: str | None
    resource_version: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Everything that there was when it was listed."""

    namespaces: Mapping[str, NamespaceWords]
    workloads: Mapping[WorkloadRef, Known]
    policies: Mapping[PolicyKey, PolicyObject]


@dataclass(slots=True, kw_only=True)
class View:
    """The present picture. Each method that takes something in returns the workloads that it may matter to.

    The default mode and a Namespace's annotation hold for nobody in `excluded_namespaces`. `honours_override_off` is
    whether somebody checks who sets `spec.overrideOff`; where nobody does, it says nothing.
    """

    default_mode: Mode
    excluded_namespaces: frozenset[str] = frozenset()
    honours_override_off: bool = False
    namespaces: dict[str, NamespaceWords] = field(default_factory=dict)
    workloads: dict[WorkloadRef, Known] = field(default_factory=dict)
    policies: dict[PolicyKey, PolicyObject] = field(default_factory=dict)
    _touched: set[object] = field(default_factory=set)
    _by_target: dict[WorkloadRef, set[PolicyKey]] = field(default_factory=dict)
    _rolling: dict[PolicyKey, float] = field(default_factory=dict)

    def see_namespace(self, raw: Mapping[str, Any], *, gone: bool = False) -> list[WorkloadRef]:
        """Take in a Namespace."""
        name = raw["metadata"]["name"]
        words = NamespaceWords() if gone else words_of(raw)
        unchanged = self.namespaces.get(name, NamespaceWords()) == words
        self._put(self.namespaces, name, words, gone=gone)
        return [] if unchanged else [ref for ref in self.workloads if ref.namespace == name]

    def see_workload(self, ref: WorkloadRef, raw: Mapping[str, Any], *, gone: bool = False) -> list[WorkloadRef]:
        """Take in a Deployment, StatefulSet or DaemonSet."""
        known = known_of(raw)
        unchanged = not gone and self.workloads.get(ref) == known
        self._put(self.workloads, ref, known, gone=gone)
        return [] if unchanged else [ref]

    def see_policy(self, policy: PolicyObject, *, gone: bool = False) -> list[WorkloadRef]:
        """Take in a ProbePolicy."""
        key = (policy.namespace, policy.name)
        before = self.policies.get(key)
        self._put(self.policies, key, policy, gone=gone)
        if before is not None and before.target is not None:
            self._by_target.get(before.target, set()).discard(key)
        self._rolling.pop(key, None)
        if not gone:
            self._index(key, policy)
        if not gone and before is not None and before.resource_version == policy.resource_version:
            return []
        return [other.target for other in (before, policy) if other is not None and other.target is not None]

    def rolling_out(self, now: float) -> set[WorkloadRef]:
        """Return the workloads that a change of ours is being rolled out on, or undone; `now` is epoch seconds."""
        policies = (self.policies[key] for key, since in self._rolling.items() if holds_slot(since, now=now))
        return {policy.target for policy in policies if policy.target is not None}

    def policies_of(self, ref: WorkloadRef) -> list[PolicyObject]:
        """Return the policies that name a workload."""
        return [self.policies[key] for key in self._by_target.get(ref, ())]

    def enrolment(self, ref: WorkloadRef) -> Enrolment | None:
        """Say whether a workload is served and by which policy; None when it does not exist."""
        known = self.workloads.get(ref)
        if known is None:
            return None
        excluded = ref.namespace in self.excluded_namespaces
        return enrol(
            uid=known.uid,
            workload_mode=known.mode,
            namespace_mode=None if excluded else self._words(ref.namespace).mode,
            default=Mode.OFF if excluded else self.default_mode,
            policies=self.policies_of(ref),
            honours_override_off=self.honours_override_off,
        )

    def is_paused(self, namespace: str) -> bool:
        """Whether the Namespace says that no change may begin in it."""
        return self._words(namespace).paused

    def remembered(self) -> set[WorkloadRef]:
        """Return the workloads whose histories are worth keeping: those watched, or not only for a typing error."""
        found = ((ref, self.enrolment(ref)) for ref in self.workloads)
        return {
            ref
            for ref, enrolment in found
            if enrolment is not None and (enrolment.mode.mode is not Mode.OFF or enrolment.mode.problem is not None)
        }

    def begin_census(self) -> None:
        """From here on, note what the watches tell: it is newer than what is being listed."""
        self._touched = set()

    def end_census(self, census: Census) -> set[WorkloadRef]:
        """Take in a census, but for what the watches told while it was taken."""
        _replace(self.namespaces, census.namespaces, self._touched)
        _replace(self.workloads, census.workloads, self._touched)
        _replace(self.policies, census.policies, self._touched)
        self._by_target.clear()
        self._rolling.clear()
        for key, policy in self.policies.items():
            self._index(key, policy)
        return {ref for ref in self.workloads if self._matters(ref)} | set(self._by_target)

    def _words(self, namespace: str) -> NamespaceWords:
        return self.namespaces.get(namespace, NamespaceWords())

    def _matters(self, ref: WorkloadRef) -> bool:
        enrolment = self.enrolment(ref)
        return enrolment is not None and enrolment.enrolled

    def _index(self, key: PolicyKey, policy: PolicyObject) -> None:
        if policy.target is not None:
            self._by_target.setdefault(policy.target, set()).add(key)
        since = rolling_since(policy.status)
        if since is not None:
            self._rolling[key] = since

    def _put(self, place: dict[Any, Any], key: object, value: object, *, gone: bool) -> None:
        self._touched.add(key)
        if gone:
            place.pop(key, None)
        else:
            place[key] = value


def known_of(raw: Mapping[str, Any]) -> Known:
    """Reduce a workload to what is kept of every one."""
    metadata = raw["metadata"]
    return Known(
        uid=metadata["uid"], mode=_annotation(raw, MODE_ANNOTATION), resource_version=metadata["resourceVersion"]
    )


def words_of(raw: Mapping[str, Any]) -> NamespaceWords:
    """Reduce a Namespace to what is kept of every one."""
    return NamespaceWords(
        mode=_annotation(raw, MODE_ANNOTATION), paused=says_paused(_annotation(raw, PAUSED_ANNOTATION))
    )


def _annotation(raw: Mapping[str, Any], name: str) -> str | None:
    word = (raw["metadata"].get("annotations") or {}).get(name)
    return None if word is None else str(word)


def _replace(have: dict[Any, Any], found: Mapping[Any, Any], touched: Container[object]) -> None:
    for key in [key for key in have if key not in found and key not in touched]:
        del have[key]
    have.update((key, value) for key, value in found.items() if key not in touched)

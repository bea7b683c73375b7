"""Which workloads are served, and which ProbePolicy speaks for each of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probetuner.model.mode import Mode, ModeDecision, ModeSource, resolve_mode
from probetuner.model.policy import Policy
from probetuner.model.problem import InvalidObjectError
from probetuner.model.spec import parse_policy, parse_target
from probetuner.model.workload import WorkloadRef, section

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "probetuner"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyObject:
    """A ProbePolicy as the API server has it. `policy` is None, and `problem` a sentence, when it cannot be read.

    `owner_uid` is the uid of the workload that it goes with, empty when it goes with none.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    created_at: str
    made_by_operator: bool
    target: WorkloadRef | None
    policy: Policy | None
    problem: str | None = None
    owner_uid: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_users(self) -> bool:
        """Whether a person speaks in it: they wrote it, or set a mode in the operator's."""
        return not self.made_by_operator or (self.policy is not None and self.policy.mode is not None)

    def is_orphaned(self, uid: str) -> bool:
        """Whether the operator made it for another workload than the one of that uid."""
        return self.made_by_operator and self.owner_uid not in ("", uid)

    def __str__(self) -> str:
        return f"ProbePolicy/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What holds for one workload.

    `in_force` is the policy that speaks for it, None when there is none yet or none is wanted. `duplicates` are
    further policies of the user's, which are not in force; `surplus` are the operator's own that are to be deleted.
    """

    mode: ModeDecision
    enrolled: bool
    in_force: PolicyObject | None
    duplicates: tuple[PolicyObject, ...] = ()
    surplus: tuple[PolicyObject, ...] = ()


def parse_policy_object(raw: Mapping[str, Any]) -> PolicyObject:
    """Read a ProbePolicy. What is wrong with its spec stands in `problem`. Raises InvalidObjectError without a name."""
    metadata = section(raw, "metadata", "ProbePolicy")
    namespace, name = metadata.get("namespace"), metadata.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str):
        raise InvalidObjectError("ProbePolicy", "has no metadata.namespace and metadata.name")
    place = f"ProbePolicy/{namespace}/{name}"
    target, policy, problem = None, None, None
    try:
        spec = section(raw, "spec", place)
        target = parse_target(spec, namespace=namespace, place=place)
        policy = parse_policy(spec, place=place)
    except InvalidObjectError as invalid:
        problem = f"{invalid}; mend it in the ProbePolicy."
    labels, generation = section(metadata, "labels", place), metadata.get("generation")
    return PolicyObject(
        namespace=namespace,
        name=name,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        generation=generation if isinstance(generation, int) else 0,
        created_at=str(metadata.get("creationTimestamp") or ""),
        made_by_operator=labels.get(MANAGED_BY_LABEL) == MANAGER,
        target=target,
        policy=policy,
        problem=problem,
        owner_uid=owner_uid(metadata),
        status=section(raw, "status", place),
    )


def owner_uid(metadata: Mapping[str, Any]) -> str:
    """Return the uid of the workload that an object of ours goes with, empty when it goes with none."""
    owners = metadata.get("ownerReferences")
    first = owners[0] if isinstance(owners, list) and owners else None
    return str(first.get("uid") or "") if isinstance(first, Mapping) else ""


def in_order(policies: Iterable[PolicyObject]) -> list[PolicyObject]:
    """Return the policies of one workload, the one that speaks for it first."""
    return sorted(policies, key=lambda policy: (not policy.is_users, policy.created_at, policy.name))


def enrol(
    *,
    uid: str,
    workload_mode: str | None,
    namespace_mode: str | None,
    default: Mode,
    policies: Iterable[PolicyObject],
    honours_override_off: bool = False,
) -> Enrolment:
    """Decide whether a workload is served and by which of the policies that name it.

    `honours_override_off` is whether the cluster lets only those set `spec.overrideOff` who may patch the workload.
    A policy of the user's is in force before the operator's own, and the older (then the first by name) before the
    younger. One that cannot be read counts as Off: it never means more than the user meant. One that was made for a
    workload of the same name that is gone is about to go too, and what it says is about that one.
    """
    policies = tuple(policies)
    orphaned = tuple(policy for policy in policies if policy.is_orphaned(uid))
    present = (policy for policy in policies if not policy.is_orphaned(uid))
    ranked = in_order(present)
    first = next(iter(ranked), None)
    if first is not None and first.policy is None:
        mode = ModeDecision(mode=Mode.OFF, source=ModeSource.POLICY, problem=first.problem)
    else:
        said = first.policy if first is not None and first.policy is not None else Policy()
        mode = resolve_mode(
            policy=said.mode,
            workload=workload_mode,
            namespace=namespace_mode,
            default=default,
            lifts_off=said.override_off and honours_override_off,
        )
    by_user = first is not None and first.is_users
    enrolled = by_user or mode.mode is not Mode.OFF or mode.problem is not None
    in_force = first if enrolled else None
    others = [policy for policy in ranked if policy is not in_force]
    return Enrolment(
        mode=mode,
        enrolled=enrolled,
        in_force=in_force,
        duplicates=tuple(policy for policy in others if policy.is_users),
        surplus=(*orphaned, *(policy for policy in others if not policy.is_users)),
    )

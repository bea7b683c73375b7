"""All questions in order: each that cannot be asked is told as such, and the others are asked all the same."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from probetuner.cluster.names import LEASE, NamespacedName
from probetuner.cluster.owned import API_VERSION
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.installed import Installed, read_installed
from probetuner.doctor.kubelets import NodeAnswer, ask_kubelets, check_kubelets
from probetuner.doctor.lease import check_lease, check_pause_of_shards
from probetuner.doctor.others import check_kinds, check_operators, check_shards
from probetuner.doctor.permissions import Asked, check_permissions, in_pod, who_am_i, whose
from probetuner.doctor.server import check_definitions, check_version
from probetuner.model.mode import MODE_ANNOTATION, Mode
from probetuner.model.shard import WHOLE
from probetuner.sources.kubelet import KubeletAccess
from probetuner.sources.live import NODES, LiveCluster, LiveError, Resource, Scope

_DEPLOYMENTS = Resource(kind="Deployment", version="apps/v1", plural="deployments", telling="the operator")
_POLICIES = Resource(kind="ProbePolicy", version=API_VERSION, plural="probepolicies", telling="what it says")
_NAMESPACES = Resource(kind="Namespace", version="v1", plural="namespaces", telling="modes", namespaced=False)
_MOST_NAMESPACES = 20
_BELIEVING = (ChartValue.INSECURE_KUBELETS, ChartValue.KUBELET_AUTHORITY)
_BY_THE_BOOK = "probetuner-system"  # docs/install.md
_NAMED = 5

T = TypeVar("T")


class TokenError(Exception):
    """There is nothing to show to kubelets; the text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What was found of a cluster; `asked` is whose rights were, None where none were."""

    server: str
    version: str
    operator: Installed | None
    asked: Asked | None
    checks: tuple[Check, ...]
    nodes: tuple[NodeAnswer, ...]

    @property
    def exit_code(self) -> int:
        """1 where something is wrong, else 2 where something could not be asked, else 0."""
        states = {check.state for check in self.checks}
        return 1 if State.WRONG in states else 2 if State.UNKNOWN in states else 0


class Examination:
    """Asks everything. `access` says as whom kubelets are asked, once the operator is known; it may raise TokenError.

    Where it is None the API server is asked in their place.

    `home` is the namespace in which the operator is looked for where not all may be read, `only` the one where it is
    said to be. `now` gives epoch seconds. `step` is called for each node that is done with.
    """

    def __init__(
        self,
        cluster: LiveCluster,
        *,
        server: str,
        home: str,
        only: str | None,
        access: Callable[[Installed | None], KubeletAccess | None],
        now: Callable[[], float],
        wait: Callable[[float], None],
        begin: Callable[[int], None],
        step: Callable[[], None],
    ) -> None:
        self._cluster, self._server, self._home, self._only, self._access = cluster, server, home, only, access
        self._now, self._wait, self._begin, self._step = now, wait, begin, step
        self._checks: list[Check] = []

    def run(self) -> Checkup:
        """Ask everything. Raises LiveError where the API server does not answer to begin with."""
        version = self._cluster.version()
        self._checks.append(check_version(version))
        self._try(Area.DEFINITIONS, lambda: [check_definitions(self._cluster)])
        operators = self._operators()
        operator = operators[0] if operators else None
        policies = self._policies(operator)
        asked = None if operator is None else self._permissions(operator, policies)
        nodes = self._kubelets(operator, policies)
        self._leases(operators)
        if operator is not None:
            self._try(Area.NAMESPACES, lambda: self._excluded(operator))
        self._checks += check_operators(operators)
        self._try(Area.OTHERS, lambda: check_kinds(self._cluster))
        order = list(Area)
        return Checkup(
            server=self._server,
            version=version,
            operator=operator,
            asked=asked,
            checks=tuple(sorted(self._checks, key=lambda check: order.index(check.area))),
            nodes=nodes,
        )

    def _leases(self, operators: Sequence[Installed]) -> None:
        shards = _shards(operators)
        for lease in dict.fromkeys(one.own_lease for one in shards) if shards else [LEASE]:
            first = sorted(operators, key=lambda one: one.own_lease != lease)
            self._try(Area.LEASE, partial(self._lease, lease, first))
        if shards and shards[0].shard != WHOLE:
            self._try(Area.LEASE, lambda: check_pause_of_shards(self._cluster, shards[0].lease))

    def _lease(self, lease: NamespacedName, operators: Sequence[Installed]) -> list[Check]:
        return [check_lease(self._cluster, lease, operators, now=self._now, wait=self._wait)]

    def _try(self, area: Area, ask: Callable[[], Sequence[Check] | Iterator[Check]]) -> None:
        """Add the answers to a question, or that it could not be asked."""
        try:
            self._checks += ask()
        except LiveError as problem:
            self._checks.append(Check(area=area, state=State.UNKNOWN, message=f"could not be asked: {problem}"))

    def _operators(self) -> list[Installed]:
        """Every operator that may be seen; first the one that is meant, or the one in the namespace at home."""
        everywhere = Scope(namespaces=(self._only,) if self._only else ())
        try:
            found = self._installed(everywhere)
        except LiveError as problem:
            try:
                found = self._installed(Scope(namespaces=(self._only or self._home,)))
            except LiveError:
                step = "name its namespace with -n, and ask for list on deployments there"
                unseen = Check(area=Area.OPERATOR, state=State.UNKNOWN, message=str(problem), step=step)
                self._checks.append(unseen)
                return []
        if not found:
            message = f"no Deployment runs the operator{f' in {self._only}' if self._only else ''}"
            state = State.WRONG if self._only else State.NOTE
            step = "helm install probetuner CHART -n probetuner-system --create-namespace"
            self._checks.append(Check(area=Area.OPERATOR, state=state, message=message, step=step))
        # Anybody can make a Deployment that looks like the operator: the one where it is installed by the book counts
        # more than another's, and all are told.
        ordered = sorted(
            found,
            key=lambda one: (one.namespace != self._home, one.namespace != _BY_THE_BOOK, one.namespace, one.name),
        )
        shards = _shards(ordered)
        self._checks += [_check_operator(one) for one in shards]
        self._checks += check_shards(shards) if shards else ()
        return ordered

    def _installed(self, scope: Scope) -> list[Installed]:
        read = map(read_installed, self._cluster.each(_DEPLOYMENTS, scope))
        return [one for one in read if one is not None]

    def _policies(self, operator: Installed | None) -> Sequence[Mapping[str, Any]]:
        """The statuses of all policies that may be read, each with its namespace."""
        scope = Scope(namespaces=operator.watched if operator is not None else ())
        try:
            return [
                {**(raw.get("status") or {}), "namespace": str(raw["metadata"].get("namespace"))}
                for raw in self._cluster.each(_POLICIES, scope)
            ]
        except LiveError as problem:
            if operator is not None:
                step = "ask for list on probepolicies.probetuner.dev"
                unseen = Check(area=Area.COUNTERS, state=State.UNKNOWN, message=str(problem), step=step)
                self._checks.append(unseen)
            return []

    def _permissions(self, operator: Installed, policies: Sequence[Mapping[str, Any]]) -> Asked | None:
        applying = sorted({one["namespace"] for one in policies if one.get("mode") == Mode.APPLY})[:_MOST_NAMESPACES]
        try:
            asked = whose(self._cluster, operator, me=who_am_i(self._cluster))
        except LiveError as problem:
            message = f"could not be asked: {problem}"
            self._checks.append(Check(area=Area.PERMISSIONS, state=State.UNKNOWN, message=message))
            return None
        self._try(Area.PERMISSIONS, lambda: list(check_permissions(self._cluster, operator, asked, applying=applying)))
        return asked

    def _kubelets(self, operator: Installed | None, policies: Sequence[Mapping[str, Any]]) -> tuple[NodeAnswer, ...]:
        if operator is not None and not operator.asks_kubelets:
            message = "the operator asks no kubelet, as it was told to: it has events alone"
            told = Check(area=Area.KUBELETS, state=State.NOTE, message=message, values=(ChartValue.KUBELET_SOURCE,))
            self._checks.append(told)
            return ()
        said = _check_said(policies)
        try:
            access = self._access(operator)
            nodes = list(self._cluster.each(NODES, Scope()))
        except (TokenError, LiveError) as problem:
            self._checks += said
            message = f"could not be asked: {problem}"
            self._checks.append(Check(area=Area.KUBELETS, state=State.UNKNOWN, message=message))
            return ()
        self._begin(len(nodes))
        answers = ask_kubelets(self._cluster, access, nodes, step=self._step)
        direct, verified = access is not None, access is not None and access.verify
        mended = direct and not any(answer.failure for answer in answers)
        self._checks += [_said_before(check) if mended and check.state is State.WRONG else check for check in said]
        self._checks += check_kubelets(answers, direct=direct, verified=verified)
        if operator is not None and not direct and not said:
            message = (
                "whether the operator believes the kubelets' certificates, and reaches them, is not known: "
                "the API server was asked in its place"
            )
            unseen = Check(area=Area.KUBELETS, state=State.UNKNOWN, message=message, step=in_pod(operator))
            self._checks.append(unseen)
        return tuple(answers)

    def _excluded(self, operator: Installed) -> Iterator[Check]:
        excluded = ", ".join(sorted(operator.excluded)) or "none"
        message = (
            f"excluded: {excluded}; there only workloads are served that say so themselves, or whose ProbePolicy does"
        )
        yield Check(area=Area.NAMESPACES, state=State.OK, message=message)
        speaking = {
            str(raw["metadata"]["name"]): mode
            for raw in self._cluster.each(_NAMESPACES, Scope())
            if (mode := (raw["metadata"].get("annotations") or {}).get(MODE_ANNOTATION)) is not None
        }
        for name in sorted(speaking.keys() & operator.excluded):
            message = f"Namespace {name} says {speaking[name]}, which does not hold, since it is excluded"
            yield Check(
                area=Area.NAMESPACES,
                state=State.NOTE,
                message=message,
                values=(ChartValue.EXCLUDED_NAMESPACES,),
                step="leave it out of the value, or annotate the workloads",
            )


def _shards(operators: Sequence[Installed]) -> list[Installed]:
    """The first operator and those that serve the other shards of the namespaces beside it, one for each, in order."""
    found = {one.shard: one for one in reversed(operators) if one.lease == operators[0].lease}
    return [
        found[shard] for shard in sorted(found, key=lambda each: each.index) if shard.count == operators[0].shard.count
    ]


def _check_operator(one: Installed) -> Check:
    if one.available:
        message = f"{one} runs as {one.account}, {one.available} of {one.wanted} replicas available"
        return Check(area=Area.OPERATOR, state=State.OK, message=message)
    if not one.wanted:
        message = f"{one} is scaled to no replicas, so nobody works"
        return Check(area=Area.OPERATOR, state=State.WRONG, message=message, values=(ChartValue.REPLICAS,))
    return Check(
        area=Area.OPERATOR,
        state=State.WRONG,
        message=f"{one} has no available replica of {one.wanted}",
        values=(ChartValue.IMAGE,),
        step=f"kubectl describe pods -n {one.namespace} and kubectl logs -n {one.namespace} deploy/{one.name} say why; "
        "the value names the image, where it is not found",
    )


def _said_before(check: Check) -> Check:
    """What the operator says of counters although each kubelet answers as it asks: from before the cause was mended."""
    step = "each kubelet answers now, so this is from before: ask again in a minute"
    return replace(check, state=State.NOTE, values=(), step=step)


def _check_said(policies: Sequence[Mapping[str, Any]]) -> list[Check]:
    """What the operator itself says of counters in the conditions of its policies; nothing where it says nothing."""
    said = [
        condition
        for status in policies
        for condition in status.get("conditions") or ()
        if condition.get("type") == "CountersAvailable" and condition.get("status") in ("True", "False")
    ]
    if not said:
        return []
    missing = [condition for condition in said if condition["status"] == "False"]
    if not missing:
        message = f"the operator has counters for all of {len(said)} policies that are observed"
        return [Check(area=Area.COUNTERS, state=State.OK, message=message)]
    reasons = Counter(str(condition.get("reason")) for condition in missing)
    return [
        Check(
            area=Area.COUNTERS,
            state=State.WRONG,
            message=f"the operator lacks counters for {count} of {len(said)} policies ({reason}): "
            + next(str(one.get("message")) for one in missing if one.get("reason") == reason),
            values=_BELIEVING if reason == "CertificatesNotTrusted" else (),
            step="" if reason == "CertificatesNotTrusted" else "its next step stands in the sentence",
        )
        for reason, count in reasons.most_common(_NAMED)
    ]

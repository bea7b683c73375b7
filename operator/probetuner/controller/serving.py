"""What the operator holds about each workload that it serves, and the reading of what concerns their pods."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from probetuner.change.situation import Refusal
from probetuner.controller.supervising import Loop
from probetuner.facts.fact import ContainerExited, ContainerStarted, Fact, ProbeCounted
from probetuner.facts.feed import Reader
from probetuner.facts.owner import may_belong, owner_of
from probetuner.facts.pods import uid_of
from probetuner.history.fold import observe
from probetuner.history.future import newest, without_future
from probetuner.history.notable import merely_goes_on
from probetuner.history.record import WorkloadHistory
from probetuner.model.fields import moment
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload, WorkloadRef, parse_workload, section

_SET_BACK_SECONDS = 60.0
"""Well above what a scrape takes from its answer to its facts, during which others may learn something newer."""

_SOONEST_OF_TIME = 0.1
_LATEST_SECONDS = 300.0
"""What merely goes on changes an answer the more slowly, the longer it has gone on: so a workload to which nothing
happens is looked at again after a tenth of the time for which nothing has, and five minutes at most."""

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Served:
    """A workload that is served.

    `resumed_at` is the time of the newest fact in the history that was loaded, minus infinity when none was: what is
    not newer is in it already. `saved` is the history as the ProbeHistory has it, since `saved_at` (epoch seconds) and
    in its `saved_version` (empty when there is none).
    `selector` is what its pods are listed by, and `listed` turns true once those that were there before have been
    read; `pods` maps uids to nodes. `history_problem` is a sentence when the history is not to be saved. `refusal` is
    the API server's answer to the last patch, when it was no. `made_at` is when the workload was created. `problem` is
    a sentence while the workload as it is now cannot be understood; `workload` is then what it was before.
    """

    workload: Workload
    made_at: float
    selector: str
    history: WorkloadHistory
    resumed_at: float
    saved: WorkloadHistory
    happened_at: float
    saved_at: float = 0.0
    saved_version: str = ""
    pods: dict[str, str] = field(default_factory=dict)
    listed: bool = False
    history_problem: str | None = None
    refusal: Refusal | None = None
    problem: str | None = None

    def see(self, raw: Mapping[str, Any]) -> None:
        """Take in the workload as it is now.

        A namesake is served anew, with a history of its own; what is older than the answer to a patch is no news.
        """
        try:
            shown = parse_workload(raw)
        except InvalidObjectError as invalid:
            self.problem = str(invalid)
            log.warning("workload not understood, its last state is kept", problem=self.problem)
            return
        if shown.uid == self.workload.uid and shown.generation >= self.workload.generation:
            self.workload = shown
            self.problem = None

    def learn(self, fact: Fact) -> bool:
        """Add a fact to the history; returns whether that changed anything."""
        if isinstance(fact, ProbeCounted) and newest(self.history) > fact.at + _SET_BACK_SECONDS:
            # Scrapes are stamped by our own clock only: it was ahead, and what it stamped then would hide all that is.
            self.history = without_future(self.history, now=fact.at)
            self.resumed_at = min(self.resumed_at, fact.at)
        # The start and the end of a life are told again at first sight, and the ledger knows them by their number.
        if fact.at <= self.resumed_at and not isinstance(fact, ContainerStarted | ContainerExited):
            return False
        before = self.history
        self.history = observe(before, fact)
        return self.history is not before

    def matters_within(self, fact: Fact) -> float:
        """In how many seconds a fact that was learned asks for a look: at once, unless something merely goes on."""
        if not merely_goes_on(fact, self.workload):
            self.happened_at = max(self.happened_at, fact.at)
            return 0.0
        return min(_LATEST_SECONDS, max(0.0, _SOONEST_OF_TIME * (fact.at - self.happened_at)))


def serve(raw: Mapping[str, Any], history: WorkloadHistory, *, at: float) -> Served:
    """Begin with a workload at that time, and with what was saved of it. Raises InvalidObjectError.

    Its pods may be old; it is watched from now on, or since what was saved began.
    """
    workload = parse_workload(raw)
    if not history.containers:
        history = replace(history, watched_since=at)
    selector = section(section(raw, "spec", str(workload.ref)), "selector", f"{workload.ref}: spec")
    metadata = section(raw, "metadata", str(workload.ref))
    return Served(
        workload=workload,
        made_at=moment(metadata, "creationTimestamp", f"{workload.ref}: metadata") or -math.inf,
        selector=_selector(selector),
        history=history,
        resumed_at=newest(history),
        saved=history,
        happened_at=at,
    )


@dataclass(frozen=True, slots=True)
class _Learning:
    """What is written to the log only where a fact cannot be taken in: thousands are, each second."""

    served: Served
    fact: Fact

    def __str__(self) -> str:
        return f"{self.served.workload.ref}: {type(self.fact).__name__}"


class Following:
    """The served workloads, and their pods, nodes and events as the reader knows them.

    `changed` is called with a workload of which something new is known, and in how many seconds that asks for a look:
    zero is as soon as may be. Everything but `concerns` belongs to the event
    loop's thread. `since` is when observation began, in epoch seconds. `loop` passes over what cannot be learned.
    """

    def __init__(self, *, since: float, changed: Callable[[WorkloadRef, float], None], loop: Loop) -> None:
        self.served: dict[WorkloadRef, Served] = {}
        self.reader = Reader(since=since, follows=lambda ref: ref in self.served)
        self.changed = changed
        self._loop = loop
        self._namespaces: frozenset[str] = frozenset()
        self._news: dict[str, float] = {}

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that have served workloads."""
        return self._namespaces

    def add(self, served: Served) -> None:
        """Begin to follow a workload."""
        self.served[served.workload.ref] = served
        self._namespaces = frozenset(ref.namespace for ref in self.served)

    def drop(self, ref: WorkloadRef) -> bool:
        """Forget a workload; returns whether it was followed."""
        if self.served.pop(ref, None) is None:
            return False
        self._namespaces = frozenset(served.namespace for served in self.served)
        self._keep_known_pods()
        return True

    def concerns(self, raw: Mapping[str, Any]) -> bool:
        """Whether a Pod or an Event may be of a served workload. Cheap, and safe in any thread."""
        if (raw.get("metadata") or {}).get("namespace") not in self._namespaces:
            return False
        try:
            return raw.get("kind") != "Pod" or owner_of(raw) in self.served
        except InvalidObjectError:
            return False

    def watch(self, raw: Mapping[str, Any], change: str | None, at: float) -> None:
        """Take in a Pod, an Event or a Node, as a watch or a list gave it at that time."""
        try:
            if self._is_of_a_namesake(raw):
                return
            facts = self.reader.watch(raw, change, at)
            if raw.get("kind") == "Pod":
                self._track(raw, gone=change == "DELETED")
        except InvalidObjectError as invalid:
            log.warning("object not understood and left out", problem=str(invalid))
        else:
            self.learn(facts)

    def _is_of_a_namesake(self, raw: Mapping[str, Any]) -> bool:
        owner = owner_of(raw) if raw.get("kind") == "Pod" else None
        served = self.served.get(owner) if owner is not None else None
        return served is not None and not may_belong(raw, made_at=served.made_at)

    def read_list(self, served: Served, pods: Iterable[Mapping[str, Any]], at: float) -> None:
        """Take in the pods that a workload had before it was followed; what a watch gave meanwhile is newer."""
        for raw in pods:
            if (raw.get("metadata") or {}).get("uid") not in served.pods:
                self.watch(raw, None, at)

    def learn(self, facts: Iterable[Fact]) -> None:
        """Fold facts into the histories of the workloads that they are about."""
        within: dict[WorkloadRef, float] = {}
        for fact in facts:
            ref = fact.pod.workload
            served = self.served.get(ref) if ref is not None else None
            if served is not None and ref is not None and self._learn_one(served, fact):
                seconds = served.matters_within(fact)
                within[ref] = min(within.get(ref, _LATEST_SECONDS), seconds)
                if not seconds:
                    self._news[fact.pod.node] = max(fact.at, self._news.get(fact.pod.node, fact.at))
        for ref, seconds in within.items():
            self.changed(ref, seconds)

    def _learn_one(self, served: Served, fact: Fact) -> bool:
        # A history that cannot take a fact in must not keep the others of the same scrape from theirs.
        with self._loop.turn(_Learning(served, fact)):
            return served.learn(fact)
        return False

    def pods_in(self, namespace: str) -> set[str]:
        """Return the uids of the pods that are followed in a namespace."""
        return {uid for ref, served in self.served.items() if ref.namespace == namespace for uid in served.pods}

    def forget_pods(self, uids: Collection[str]) -> None:
        """Forget pods that were deleted unseen."""
        if not uids:
            return
        for served in self.served.values():
            served.pods = {uid: node for uid, node in served.pods.items() if uid not in uids}
        self._keep_known_pods()

    def nodes(self) -> set[str]:
        """Return the nodes that run pods of served workloads."""
        return {node for served in self.served.values() for node in served.pods.values() if node}

    def news_at(self, node: str) -> float:
        """When something last happened to pods of a node, in epoch seconds; minus infinity where nothing did."""
        return self._news.get(node, -math.inf)

    def forget_news(self, node: str) -> None:
        """Forget when something happened on a node that runs no pods of served workloads any more: names never end."""
        self._news.pop(node, None)

    def on_node(self, node: str) -> list[WorkloadRef]:
        """Return the served workloads that have pods on a node."""
        return [ref for ref, served in self.served.items() if node in served.pods.values()]

    def _track(self, raw: Mapping[str, Any], *, gone: bool) -> None:
        ref = owner_of(raw)
        served = self.served.get(ref) if ref is not None else None
        if served is None:
            return
        uid = uid_of(raw)
        if gone:
            served.pods.pop(uid, None)
        else:
            served.pods[uid] = str((raw.get("spec") or {}).get("nodeName") or "")

    def _keep_known_pods(self) -> None:
        self.reader.keep([uid for served in self.served.values() for uid in served.pods])


def _selector(raw: Mapping[str, Any]) -> str:
    """Write a label selector as list requests take it."""
    parts = [f"{key}={value}" for key, value in (raw.get("matchLabels") or {}).items()]
    for term in raw.get("matchExpressions") or ():
        key, values = term.get("key"), ",".join(term.get("values") or ())
        form = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "DoesNotExist": f"!{key}"}
        parts.append(form.get(term.get("operator"), str(key)))
    return ",".join(parts)

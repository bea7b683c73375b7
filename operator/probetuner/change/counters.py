"""Whether the kubelets' counters come: from each node, and for a workload whose pods run on some of them.

Not seen is not seen not: without counters nobody knows how often a probe passed, how long answers took, or whether the
container was throttled. So this is said in a condition of its own, and never in one that is True.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NodeState(StrEnum):
    """How the kubelet of a node answers who asks for its counters; a label of `probetuner_nodes`."""

    ANSWERING = "answering"
    PARTIAL = "partial"
    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    UNASKED = "unasked"
    WAITING = "waiting"


class Source(StrEnum):
    """What a workload is seen by; the column SOURCE."""

    EVENTS_AND_COUNTERS = "EventsAndCounters"
    EVENTS_ONLY = "EventsOnly"


NOT_OBSERVED = "NotObserved"
"""The reason of the condition where nothing is observed, so that nobody asks for counters."""

REASONS = {
    NodeState.PARTIAL: "PagesIncomplete",
    NodeState.REFUSED: "KubeletsRefuse",
    NodeState.UNTRUSTED: "CertificatesNotTrusted",
    NodeState.UNREACHABLE: "KubeletsUnreachable",
    NodeState.BROKEN: "AnswersNotUnderstood",
    NodeState.UNASKED: "KubeletsNotAsked",
}
"""The states in which something is missing, each with the reason that a condition and an Event give for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounters:
    """What came of asking a node last; `problem` is a sentence with the next step, empty where all came."""

    state: NodeState
    problem: str = ""


WAITING = NodeCounters(state=NodeState.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Whether the counters of a workload's pods come: yes, no or not known (None), with a reason and a sentence."""

    available: bool | None
    reason: str
    message: str = ""


ASKING = Counters(
    available=None, reason="NotAskedYet", message="The kubelets of the nodes that run its pods are being asked."
)
"""What is said until the first answer. It takes the place of no earlier knowledge (`change.report`)."""


def counters_of(nodes: Mapping[str, NodeCounters]) -> Counters:
    """Say whether counters come from all of these nodes, which run a workload's pods."""
    if not nodes:
        return Counters(available=None, reason="NoPods", message="No pod of it runs on a node.")
    missing = {node: counters for node, counters in sorted(nodes.items()) if counters.state in REASONS}
    if missing:
        state, problem = most_common_problem(missing)
        # In words and not in numbers: a status that counted nodes would be written with each that comes or goes.
        share = "any node that runs" if len(missing) == len(nodes) else "some of the nodes that run"
        return Counters(available=False, reason=REASONS[state], message=f"No counters from {share} its pods: {problem}")
    if any(counters.state is NodeState.ANSWERING for counters in nodes.values()):
        return Counters(available=True, reason="KubeletsAnswer")
    return ASKING


def most_common_problem(missing: Mapping[str, NodeCounters]) -> tuple[NodeState, str]:
    """The state of most of these nodes, and what was wrong with the first of those."""
    ((state, _),) = Counter(counters.state for counters in missing.values()).most_common(1)
    return state, next(counters.problem for counters in missing.values() if counters.state is state)

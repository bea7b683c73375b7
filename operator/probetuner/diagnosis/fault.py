"""Whose fault failed attempts are, as far as the way in which they fail tells: the probe's own, lateness, or an answer.

The kubelet's words decide. Nobody listens, a path that is not there, credentials, a scheme or a program that is missing
speak of the handler. A deadline that ran out speaks of time: the kubelet's own, or one that a program gives itself. Any
other answer is what the application, or what it calls, says.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from probetuner.diagnosis.case import Case
from probetuner.facts import messages
from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Exec, Grpc, ProbeType

_PROGRAM_MISSING = re.compile(
    r"\bnot found\b|[Nn]o such file or directory|[Pp]ermission denied|[Ee]xec format error|cannot execute"
)
_ASKED_WRONGLY = re.compile(
    r"\b(?:NOAUTH|WRONGPASS)\b|Access denied for user|AuthenticationFailed|requires authentication"
    rf"|password authentication failed|curl: \(22\)[^\n]*\b{messages.CLIENT_ERROR}\b|ERROR {messages.CLIENT_ERROR}:"
    rf"|wget: server returned error: HTTP/\d\S* {messages.CLIENT_ERROR}\b"
)
"""What redis-cli, mysqladmin, mongosh, psql, curl and wget say of a server that is up and takes no such question."""
_OWN_HOST = r"(?:localhost|127\.0\.0\.1|\[?::1)"
_OWN_ADDRESS = rf"(?:{_OWN_HOST}\]?|\d+(?:\.\d+){{3}})?"  # a name is of somebody else, an address may be the pod's own
_REACHED_NOBODY = re.compile(
    rf"{_OWN_HOST}[^\n]*[Cc]onnection refused|ECONNREFUSED {_OWN_HOST}|curl: \(7\)[^\n]*{_OWN_HOST}"
    rf"|timeout: failed to connect service \"{_OWN_ADDRESS}:\d|(?:^|[\s/]){_OWN_ADDRESS}:\d+ - no response\b"
    rf"|/\S*:\d+ - no response\b|Can't connect to (?:local \w+ server|\w+ server on '{_OWN_HOST})"
)
"""What clients say that found nobody at the container's own port or socket; of another host a script tells what the
application calls. pg_isready exits with 2, "no response to the connection attempt", and grpc_health_probe tries again
until its deadline."""
_NO_WAY = re.compile(r"no route to host|network is unreachable|host is down")
"""The node's network, a policy, or a pod whose network is not up yet: of what is asked it says nothing."""
_OWN_DEADLINE = re.compile(
    r"code = DeadlineExceeded|health rpc did not complete within|context deadline exceeded|curl: \(28\)"
    r"|[Cc]onnection timed out|[Oo]peration timed out|download timed out|timed out\. Timeout value used"
)
_GRPC_UNREACHED = "timeout: failed to connect service"


class Fault(StrEnum):
    """What most failures of a probe speak of."""

    NOBODY_LISTENS = "nobody listens"
    HANDLER = "handler"
    LATE = "late"
    ANSWER = "answer"

    @property
    def may_be_the_handlers(self) -> bool:
        """Whether another port, path, scheme or command may mend it: nobody who listens may also be still starting."""
        return self in (Fault.NOBODY_LISTENS, Fault.HANDLER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How often a probe failed for one cause, and the kubelet's sentence about it, empty where it is not known."""

    probe: ProbeType
    cause: FailureCause
    count: int
    words: str


def failures_of(case: Case) -> tuple[Failures, ...]:
    """How the probes of a container failed, over all replicas; the most frequent cause of each first."""
    return tuple(
        Failures(probe=kind, cause=cause, count=count, words=words_of(case, kind, cause))
        for kind in ProbeType
        for cause, count in causes_of(case, kind).most_common()
    )


def causes_of(case: Case, kind: ProbeType) -> Counter[FailureCause]:
    """How often that probe failed for what, over all replicas, as far as events told."""
    told = Counter({cause: said.count for cause, said in case.history.said.get(kind, {}).items()})
    lives = sum((Counter(life.tally(kind).causes) for life in case.history.lives), Counter[FailureCause]())
    return told | lives


def main_cause(case: Case, kind: ProbeType) -> FailureCause | None:
    """What that probe failed for most."""
    causes = causes_of(case, kind)
    return max(causes, key=lambda cause: causes[cause], default=None)


def words_of(case: Case, kind: ProbeType, cause: FailureCause | None) -> str:
    """The kubelet's sentence about failures of that cause, empty where it is not known."""
    said = case.history.said.get(kind, {}).get(cause) if cause is not None else None
    return "" if said is None else said.words


def fault_of(case: Case, kind: ProbeType) -> Fault | None:
    """What most of the failures of that probe speak of; None where it is not known how any failed."""
    weights: Counter[Fault] = Counter()
    for cause, count in causes_of(case, kind).items():
        weights[_fault(case, kind, cause)] += count
    return max(weights, key=lambda fault: weights[fault], default=None)


def answered_share(case: Case, kind: ProbeType) -> float:
    """The share of the failures of that probe that were an answer, if one that says no."""
    causes = causes_of(case, kind)
    answers = sum(count for cause, count in causes.items() if _fault(case, kind, cause) is Fault.ANSWER)
    return answers / max(1, causes.total())


def _fault(case: Case, kind: ProbeType, cause: FailureCause) -> Fault:
    words = words_of(case, kind, cause)
    match cause:
        case FailureCause.REFUSED:
            return Fault.NOBODY_LISTENS
        case FailureCause.TLS | FailureCause.OTHER:
            return Fault.NOBODY_LISTENS if _NO_WAY.search(words) else Fault.HANDLER
        case FailureCause.HTTP_STATUS:
            return Fault.HANDLER if _is_client_error(case, kind) else Fault.ANSWER
        case FailureCause.TIMEOUT:
            return Fault.NOBODY_LISTENS if _is_unreached(case, kind, words) else Fault.LATE
        case FailureCause.EXEC_TIMEOUT:
            return Fault.LATE
        case FailureCause.EXEC_EXIT:
            return _fault_of_program(words)
    return Fault.ANSWER


def _fault_of_program(words: str) -> Fault:
    """What a program speaks of that ended with a no, by the words in which the usual clients put it."""
    if _OWN_DEADLINE.search(words):
        return Fault.LATE
    if _REACHED_NOBODY.search(words):
        return Fault.NOBODY_LISTENS
    return Fault.HANDLER if _PROGRAM_MISSING.search(words) or _ASKED_WRONGLY.search(words) else Fault.ANSWER


def _is_client_error(case: Case, kind: ProbeType) -> bool:
    """Whether most HTTP statuses say that what was asked for is not there, or not for whoever asks."""
    tallies = [life.tally(kind) for life in case.history.lives]
    statuses = sum(tally.causes.get(FailureCause.HTTP_STATUS, 0) for tally in tallies)
    if statuses:
        return 2 * sum(tally.client_errors for tally in tallies) > statuses
    return messages.is_client_error(words_of(case, kind, FailureCause.HTTP_STATUS))


def _is_unreached(case: Case, kind: ProbeType, words: str) -> bool:
    """Whether a gRPC probe found nobody: refused, it tries again until its deadline and is late (prober grpc.go)."""
    probe = case.container.probe(kind)
    return probe is not None and isinstance(probe.handler, Grpc) and (not words or words.startswith(_GRPC_UNREACHED))


def has_own_deadline(case: Case, kind: ProbeType) -> bool:
    """Whether most failures are a deadline that the probe's own program set itself, and that ran out."""
    probe = case.container.probe(kind)
    if probe is None or not isinstance(probe.handler, Exec) or main_cause(case, kind) is not FailureCause.EXEC_EXIT:
        return False
    return _OWN_DEADLINE.search(words_of(case, kind, FailureCause.EXEC_EXIT)) is not None


def in_words(case: Case, kind: ProbeType) -> str:
    """How that probe failed, for people: how often for what, and the kubelet's sentence about the most frequent."""
    causes = causes_of(case, kind)
    if not causes:
        return f"how the {kind.value.lower()} probe failed is not known"
    counted = ", ".join(f"{count} {cause.value}" for cause, count in causes.most_common())
    words = words_of(case, kind, main_cause(case, kind))
    said = f"; the kubelet said: {words}" if words else ""
    return f"the {kind.value.lower()} probe failed {causes.total()} times ({counted}){said}"

"""What an attempt of a probe gets, as far as it is known, and what the kubelet makes of it."""

import math
from dataclasses import dataclass
from enum import StrEnum

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Exec, Probe


class Verdict(StrEnum):
    """What an attempt comes to. An errored one is thrown away (kubelet prober/worker.go doProbe)."""

    OK = "ok"
    FAILED = "failed"
    ERRORED = "errored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the container would answer, independent of the probe's timeout.

    The answer comes after something between `at_least_seconds` and `at_most_seconds`: both are the same where the
    latency is known, and infinite where no answer ever comes. A recorded timeout is known only to have lasted longer
    than its timeout, a recorded success only by its histogram bucket. `cause` is None where the answer is a success.
    """

    at_least_seconds: float = 0.0
    at_most_seconds: float = 0.0
    cause: FailureCause | None = None
    errored: bool = False


UNKNOWN = Answer(at_least_seconds=0.0, at_most_seconds=math.inf)
"""Nothing is known of what an attempt would have got."""

SILENCE = Answer(at_least_seconds=math.inf, at_most_seconds=math.inf)
"""No answer, ever: a container that is stuck."""

REFUSED = Answer(cause=FailureCause.REFUSED)
"""Nobody listens: the process is not up, or gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An attempt that was made: its verdict, why it failed, and how long it kept the prober busy."""

    verdict: Verdict
    seconds: float
    cause: FailureCause | None = None


_RETRIES = 3
"""maxProbeRetries: an attempt that errors is made again at once, a failed one never (prober/prober.go)."""


def judge(answer: Answer, probe: Probe) -> Result:
    """What this probe's attempt comes to; unknown where the timeout lies within what is not known of the latency."""
    timeout = probe.timeout_seconds
    if answer.errored:
        return Result(verdict=Verdict.ERRORED, seconds=_RETRIES * min(answer.at_most_seconds, timeout))
    if answer.at_most_seconds <= timeout:
        verdict = Verdict.OK if answer.cause is None else Verdict.FAILED
        return Result(verdict=verdict, seconds=answer.at_most_seconds, cause=answer.cause)
    if answer.at_least_seconds >= timeout:
        silence = FailureCause.EXEC_TIMEOUT if isinstance(probe.handler, Exec) else FailureCause.TIMEOUT
        return Result(verdict=Verdict.FAILED, seconds=timeout, cause=silence)
    return Result(verdict=Verdict.UNKNOWN, seconds=answer.at_least_seconds)
